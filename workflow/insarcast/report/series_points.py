"""The numbers of a cube of points that words, tables and figures share; each is computed here and nowhere else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast.core import open_cube

from .frame import Frame
from .look import one_digit
from .numbers import EDGES, geometry_of, iso

Array = NDArray[np.float64]
MARGIN = 0.05  # of the longer side, between the outermost points and the edge of a map
FOOT = 0.07  # of the height, below the points: the scale bar stands there
NARROWEST = 0.5  # the shorter side of a map over its longer one
LEAST = 150.0  # m: no map is smaller, whatever few points lie on it
DENSE = 0.2  # where most points lie in a part of the map whose side is smaller than this share, that part is drawn large
MOST = 0.9  # of the points that such a part must hold


@dataclass(frozen=True, eq=False)
class Points:
    """What the report says about the points of a cube.

    Attributes:
        cube: the point cube.
        dates: acquisition dates, ISO.
        used: (point) the mask.
        velocity, sigma: (point) mm/yr, + towards the satellite, NaN where not used; sigma is NaN where the cube has none.
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


def dense_frame(cube: xr.Dataset, frame: Frame | None) -> Frame | None:
    """The frame around the points next to the median place, where it is a small part of the whole and holds nearly all points."""
    if frame is None or cube.sizes["point"] < 5:
        return None
    x, y = np.asarray(cube.x.values, float), np.asarray(cube.y.values, float)
    away = np.maximum(np.abs(x - np.median(x)), np.abs(y - np.median(y)))
    near = away <= np.quantile(away, MOST) + 1e-6
    part = points_frame(cube.isel(point=np.flatnonzero(near)))
    if part is None or near.all():
        return None
    small = max(part.right - part.left, part.top - part.bottom) < DENSE * max(frame.right - frame.left, frame.top - frame.bottom)
    return part if small else None


def points_frame(cube: xr.Dataset) -> Frame | None:
    """The frame around all points, with a margin, neither too narrow nor too small; None where points have no coordinates."""
    if "x" not in cube.coords or "point" not in cube.x.dims or not cube.sizes["point"]:
        return None
    crs = cube.attrs.get("crs")
    sides = [(float(np.nanmin(values)), float(np.nanmax(values))) for values in (cube.x.values, cube.y.values)]
    if not all(math.isfinite(end) for side in sides for end in side):
        return None
    widths = [high - low for low, high in sides]
    longest = max(*widths, LEAST if crs else 0.0) or 1.0
    grown = [max(width, NARROWEST * longest) + 2 * MARGIN * longest for width in widths]
    (left, right), (bottom, top) = (
        ((low + high - size) / 2, (low + high + size) / 2) for (low, high), size in zip(sides, grown, strict=True)
    )
    bottom -= FOOT * (top - bottom)
    return Frame(left, right, bottom, top, False, False, False, crs)


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


@dataclass(frozen=True, eq=False)
class Ahead:
    """A forecast of the points from one origin to one horizon; arrays are over all points of the cube, NaN where there is none.

    Attributes:
        origin, target: dates, ISO.
        steps: horizon in acquisition steps.
        change: median change in mm, + towards the satellite.
        low, high: ends of the widest symmetric interval in mm.
        level: nominal level of that interval, %.
    """

    origin: str
    target: str
    steps: int
    change: Array
    low: Array
    high: Array
    level: int

    @property
    def half(self) -> Array:
        return (self.high - self.low) / 2

    @property
    def known(self) -> NDArray[np.bool_]:
        return np.asarray(np.isfinite(self.change))

    @property
    def peak(self) -> int | None:
        """The point with the largest change; None where nothing is forecast."""
        return int(np.nanargmax(np.abs(self.change))) if self.known.any() else None


def spread_out(store: xr.Dataset, values: Any, total: int) -> Array:
    """Values (..., point) of a forecast store as (..., point of the cube)."""
    array = np.asarray(values, float)
    found = np.full((*array.shape[:-1], total), np.nan)
    found[..., store["index"].values.astype(int)] = array
    return found


def ahead(store: xr.Dataset, points: Points, horizon: int = -1, origin: int = -1) -> Ahead:
    """The forecast from one origin (default: the newest) to one horizon, both by position."""
    part = store.isel(origin=origin, horizon=horizon)
    levels = [float(q) for q in store["quantile"].values]
    low, high = min(levels), max(levels)
    at = dict(zip(levels, spread_out(store, part.increment.values, points.total), strict=True))
    middle = min(levels, key=lambda q: abs(q - 0.5))
    date, target = iso(store.origin.values[[origin]])[0], iso(store.target_time.values[[origin]][0][[horizon]])[0]
    return Ahead(date, target, int(store.horizon.values[horizon]), at[middle], at[low], at[high], round(100 * (high - low)))
