"""insarcast: forecasts of ground subsidence that can be trusted."""

__version__ = "0.1.0"
