"""report: everything -> figures, maps, tables and one page a person reads.

What a cube on a grid says is gathered in ``grid``, a ready series of points in ``series``, vertical and east-west motion in
``decomposed``; ``page`` puts them into one file. By subject: ``displacement`` (how the ground moved), ``stack`` (what that rests on),
``checks`` (GNSS, a simulated truth), ``forecast`` (what is expected), ``scores`` (whether to trust it), ``made`` (clusters, tiles,
training). All of them use ``drawing`` (figures), ``gis`` (maps to take away) and ``writing`` (words and tables), which import none of them.
"""

from insarcast.lazy import attach

__getattr__, __dir__ = attach(__name__)
