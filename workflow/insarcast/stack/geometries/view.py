"""One cube of a decomposition: a grid or points, with what it takes of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast.core import InsarcastError, open_cube

Float = NDArray[np.float64]
Days = NDArray[np.datetime64]
YEAR = 365.25


@dataclass(frozen=True, eq=False)
class Part:
    """What one cube says of some cells of the common grid, on its own dates.

    Attributes:
        displacement: ``(time, cell)`` mm, positive towards the satellite, NaN where not measured or masked.
        sigma: ``(time, cell)`` mm.
        broken: ``(time, cell)`` True where the step from the date before is bridged or crosses a join of releases.
        los: ``(enu, cell)`` unit vector ground -> satellite.
        velocity: ``(cell,)`` mm/yr over the cube's own record.
        velocity_sigma: ``(cell,)`` mm/yr.
    """

    displacement: Float
    sigma: Float
    broken: NDArray[np.bool_]
    los: Float
    velocity: Float
    velocity_sigma: Float


@dataclass(frozen=True, eq=False)
class View:
    """A cube that is opened, not read.

    Attributes:
        name: the cube's name in the study.
        data: the cube.
        crs: of its x and y.
    """

    name: str
    data: xr.Dataset
    crs: Any

    @property
    def points(self) -> bool:
        """Whether it is a cube of points."""
        return "point" in self.data.displacement.dims

    @property
    def dates(self) -> Days:
        """Acquisition dates, ``datetime64[D]``."""
        return np.asarray(self.data.time.values.astype("datetime64[D]"))

    @property
    def days(self) -> Float:
        """Days since 1970."""
        return np.asarray(self.dates.astype(np.int64), np.float64)


def open_view(name: str, path: Path) -> View:
    """Open a cube for a decomposition.

    Raises:
        InsarcastError: it has no line of sight, or no places.
    """
    data = open_cube(path)
    if "los" not in data:
        raise InsarcastError(
            f"decompose.cubes names '{name}', but {path} does not know its line of sight; give products.incidence and heading or "
            "products.los (a ready series: series.columns.los_east, los_north and los_up)."
        )
    points = "point" in data.displacement.dims
    if points and "x" not in data.coords:
        raise InsarcastError(f"decompose.cubes names '{name}', but the points of {path} have no places; name their columns.")
    crs = data.attrs.get("crs") if points else data.rio.crs
    if crs is None:
        raise InsarcastError(f"decompose.cubes names '{name}', but {path} has no CRS; give products with one.")
    if "velocity_sigma" not in data:
        raise InsarcastError(f"{path} has no velocity_sigma; delete it and run again.")
    from pyproj import CRS

    return View(name, data, CRS.from_user_input(crs))


def scatter(values: Float, days: Float, broken: NDArray[np.bool_]) -> Float:
    """Standard deviation of each series about its straight line, a level of its own for every run without a break.

    It stands for the noise of a series whose product tells none, and is an upper bound of it: what is not a line counts as noise.

    Args:
        values: ``(time, cell)`` mm.
        days: ``(time,)`` days.
        broken: ``(time, cell)`` True where the step from the date before is not measured.

    Returns:
        ``(cell,)`` mm; NaN where there are too few values.
    """
    known, run = np.isfinite(values), np.cumsum(broken, axis=0)
    years, height = days[:, None] / YEAR, np.where(np.isfinite(values), values, 0.0)
    lag, off, levels = np.zeros(values.shape), np.zeros(values.shape), np.zeros(values.shape[1])
    for each in range(int(run.max(initial=0)) + 1):
        own = known & (run == each)
        count = np.maximum(own.sum(axis=0), 1)
        lag += np.where(own, years - (own * years).sum(axis=0) / count, 0.0)
        off += np.where(own, height - (own * height).sum(axis=0) / count, 0.0)
        levels += own.any(axis=0)
    spread = (lag**2).sum(axis=0)
    slope = np.divide((lag * off).sum(axis=0), spread, out=np.zeros(spread.shape), where=spread > 0)
    freedom = known.sum(axis=0) - levels - 1
    rest = ((off - slope * lag) ** 2).sum(axis=0)
    return np.where(freedom > 0, np.sqrt(rest / np.maximum(freedom, 1)), np.nan)
