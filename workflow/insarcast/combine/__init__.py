"""combine: raw forecasts -> calibrated quantiles."""

from insarcast.lazy import attach

__getattr__, __dir__ = attach(__name__)
