"""cluster: cube -> labels: areas that move alike."""

from insarcast.lazy import attach

__getattr__, __dir__ = attach(__name__)
