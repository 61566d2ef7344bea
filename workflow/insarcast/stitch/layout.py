"""How tiles lie beside each other: the seams between their cores, and what they share there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from insarcast.core import Tile

Block = tuple[slice, slice]


@dataclass(frozen=True)
class Seam:
    """A stretch where the core of one tile ends and that of the next begins.

    Attributes:
        before: the upper or left tile.
        after: the lower or right tile.
        axis: 0 where one steps over the seam from row to row, 1 from column to column.
        line: first row or column of the core of ``after``.
        start: first column (axis 0) or row (axis 1) of the stretch.
        stop: the one after its last.
    """

    before: Tile
    after: Tile
    axis: int
    line: int
    start: int
    stop: int

    @property
    def shared(self) -> tuple[int, int]:
        """First row or column that both windows see, and the one after the last."""
        return window(self.after, self.axis)[0], window(self.before, self.axis)[1]

    @property
    def overlap(self) -> int:
        """Rows or columns that both windows see."""
        first, last = self.shared
        return max(last - first, 0)


def window(tile: Tile, axis: int) -> tuple[int, int]:
    """Start and stop of a tile's window along an axis, 0 = rows."""
    side = tile.window[axis]
    return side.start, side.stop


def core(tile: Tile, axis: int) -> tuple[int, int]:
    """Start and stop of a tile's core along an axis, 0 = rows."""
    side = tile.core[axis]
    return side.start, side.stop


def find_seams(tiles: Sequence[Tile]) -> list[Seam]:
    """All seams of a scene, those over which one steps from row to row first, in the order of the tiles."""
    found = []
    for axis in (0, 1):
        starting: dict[int, list[Tile]] = defaultdict(list)
        for tile in tiles:
            starting[core(tile, axis)[0]].append(tile)
        for before in tiles:
            line, (start, stop) = core(before, axis)[1], core(before, 1 - axis)
            for after in starting[line]:
                low, high = core(after, 1 - axis)
                if max(low, start) < min(high, stop):
                    found.append(Seam(before, after, axis, line, max(low, start), min(high, stop)))
    return found


def side_overlaps(tiles: Iterable[Tile], seams: Iterable[Seam]) -> dict[int, list[list[int | None]]]:
    """Pixels that each tile shares with its neighbours on either side of each axis; None at the edge of the scene.

    Returns:
        tile -> [[above, below], [left, right]]; the least, where a side has several neighbours.
    """
    sides: dict[int, list[list[int | None]]] = {tile.tile: [[None, None], [None, None]] for tile in tiles}
    for seam in seams:
        for tile, end in ((seam.before, 1), (seam.after, 0)):
            known = sides[tile.tile][seam.axis][end]
            sides[tile.tile][seam.axis][end] = seam.overlap if known is None else min(known, seam.overlap)
    return sides
