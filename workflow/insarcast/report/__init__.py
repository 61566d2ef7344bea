"""report: everything -> figures, maps, tables and one page a person reads."""

from insarcast.lazy import attach

__getattr__, __dir__ = attach(__name__)
