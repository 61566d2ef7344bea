"""evaluate: forecasts and truth -> scores; cube and GNSS -> validation."""

from insarcast.lazy import attach

__getattr__, __dir__ = attach(__name__)
