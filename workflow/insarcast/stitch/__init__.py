"""stitch: tile forecasts -> one map per model."""

from insarcast.lazy import attach

__getattr__, __dir__ = attach(__name__)
