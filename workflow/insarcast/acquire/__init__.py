"""acquire: area and period, or a folder -> manifest; the files stay where they are, or in the cache."""

from insarcast.lazy import attach

__getattr__, __dir__ = attach(__name__)
