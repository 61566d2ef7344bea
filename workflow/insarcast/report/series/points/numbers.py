"""The numbers of a cube of points that words, tables and figures share; each is computed here and nowhere else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast.core import open_cube

from ...displacement.numbers import EDGES, geometry_of, iso
from ...drawing.frame import Frame
from ...drawing.limits import one_digit
from .frame import dense_frame, points_frame

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Points:
    """What the report says about the points of a cube.

    Attributes:
        cube: the point cube.
        dates: acquisition dates, ISO.
        used: (point) the mask.
        velocity, sigma: (point) mm/yr, + towards the satellite (up where ``vertical``), NaN where not used; sigma is NaN where the
            cube has none.
        fastest: position of the used point with the highest absolute velocity; None when no point is used.
        edge: mm/yr, and ``share``: the share of the used points that move faster.
        frame: where the points lie, or None for a cube without coordinates.
        dense: the small part of it where nearly all of them lie, or None where they are spread out.
        incidence, heading: degrees, or None.
    """

    cube: xr.Dataset
    dates: list[str]
    used: NDArray[np.bool_]
    velocity: Array
    sigma: Array
    fastest: int | None
    edge: float
    share: float
    frame: Frame | None
    incidence: float | None
    heading: float | None
    dense: Frame | None = None

    @property
    def main(self) -> Frame | None:
        """The frame of the maps: the part where nearly all points lie, where they would be one spot on a map of all."""
        return self.dense or self.frame

    @property
    def outside(self) -> int:
        """Points that lie outside of that part."""
        if self.dense is None:
            return 0
        x, y = self.map_xy()
        inside = (x > self.dense.left) & (x < self.dense.right) & (y > self.dense.bottom) & (y < self.dense.top)
        return int((~inside).sum())

    @property
    def count(self) -> int:
        """Used points."""
        return int(self.used.sum())

    @property
    def total(self) -> int:
        return int(self.used.size)

    @property
    def vertical(self) -> bool:
        """Whether the values are vertical (EGMS level 3), + up, and not along a line of sight; ``product`` is acquire's."""
        return self.cube.attrs.get("source") == "egms" and "(vertical)" in str(self.cube.attrs.get("product"))

    def place(self, point: int) -> tuple[float, float] | None:
        """Longitude and latitude of a point, degrees; None in a cube without places."""
        if "lon" not in self.cube.coords:
            return None
        return float(self.cube.lon.values[point]), float(self.cube.lat.values[point])

    def name(self, point: int) -> str:
        """Identifier of a point."""
        return str(self.cube.pid.values[point]) if "pid" in self.cube.coords else str(point + 1)

    def span(self, point: int) -> tuple[str, str]:
        """The first and the last date on which a point was measured, ISO; those of the cube for a point without a value."""
        known = np.flatnonzero(np.isfinite(self.cube.displacement.values[:, point]))
        return (self.dates[known[0]], self.dates[known[-1]]) if len(known) else (self.dates[0], self.dates[-1])

    def map_xy(self) -> tuple[Array, Array]:
        """Coordinates (point) in the units of the frame."""
        return np.asarray(self.cube.x.values, float), np.asarray(self.cube.y.values, float)


def read_points(path: Path) -> Points:
    """Open a point cube and count."""
    cube = open_cube(path)
    used = np.asarray(cube.mask.values, np.bool_)
    nothing = np.full(used.size, np.nan)
    velocity, sigma = (
        np.where(used, cube[name].values.astype(float), np.nan) if name in cube else nothing
        for name in ("velocity", "velocity_sigma")
    )
    used = used & np.isfinite(velocity)
    fastest, edge, share = None, EDGES[-1], 0.0
    if used.any():
        speed = np.abs(np.where(used, velocity, np.nan))
        fastest = int(np.nanargmax(speed))
        noise = float(np.nan_to_num(np.nanmedian(sigma[used]))) if np.isfinite(sigma[used]).any() else 0.0
        passed = next((value for value in EDGES if speed[fastest] > value), EDGES[-1])
        edge = max(passed, one_digit(2 * noise) if noise else 0.0)
        share = float((speed[used] > edge).mean())
    frame = points_frame(cube)
    line = geometry_of(cube)
    return Points(
        cube, iso(cube.time.values), used, velocity, sigma, fastest, edge, share, frame, *line, dense_frame(cube, frame)
    )


def noise_of(points: Points) -> Array:
    """Noise of one date (point), mm: the scaled MAD of second differences over sqrt(6), for white noise; NaN where too short.

    Steps across a release join are left out.
    """
    values = np.asarray(points.cube.displacement.values, float)
    if len(values) < 5:
        return np.full(values.shape[1], np.nan)
    second = values[2:] - 2 * values[1:-1] + values[:-2]
    if "jump" in points.cube:
        jump = points.cube.jump.values
        second = np.where(jump[2:] | jump[1:-1], np.nan, second)
    enough = np.isfinite(second).sum(axis=0) >= 3
    found = np.full(values.shape[1], np.nan)
    if enough.any():
        kept = second[:, enough]
        found[enough] = 1.4826 * np.nanmedian(np.abs(kept - np.nanmedian(kept, axis=0)), axis=0) / math.sqrt(6)
    return found
