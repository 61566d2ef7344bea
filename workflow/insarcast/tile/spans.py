"""Overlapping stretches of one axis, and the middle parts that cover it once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from insarcast.core import InsarcastError


@dataclass(frozen=True)
class Span:
    """One stretch of an axis, in pixels, ends exclusive.

    Attributes:
        start: first pixel that a model sees.
        stop: pixel after its last.
        core_start: first pixel that is this span's own.
        core_stop: pixel after its last.
    """

    start: int
    stop: int
    core_start: int
    core_stop: int


def cut_axis(length: int, size: int, overlap: int) -> list[Span]:
    """The fewest spans of one size that cover an axis with at least the asked overlap, spread evenly.

    ``ceil((length - overlap) / (size - overlap))`` spans are needed; the i-th of n starts at ``floor(i (length - size) / (n - 1))``,
    so the last ends with the axis and no two overlap by less than asked (the surplus is shared by all, not left to the last).
    Cores meet in the middle of what neighbours share.

    Args:
        length: pixels of the axis.
        size: pixels of a span; an axis that is no longer than this is one span of its own length.
        overlap: least number of pixels that neighbours share.

    Raises:
        InsarcastError: the overlap leaves no step from one span to the next.
    """
    if overlap >= size:
        raise InsarcastError(
            f"tile.overlap is {overlap} pixels, but tile.size is only {size}: each tile would start where the one before did; "
            "make the overlap smaller than the size."
        )
    if length <= size:
        return [Span(0, length, 0, length)]
    gaps = -(-(length - size) // (size - overlap))
    starts = [i * (length - size) // gaps for i in range(gaps + 1)]
    middles = [(start + size + after) // 2 for start, after in pairwise(starts)]
    edges = [0, *middles, length]
    return [Span(start, start + size, edges[i], edges[i + 1]) for i, start in enumerate(starts)]
