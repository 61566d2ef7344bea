"""Products on another lattice: another UTM zone, or the same one a part of a pixel away.

A scene that straddles two UTM zones is delivered on either, as the extent of the pair happens to lie (HyP3 takes the zone of a
corner), so that one stack holds both. What lies on the rarer lattice is resampled onto the other, from the four pixels around a
place, and only from those that measure something: nodata never mixes in, and where the nearest pixel has none there is none.
Unwrapped phase is smooth but for errors of unwrapping, whose edges jump by cycles: across a jump no mean is taken, the nearest
pixel is. On a simulated scene with bowls, a troposphere and such a jump the error is 0.001 rad rms where the nearest pixel's is
0.025 (with noise of 0.3 rad: 0.20 against 0.30), and none of the 400 pixels at the jump gets a phase between two cycles, as all do
by plain bilinear weights (tests/stack/test_zones.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .grid import BadFileError, Block, Grid, crs_name

if TYPE_CHECKING:
    from rasterio.crs import CRS

Array = npt.NDArray[np.float32]
Float = npt.NDArray[np.float64]

JUMP = math.pi  # rad; neighbours that differ by more are on two sides of an unwrapping error
_STEP = 32  # pixels between places that are projected exactly: over 2.5 km two UTM zones bend by 0.001 pixels
_WIDE = 20.0  # degrees
_ROWS = 64  # resampled at a time
_SIZES = (0.8, 1.25)  # of a pixel in pixels of the other lattice: beyond, detail would be lost or made up


@dataclass(frozen=True)
class Warp:
    """From a product's own lattice to the common one.

    Attributes:
        own: the product's lattice.
        grid: the common one.
    """

    own: Grid
    grid: Grid

    @property
    def extent(self) -> Block:
        """Rows and columns of the common grid that hold all of the product; they may lie outside of it."""
        from rasterio.warp import transform_bounds

        left, bottom, right, top = self.own.bounds
        if not max(right - left, top - bottom) < _WIDE:  # a map of half the Earth, which no UTM zone can hold
            return slice(0, self.grid.ny), slice(0, self.grid.nx)
        west, north = self.own.transform @ (0, 0)
        east, south = self.own.transform @ (self.own.nx, self.own.ny)
        left, bottom, right, top = transform_bounds(self.own.crs, self.grid.crs, west, south, east, north)
        first, last = ~self.grid.transform @ (left, top), ~self.grid.transform @ (right, bottom)
        return slice(math.floor(first[1]), math.ceil(last[1])), slice(math.floor(first[0]), math.ceil(last[0]))

    def moved(self, top: int, left: int) -> Warp:
        """The same onto a grid that begins ``top`` rows and ``left`` columns later."""
        return replace(self, grid=self.grid.part((slice(top, top + self.grid.ny), slice(left, left + self.grid.nx))))

    def footprint(self, block: Block) -> Block:
        """Rows and columns of the own lattice from which a block is made; they may reach out of it."""
        (rows, cols), _ = self._nodes(block)
        if not (np.isfinite(rows).all() and np.isfinite(cols).all()):
            return slice(0, 0), slice(0, 0)
        return (
            slice(math.floor(rows.min()) - 1, math.ceil(rows.max()) + 2),
            slice(math.floor(cols.min()) - 1, math.ceil(cols.max()) + 2),
        )

    def resample(self, values: Array, block: Block, jump: float = math.inf) -> Array:
        """A block of the common grid from values on the own lattice.

        Args:
            values: (y, x) values of :meth:`footprint`, NaN where there is none.
            block: rows and columns of the common grid.
            jump: where the four pixels around a place differ by more, the nearest is taken.
        """
        shape = (block[0].stop - block[0].start, block[1].stop - block[1].start)
        out = np.full(shape, np.nan, np.float32)
        if not np.isfinite(values).any():
            return out
        home = self.footprint(block)
        (rows, cols), places = self._nodes(block)
        for start in range(0, shape[0], _ROWS):
            lines = slice(start, min(start + _ROWS, shape[0]))
            row = _between(rows - home[0].start, places, lines, shape[1])
            col = _between(cols - home[1].start, places, lines, shape[1])
            out[lines] = _gather(values, row, col, jump)
        return out

    def check_sizes(self, path: str) -> None:
        """Refuse a lattice whose pixels are of another size on the ground.

        Raises:
            BadFileError: they are, or the CRSs cannot be brought together.
        """
        rows, cols = slice(0, self.own.ny), slice(0, self.own.nx)
        middle = Warp(self.grid, self.own)._nodes(
            (slice(rows.stop // 2, rows.stop // 2 + 1), slice(cols.stop // 2, cols.stop // 2 + 1))
        )
        (row, col), _ = middle
        steps = [
            math.hypot(row[1, 0] - row[0, 0], col[1, 0] - col[0, 0]),
            math.hypot(row[0, 1] - row[0, 0], col[0, 1] - col[0, 0]),
        ]
        sizes = [step / _STEP for step in steps]
        if not all(_SIZES[0] < size < _SIZES[1] for size in sizes):
            raise BadFileError(
                f"{path} on {crs_name(self.own.crs)} has pixels of {sizes[1]:.2f} x {sizes[0]:.2f} of the others', which are on "
                f"{crs_name(self.grid.crs)}; resample it to theirs (gdalwarp -t_srs -tr), or order all with the same looks."
            )

    def _nodes(self, block: Block) -> tuple[tuple[Float, Float], int]:
        """Rows and columns of the own lattice, in pixel centres, of every so many pixels of a block, and how many apart they are."""
        down = -(-(block[0].stop - block[0].start) // _STEP) + 1
        across = -(-(block[1].stop - block[1].start) // _STEP) + 1
        i = block[0].start + 0.5 + _STEP * np.arange(down)
        j = block[1].start + 0.5 + _STEP * np.arange(across)
        forward, back = self.grid.transform, ~self.own.transform
        x = np.broadcast_to(forward.c + forward.a * j, (down, across))
        y = np.broadcast_to((forward.f + forward.e * i)[:, None], (down, across))
        if self.own.crs != self.grid.crs:
            x, y = _projector(self.grid.crs, self.own.crs).transform(x, y)
        return (back.f + back.e * y - 0.5, back.c + back.a * x - 0.5), _STEP


@lru_cache(maxsize=16)
def _projector(source: CRS, target: CRS) -> Any:
    from pyproj import Transformer

    return Transformer.from_crs(source.to_wkt(), target.to_wkt(), always_xy=True)


def _between(nodes: Float, step: int, lines: slice, width: int) -> Float:
    """Values at every pixel of some lines from those at every ``step``-th pixel, bilinear."""
    i, j = np.arange(lines.start, lines.stop) / step, np.arange(width) / step
    top, left = i.astype(np.int64), j.astype(np.int64)
    below, right = np.minimum(top + 1, nodes.shape[0] - 1), np.minimum(left + 1, nodes.shape[1] - 1)
    fy, fx = (i - top)[:, None], (j - left)[None]
    upper = nodes[top][:, left] * (1 - fx) + nodes[top][:, right] * fx
    lower = nodes[below][:, left] * (1 - fx) + nodes[below][:, right] * fx
    found: Float = upper * (1 - fy) + lower * fy
    return found


def _gather(values: Array, row: Float, col: Float, jump: float) -> Array:
    """Values at places between pixels.

    Args:
        values: (y, x), NaN where there is none.
        row: (n, m) in pixel centres.
        col: (n, m) the same.
        jump: where the pixels around a place differ by more, the nearest is taken.
    """
    top, left = np.floor(row).astype(np.int64), np.floor(col).astype(np.int64)
    fy, fx = (row - top).astype(np.float32), (col - left).astype(np.float32)
    inside = (top >= 0) & (left >= 0) & (top + 1 < values.shape[0]) & (left + 1 < values.shape[1])
    first = np.where(inside, top * values.shape[1] + left, 0)
    flat, wide = values.ravel(), values.shape[1]
    total, weight = np.zeros(row.shape, np.float32), np.zeros(row.shape, np.float32)
    nearest = np.full(row.shape, np.nan, np.float32)
    low, high = np.full(row.shape, np.inf, np.float32), np.full(row.shape, -np.inf, np.float32)
    for offset, wy, wx in ((0, 1 - fy, 1 - fx), (1, 1 - fy, fx), (wide, fy, 1 - fx), (wide + 1, fy, fx)):
        part = flat[first + offset]
        valid = np.isfinite(part)
        share = np.where(valid, wy * wx, 0)
        total += share * np.where(valid, part, 0)
        weight += share
        nearest = np.where((wy >= 0.5) & (wx >= 0.5), part, nearest)
        if math.isfinite(jump):
            low, high = np.fmin(low, part), np.fmax(high, part)
    smooth = inside & (high - low <= jump) if math.isfinite(jump) else inside
    mean = np.divide(total, weight, out=np.full_like(total, np.nan), where=weight > 0)
    out = np.where(smooth, mean, nearest)
    out[~inside | ~np.isfinite(nearest)] = np.nan
    return out
