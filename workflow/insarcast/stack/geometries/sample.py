"""A cube of a grid brought onto another grid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .lattice import Block, Lattice, bounds_in, lattice_of
from .view import Float, Part, View, scatter

_FINER = 0.75  # a grid whose pixel is smaller than so many of the common one is averaged, others are interpolated
_MARGIN = 3  # pixels around a window, for interpolation and averages at its edge
_TOGETHER = 64  # layers that are warped in one call


def sample_grid(view: View, target: Lattice, *, whole: bool = True) -> Part:
    """A cube of a grid on another one; pixels that its mask leaves out count as not measured.

    Where the two grids share their pixels these are taken as they are; pixels finer than 3/4 of the target's are averaged, others
    interpolated bilinearly. The sigma of an average is the mean sigma of its pixels, for the errors of neighbours are alike.

    Args:
        view: the cube.
        target: the grid, or a window of it.
        whole: with the series; False: velocities alone, and series of no date.
    """
    own = lattice_of(view)
    west, south, east, north = bounds_in(target, own.crs)
    block = _window(own, west, south, east, north)
    data = view.data.isel(y=block[0], x=block[1])
    names = ["velocity", "velocity_sigma", "los", "mask", *(["displacement", "sigma", "filled"] if whole else [])]
    data = data[[name for name in names if name in data]].load()
    move = _mover(own.window(block), target)
    used = data.mask.values & np.isfinite(data.velocity.values)
    cells = target.ny * target.nx

    def flat(name: str) -> Float:
        values = data[name].transpose(..., "y", "x").values
        return move(np.where(used, values, np.nan)).reshape(-1, cells)

    los, velocity, error = flat("los"), flat("velocity")[0], flat("velocity_sigma")[0]
    los = los / np.sqrt((los**2).sum(axis=0))
    if not whole:
        empty = np.zeros((0, cells))
        return Part(empty, empty, empty.astype(np.bool_), los, velocity, error)
    displacement = flat("displacement")
    broken = np.nan_to_num(flat("filled")) > 0 if "filled" in data else np.zeros(displacement.shape, np.bool_)
    sigma = flat("sigma") if "sigma" in data else np.broadcast_to(scatter(displacement, view.days, broken), displacement.shape)
    return Part(displacement, sigma, broken, los, velocity, error)


def _window(own: Lattice, west: float, south: float, east: float, north: float) -> Block:
    """Rows and columns of a grid that hold a box, with a margin; at least one of each."""
    sides = []
    for ends, start, step, size in (((south, north), own.top, own.dy, own.ny), ((west, east), own.left, own.dx, own.nx)):
        places = sorted((end - start) / step for end in ends)
        first = int(np.clip(np.floor(places[0]) - _MARGIN, 0, size - 1))
        sides.append(slice(first, int(np.clip(np.ceil(places[1]) + _MARGIN, first + 1, size))))
    return sides[0], sides[1]


def _mover(source: Lattice, target: Lattice) -> Callable[[NDArray[Any]], Float]:
    """A function that brings layers ``(layer, y, x)`` from one grid to another."""
    shift = ((target.top - source.top) / source.dy, (target.left - source.left) / source.dx)
    same = abs(source.dx / target.dx - 1) < 1e-9 and abs(source.dy / target.dy - 1) < 1e-9
    if source.crs == target.crs and same and all(abs(part - round(part)) < 1e-3 for part in shift):
        return lambda layers: _cut(layers, round(shift[0]), round(shift[1]), target)
    return lambda layers: _warp(layers, source, target)


def _cut(layers: NDArray[Any], top: int, left: int, target: Lattice) -> Float:
    """Pixels as they are, NaN outside."""
    layers = layers.reshape(-1, *layers.shape[-2:])
    found = np.full((len(layers), target.ny, target.nx), np.nan)
    rows = slice(max(top, 0), min(top + target.ny, layers.shape[1]))
    cols = slice(max(left, 0), min(left + target.nx, layers.shape[2]))
    if rows.start < rows.stop and cols.start < cols.stop:
        found[:, rows.start - top : rows.stop - top, cols.start - left : cols.stop - left] = layers[:, rows, cols]
    return found


def _warp(layers: NDArray[Any], source: Lattice, target: Lattice) -> Float:
    import rasterio.warp
    from rasterio import Affine
    from rasterio.enums import Resampling

    layers = np.ascontiguousarray(layers.reshape(-1, *layers.shape[-2:]), np.float32)
    found = np.full((len(layers), target.ny, target.nx), np.nan, np.float32)
    finer = source.metres < _FINER * target.metres
    for start in range(0, len(layers), _TOGETHER):
        part = slice(start, start + _TOGETHER)
        rasterio.warp.reproject(
            layers[part], found[part], src_crs=source.crs.to_wkt(), dst_crs=target.crs.to_wkt(), src_nodata=np.nan, dst_nodata=np.nan,
            src_transform=Affine(source.dx, 0, source.left, 0, source.dy, source.top),
            dst_transform=Affine(target.dx, 0, target.left, 0, target.dy, target.top),
            resampling=Resampling.average if finer else Resampling.bilinear, num_threads=1,
        )  # fmt: skip
    return np.asarray(found, np.float64)
