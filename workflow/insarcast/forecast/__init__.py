"""forecast: as-of cubes -> raw forecasts, one store per model."""

from insarcast.lazy import attach

__getattr__, __dir__ = attach(__name__)
