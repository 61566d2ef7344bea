"""Cubes of points: common places, and a cube of points brought to them or onto a grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from insarcast.core import InsarcastError

from .lattice import Lattice
from .view import Float, Part, View, scatter

Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]


@dataclass(frozen=True, eq=False)
class Spots:
    """Places of a result that is made of points alone.

    Attributes:
        crs: CRS of x and y, in metres.
        x, y: ``(cell,)`` m.
        size: m; edge of a cell, or how far away a point may lie.
        cells: whether they are the middles of square cells (else places of points).
    """

    crs: Any
    x: Float
    y: Float
    size: float
    cells: bool

    @property
    def lonlat(self) -> tuple[Float, Float]:
        """Degrees of every place."""
        from pyproj import Transformer

        lon, lat = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True).transform(self.x, self.y)
        return np.asarray(lon), np.asarray(lat)


def common_spots(views: Sequence[View], resolution: float | None) -> Spots:
    """Where the result of cubes of points lies.

    Args:
        views: cubes of points.
        resolution: edge in m of cells whose points are averaged; None: at the places of the cube with fewest of them, with the
            nearest point of the others within the usual distance between two of its places.

    Raises:
        InsarcastError: no place is near points of two cubes.
    """
    crs = views[0].crs
    used = [_places(view, crs)[np.asarray(view.data.mask.values)] for view in views]
    if resolution is not None:
        numbers = [np.unique(np.floor(xy / resolution).astype(np.int64), axis=0) for xy in used]
        every, count = np.unique(np.concatenate(numbers), axis=0, return_counts=True)
        wanted = (every[count > 1] + 0.5) * resolution
        return Spots(crs, wanted[:, 0], wanted[:, 1], resolution, True) if len(wanted) else _none(views, resolution)
    unique = [np.unique(xy, axis=0) for xy in used]
    base = int(np.argmin([len(xy) for xy in unique]))
    own = unique[base]
    radius = float(np.median(cKDTree(own).query(own, 2)[0][:, 1])) if len(own) > 1 else 0.0
    near = np.zeros(len(own), bool)
    for number, xy in enumerate(unique):
        if number != base and len(xy):
            near |= cKDTree(xy).query(own)[0] <= radius
    if not near.any():
        return _none(views, radius)
    return Spots(crs, own[near, 0], own[near, 1], radius, False)


def _none(views: Sequence[View], size: float) -> Spots:
    raise InsarcastError(
        f"No place has used points of two of {', '.join(view.name for view in views)} within {size:.0f} m; set decompose.resolution to "
        "a larger cell in m."
    )


def _places(view: View, crs: Any) -> Float:
    x, y = (np.asarray(view.data[name].values, np.float64) for name in ("x", "y"))
    if view.crs != crs:
        from pyproj import Transformer

        x, y = Transformer.from_crs(view.crs, crs, always_xy=True).transform(x, y)
    return np.stack([x, y], axis=1)


def sample_points(view: View, target: Spots | Lattice) -> Part:
    """A cube of points at common places, or on a grid: the mean of the used points of each cell or place.

    In a cell only points with as many dates as the best of it are averaged, so that the mean has no steps where points come and go.

    Args:
        view: the cube.
        target: places, or a window of a grid.
    """
    count = len(target.x) if isinstance(target, Spots) else target.ny * target.nx
    cell, point = _pairs(view, target)
    data = view.data.isel(point=np.unique(point)).load()
    point = np.searchsorted(np.unique(point), point)
    values = np.asarray(data.displacement.values, np.float64)
    number = np.isfinite(values).sum(axis=0)
    best = np.zeros(count, np.int64)
    np.maximum.at(best, cell, number[point])
    keep = number[point] == best[cell]
    cell, point = cell[keep], point[keep]

    def mean(layers: Float) -> Float:
        return _mean(layers, cell, point, count)

    steps = [np.asarray(data[name].values, bool) for name in ("filled", "jump") if name in data]
    broken = mean(np.logical_or.reduce(steps).astype(float)) > 0 if steps else np.zeros((len(values), count), bool)
    displacement = mean(values)
    sigma = mean(np.asarray(data.sigma.values, np.float64)) if "sigma" in data else scatter(displacement, view.days, broken)
    los = mean(np.asarray(data.los.transpose("enu", "point").values, np.float64))
    velocity, error = (mean(np.asarray(data[name].values, np.float64)[None])[0] for name in ("velocity", "velocity_sigma"))
    return Part(
        displacement,
        np.broadcast_to(sigma, displacement.shape),
        broken,
        los / np.sqrt((los**2).sum(axis=0)),
        velocity,
        error,
    )


def _pairs(view: View, target: Spots | Lattice) -> Pairs:
    """Cell and point of every membership, used points only."""
    used = np.flatnonzero(np.asarray(view.data.mask.values))
    xy = _places(view, target.crs)[used]
    if isinstance(target, Lattice):
        row, col = (
            np.floor((xy[:, axis] - start) / step).astype(np.int64)
            for axis, start, step in ((1, target.top, target.dy), (0, target.left, target.dx))
        )
        inside = (row >= 0) & (row < target.ny) & (col >= 0) & (col < target.nx)
        return (row * target.nx + col)[inside], used[inside]
    middles = np.stack([target.x, target.y], axis=1)
    places, at = np.unique(xy, axis=0, return_inverse=True)
    if target.cells:
        far, cell = cKDTree(middles).query(places, p=np.inf)
        member = (np.floor(places / target.size) == np.floor(middles[cell] / target.size)).all(axis=1)
        of_place = np.where(member, cell, -1)
        return of_place[at][of_place[at] >= 0], used[of_place[at] >= 0]
    far, place = cKDTree(places).query(middles)
    cells, points = [], []
    order = np.argsort(at, kind="stable")
    edges = np.searchsorted(at[order], np.arange(len(places) + 1))
    for cell in np.flatnonzero(far <= target.size):
        own = order[edges[place[cell]] : edges[place[cell] + 1]]
        cells.append(np.full(len(own), cell))
        points.append(used[own])
    joined = [np.concatenate(parts) if parts else np.zeros(0, np.intp) for parts in (cells, points)]
    return joined[0].astype(np.intp), joined[1].astype(np.intp)


def _mean(layers: Float, cell: NDArray[np.intp], point: NDArray[np.intp], count: int) -> Float:
    """Mean of the known values of each cell's points, ``(layer, cell)``; NaN where there is none."""
    if not len(cell):
        return np.full((len(layers), count), np.nan)
    belongs = csr_array((np.ones(len(cell)), (cell, point)), shape=(count, layers.shape[1]))
    known = np.isfinite(layers)
    number = belongs @ known.T.astype(np.float64)
    total = belongs @ np.where(known, layers, 0.0).T
    return np.asarray(np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0).T)
