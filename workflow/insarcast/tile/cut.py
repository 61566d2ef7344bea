"""Cut a scene into overlapping windows of one size, and deal them into batches."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import xarray as xr

from insarcast.core import InsarcastError, Tile, open_cube

from .deal import deal
from .spans import cut_axis
from .table import write_tiles


def tile_cube(
    vintages: Sequence[Path], full: Path, tiles: Path, size: int, overlap: int, batches: int, min_usable: float
) -> None:
    """Cut the grid of a cube into tiles; which of them are worth training, the earliest vintage alone decides.

    A later mask would know what happened after the first origin. All windows have one size: those at the edge are moved inwards,
    and a scene that is smaller than a tile is one window of its own extent, in that direction.

    Args:
        vintages: as-of cubes ``(time, y, x)``; only the mask of the earliest, by its last date, is read.
        full: the newest cube, read where there is no as-of cube.
        tiles: GeoPackage to write, see :class:`insarcast.core.Tile` for its columns; the geometry is the window's outline.
        size: edge of a window in pixels.
        overlap: least number of pixels that neighbouring windows share; the windows are spread evenly, so most share more.
        batches: number of batches, of like numbers of usable pixels.
        min_usable: least share of usable pixels of a window that is trained, 0-1; one without any is always skipped.

    Raises:
        InsarcastError: the overlap is not smaller than the size, a cube has no grid, or the cubes lie on different grids.
    """
    cube = _earliest(vintages, full)
    down, right = (cut_axis(cube.sizes[dim], size, overlap) for dim in ("y", "x"))
    windows = list(product(down, right))
    counts = [int(cube.mask[rows.start : rows.stop, cols.start : cols.stop].values.sum()) for rows, cols in windows]
    shares = [
        count / ((rows.stop - rows.start) * (cols.stop - cols.start)) for count, (rows, cols) in zip(counts, windows, strict=True)
    ]
    skipped = [share < min_usable or count == 0 for share, count in zip(shares, counts, strict=True)]
    batch = deal([0 if skip else count for skip, count in zip(skipped, counts, strict=True)], batches)
    found = [
        Tile(
            tile=number,
            batch=batch[number],
            top=rows.start,
            bottom=rows.stop,
            left=cols.start,
            right=cols.stop,
            core_top=rows.core_start,
            core_bottom=rows.core_stop,
            core_left=cols.core_start,
            core_right=cols.core_stop,
            usable=shares[number],
            skipped=skipped[number],
        )
        for number, (rows, cols) in enumerate(windows)
    ]
    write_tiles(found, cube, tiles)


def _earliest(vintages: Sequence[Path], full: Path) -> xr.Dataset:
    """The cube that ends first, after a look that all lie on one grid."""
    cubes = [open_cube(path) for path in (*vintages, full)]
    newest = cubes[-1]
    for path, cube in zip((*vintages, full), cubes, strict=True):
        if "y" not in cube.displacement.dims:
            raise InsarcastError(f"{path} holds points, not a grid: it cannot be cut into tiles; choose models of series.")
        if not (np.array_equal(cube.y, newest.y) and np.array_equal(cube.x, newest.x)):
            raise InsarcastError(f"{path} and {full} lie on different grids; delete both and run again.")
    return min(cubes, key=lambda cube: cube.time.values[-1])
