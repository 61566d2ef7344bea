"""A common grid: where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from insarcast.core import InsarcastError

from .view import Float, View

Block = tuple[slice, slice]


@dataclass(frozen=True)
class Lattice:
    """A north-up or south-up grid.

    Attributes:
        crs: its CRS.
        left, top: outer corner of the first pixel, in the units of the CRS.
        dx, dy: steps from one pixel to the next; ``dy`` is negative where the first row is the northernmost.
        ny, nx: size.
    """

    crs: Any
    left: float
    top: float
    dx: float
    dy: float
    ny: int
    nx: int

    @property
    def x(self) -> Float:
        """Pixel centres."""
        return np.asarray(self.left + self.dx * (np.arange(self.nx) + 0.5))

    @property
    def y(self) -> Float:
        """Pixel centres."""
        return np.asarray(self.top + self.dy * (np.arange(self.ny) + 0.5))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        ends = (self.left, self.left + self.dx * self.nx), (self.top, self.top + self.dy * self.ny)
        return min(ends[0]), min(ends[1]), max(ends[0]), max(ends[1])

    @property
    def metres(self) -> float:
        """Edge of a pixel in m, of a grid in degrees at its middle."""
        size = max(abs(self.dx), abs(self.dy))
        return size * 111_195.0 if self.crs.is_geographic else size

    def window(self, block: Block) -> Lattice:
        """A part of the grid."""
        rows, cols = block
        return Lattice(
            self.crs, self.left + self.dx * cols.start, self.top + self.dy * rows.start, self.dx, self.dy,
            rows.stop - rows.start, cols.stop - cols.start,
        )  # fmt: skip

    def cell_of(self, lon: float, lat: float) -> tuple[int, int] | None:
        """Row and column of a place, None outside."""
        from pyproj import Transformer

        x, y = Transformer.from_crs("EPSG:4326", self.crs, always_xy=True).transform(lon, lat)
        row, col = int(np.floor((y - self.top) / self.dy)), int(np.floor((x - self.left) / self.dx))
        return (row, col) if 0 <= row < self.ny and 0 <= col < self.nx else None

    def place_of(self, row: float, col: float) -> tuple[float, float]:
        """Longitude and latitude of a pixel's centre."""
        from pyproj import Transformer

        x, y = self.left + self.dx * (col + 0.5), self.top + self.dy * (row + 0.5)
        lon, lat = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True).transform(x, y)
        return float(lon), float(lat)


def lattice_of(view: View) -> Lattice:
    """The grid of a cube.

    Raises:
        InsarcastError: it is a single row or column, whose pixel size nobody knows.
    """
    x, y = (np.asarray(view.data[name].values, np.float64) for name in ("x", "y"))
    if min(len(x), len(y)) < 2:
        raise InsarcastError(
            f"decompose.cubes names '{view.name}', whose grid is a single row or column; there is no area to map."
        )
    dx, dy = (x[-1] - x[0]) / (len(x) - 1), (y[-1] - y[0]) / (len(y) - 1)
    return Lattice(view.crs, float(x[0] - dx / 2), float(y[0] - dy / 2), float(dx), float(dy), len(y), len(x))


def common_lattice(grids: Sequence[View], resolution: float | None) -> Lattice:
    """The grid of the result over the area that all grids share.

    Args:
        grids: cubes of grids; the coarsest gives the pixels where ``resolution`` does not.
        resolution: edge of a pixel in m, in the CRS of the first grid, or in UTM where that is in degrees.

    Raises:
        InsarcastError: the grids have no area in common.
    """
    from pyproj import CRS

    from ..series.place import utm

    own = [lattice_of(view) for view in grids]
    base = max(own, key=lambda each: round(each.metres, 6))  # the first of equals
    if resolution is not None:
        crs = own[0].crs
        if crs.is_geographic:
            west, south, east, north = own[0].bounds
            crs = CRS.from_user_input(utm((west + east) / 2, (south + north) / 2))
        base = Lattice(crs, 0.0, 0.0, resolution, -resolution, 1, 1)
    west, south, east, north = _shared([bounds_in(each, base.crs) for each in own], grids)
    first = [np.ceil((side - start) / step - 1e-6) for side, start, step in _near(base, west, south, east, north)]
    last = [np.floor((side - start) / step + 1e-6) for side, start, step in _far(base, west, south, east, north)]
    ny, nx = int(last[1] - first[1]), int(last[0] - first[0])
    if min(ny, nx) < 1:
        raise InsarcastError(_apart(grids))
    return Lattice(
        base.crs, float(base.left + base.dx * first[0]), float(base.top + base.dy * first[1]), base.dx, base.dy, ny, nx
    )


def _near(base: Lattice, west: float, south: float, east: float, north: float) -> list[tuple[float, float, float]]:
    return [
        (west if base.dx > 0 else east, base.left, base.dx),
        (south if base.dy > 0 else north, base.top, base.dy),
    ]


def _far(base: Lattice, west: float, south: float, east: float, north: float) -> list[tuple[float, float, float]]:
    return [
        (east if base.dx > 0 else west, base.left, base.dx),
        (north if base.dy > 0 else south, base.top, base.dy),
    ]


def _shared(boxes: Sequence[tuple[float, float, float, float]], grids: Sequence[View]) -> tuple[float, float, float, float]:
    west, south = max(box[0] for box in boxes), max(box[1] for box in boxes)
    east, north = min(box[2] for box in boxes), min(box[3] for box in boxes)
    if west >= east or south >= north:
        raise InsarcastError(_apart(grids))
    return west, south, east, north


def _apart(views: Sequence[View]) -> str:
    return f"The cubes {' and '.join(view.name for view in views)} of decompose.cubes have no area in common."


def bounds_in(lattice: Lattice, crs: Any) -> tuple[float, float, float, float]:
    if lattice.crs == crs:
        return lattice.bounds
    from pyproj import Transformer

    box = Transformer.from_crs(lattice.crs, crs, always_xy=True).transform_bounds(*lattice.bounds, densify_pts=21)
    return float(box[0]), float(box[1]), float(box[2]), float(box[3])


def grid_template(target: Lattice) -> xr.Dataset:
    """An empty dataset on the grid, with its CRS."""
    empty: xr.Dataset = xr.Dataset(coords={"y": target.y, "x": target.x})
    placed: xr.Dataset = empty.rio.write_crs(target.crs, inplace=True)
    return placed
