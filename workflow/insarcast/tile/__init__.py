"""tile: cube -> overlapping windows, dealt into batches."""

from insarcast.lazy import attach

__getattr__, __dir__ = attach(__name__)
