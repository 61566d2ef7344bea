"""What a tile's forecast weighs at each of its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from insarcast.core import Tile

from .layout import core, find_seams, side_overlaps, window


@dataclass(frozen=True, eq=False)
class Weights:
    """Separable weights of a window: the weight of a pixel is that of its row times that of its column.

    Attributes:
        own: of the rows and of the columns, 0-1.
        spare: the same, nowhere zero: for pixels to which no tile gives a weight of its own, because a neighbour has no forecast.
    """

    own: tuple[NDArray[np.float64], NDArray[np.float64]]
    spare: tuple[NDArray[np.float64], NDArray[np.float64]]


def ramp(pixels: int, blend: str) -> NDArray[np.float64]:
    """Rise from 0 to 1 over so many pixels, at their centres; with its mirror image it adds up to 1.

    Args:
        pixels: n.
        blend: ``hann``: ``sin^2(pi/2 (i + 1/2) / n)``, a Hann window's flank, whose slope is zero at both ends; ``linear``:
            ``(i + 1/2) / n``.
    """
    rise = (np.arange(pixels) + 0.5) / max(pixels, 1)
    return np.sin(np.pi / 2 * rise) ** 2 if blend == "hann" else rise


def cut_halo(halo: int, overlap: int) -> int:
    """The halo that an overlap allows, so that at least one pixel is left for the ramp between two halos."""
    return max(0, min(halo, (overlap - 1) // 2))


def weigh_tiles(tiles: Sequence[Tile], blend: str, halo: int) -> dict[int, Weights]:
    """Weights of every tile of a scene.

    On a side where another tile follows, the outermost ``halo`` pixels, which see the padding around the window, weigh nothing,
    and over what is left of the overlap the weight rises to 1. A side on the scene's edge is not tapered: nobody else is there.

    Args:
        tiles: all tiles of the scene, those without a forecast too.
        blend: ``hann``, ``linear``, or ``none``: 1 in the core, 0 elsewhere.
        halo: pixels, cut on each side to what the overlap there allows.
    """
    sides = side_overlaps(tiles, find_seams(tiles))
    found = {}
    for tile in tiles:
        tapered = [[_taper(tile, axis, sides[tile.tile][axis], blend, width) for axis in (0, 1)] for width in (halo, 0)]
        own = [_inside_core(tile, axis) for axis in (0, 1)] if blend == "none" else tapered[0]
        found[tile.tile] = Weights((own[0], own[1]), (tapered[1][0], tapered[1][1]))
    return found


def core_weights(tile: Tile) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """1 for the rows and columns of a tile's core, 0 for the others of its window."""
    return _inside_core(tile, 0), _inside_core(tile, 1)


def _taper(tile: Tile, axis: int, overlaps: Sequence[int | None], blend: str, halo: int) -> NDArray[np.float64]:
    start, stop = window(tile, axis)
    weights = np.ones(stop - start)
    for end, overlap in enumerate(overlaps):
        if overlap:
            edge = cut_halo(halo, overlap)
            rise = np.concatenate([np.zeros(edge), ramp(overlap - 2 * edge, blend)])[: weights.size]
            side = weights if end == 0 else weights[::-1]  # a view: the ramp is written from the window's edge inwards
            side[: rise.size] *= rise
    return weights


def _inside_core(tile: Tile, axis: int) -> NDArray[np.float64]:
    (start, stop), (first, last) = window(tile, axis), core(tile, axis)
    at = np.arange(start, stop)
    return ((first <= at) & (at < last)).astype("float64")
