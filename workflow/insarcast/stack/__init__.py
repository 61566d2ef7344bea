"""stack: products -> aligned interferograms, loop closure, inversion and, per vintage, the cube."""

from insarcast.lazy import attach

__getattr__, __dir__ = attach(__name__)
