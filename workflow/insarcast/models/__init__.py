"""models: the forecasters, one protocol, one registry."""

from insarcast.lazy import attach

__getattr__, __dir__ = attach(__name__)
