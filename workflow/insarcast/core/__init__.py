"""What every stage shares: the cube contract, studies, manifests, splits, units, I/O and errors."""

from insarcast.lazy import attach

__getattr__, __dir__ = attach(__name__)
