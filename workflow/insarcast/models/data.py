"""What a model sees: one typed bundle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast.core import InsarcastError

Array = NDArray[np.float64]
Dates = NDArray[np.datetime64]


def days_between(start: Any, end: Any) -> NDArray[np.float64]:
    """Days from ``start`` to ``end``, dates or arrays of dates."""
    return np.asarray((end - start) / np.timedelta64(1, "D"), "float64")


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Displacement of points in time, and the dates that are known to come.

    Attributes:
        displacement: ``(time, point)`` float64, mm, positive towards the satellite; NaN where nothing was measured.
        observed: ``(time, point)`` bool, True where interferograms support the step from the date before; the first row is True.
        time: ``(time,)`` dates of the displacement, ``datetime64[D]``, ascending.
        calendar: acquisition dates, ``time`` first and then those known or planned after it; the target of horizon h from the
            date with index i is ``calendar[i + h]``.
        row: ``(point,)`` row of each point on the grid it was taken from, or None.
        col: ``(point,)`` its column, or None.
        shape: rows and columns of that grid, or None.
        x: ``(point,)`` easting in m of a projected CRS, or None where the points have no place.
        y: ``(point,)`` northing in m, or None.
        jump: ``(time, point)`` bool, True where the step from the date before joins two releases of a product: the level may jump
            there by an amount nobody measured; None where there is no such join.
        sigma: ``(time, point)`` standard deviation of the displacement in mm, or None.
        graph: ``(point, point)`` sparse adjacency of points whose neighbours are known and places are not, or None.
    """

    displacement: NDArray[np.float64]
    observed: NDArray[np.bool_]
    time: Dates
    calendar: Dates
    row: NDArray[np.intp] | None = None
    col: NDArray[np.intp] | None = None
    shape: tuple[int, int] | None = None
    x: NDArray[np.float64] | None = None
    y: NDArray[np.float64] | None = None
    jump: NDArray[np.bool_] | None = None
    sigma: NDArray[np.float64] | None = None
    graph: Any = None

    def __post_init__(self) -> None:
        count = len(self.time)
        if self.displacement.shape != self.observed.shape or self.displacement.shape[:1] != (count,):
            raise ValueError(f"displacement {self.displacement.shape} and observed {self.observed.shape} need {count} dates each")
        if not np.array_equal(self.calendar[:count], self.time) or (np.diff(self.calendar) <= np.timedelta64(0)).any():
            raise ValueError("the calendar must ascend and begin with the dates of the displacement")

    @property
    def days(self) -> NDArray[np.float64]:
        """``(time,)`` days since the first date."""
        return days_between(self.time[0], self.time)

    @property
    def points(self) -> int:
        """Number of points."""
        return int(self.displacement.shape[1])

    @classmethod
    def from_cube(cls, cube: xr.Dataset, calendar: Dates | None = None) -> Self:
        """The usable points of a cube, or of a window of one, in memory.

        Args:
            cube: dims ``(time, y, x)``; pixels that ``mask`` rejects, or that have no displacement at all, are left out.
            calendar: known dates; those after the cube's last one are appended to its own. None: its own only.
        """
        displacement = cube.displacement.values
        mask = cube.mask.values & np.isfinite(displacement).any(axis=0)
        row, col = np.nonzero(mask)
        time = cube.time.values.astype("datetime64[D]")
        later = np.empty(0, time.dtype) if calendar is None else calendar[calendar > time[-1]]
        observed = ~cube.filled.values[:, row, col] if "filled" in cube else np.ones((len(time), row.size), bool)
        observed[0] = True
        return cls(
            displacement=displacement[:, row, col].astype("float64"),
            observed=observed,
            time=time,
            calendar=np.concatenate([time, later.astype(time.dtype)]),
            row=row,
            col=col,
            shape=mask.shape,
        )

    @classmethod
    def from_points(cls, cube: xr.Dataset, calendar: Dates | None = None) -> Self:
        """All points of a cube of points, in memory.

        Args:
            cube: dims ``(time, point)``, as read_series leaves it; points that ``mask`` rejects are left out.
            calendar: known dates; those after the cube's last one are appended to its own. None: its own only.
        """
        keep = np.flatnonzero(cube.mask.values)
        time = cube.time.values.astype("datetime64[D]")
        later = np.empty(0, time.dtype) if calendar is None else calendar[calendar > time[-1]]
        part = cube.isel(point=keep)
        observed = ~part.filled.values if "filled" in part else np.ones(part.displacement.shape, bool)
        observed[0] = True
        layers: dict[str, Any] = {
            name: part[name].values.astype("float64") if name in part else None for name in ("x", "y", "sigma")
        }
        graph = None
        if "edge" in cube:
            from scipy.sparse import csr_array

            ends = cube.edge.values
            both = np.concatenate([ends, ends[:, ::-1]])
            whole = csr_array((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(cube.sizes["point"],) * 2)
            graph = whole[keep][:, keep]
        return cls(
            displacement=part.displacement.values.astype("float64"),
            observed=observed,
            time=time,
            calendar=np.concatenate([time, later.astype(time.dtype)]),
            jump=part.jump.values if "jump" in part else None,
            graph=graph,
            **layers,
        )

    def until(self, date: np.datetime64) -> Self:
        """What was known on a date: nothing measured later; the calendar stays."""
        return self.between(0, self.index(date) + 1)

    def between(self, first: int, stop: int) -> Self:
        """The dates with the indices ``first`` to ``stop - 1``; the calendar begins with them and goes on to its end."""
        layers = ("displacement", "observed", "jump", "sigma")
        parts: dict[str, Any] = {name: None if (at := getattr(self, name)) is None else at[first:stop] for name in layers}
        return replace(self, time=self.time[first:stop], calendar=self.calendar[first:], **parts)

    def take(self, points: NDArray[np.intp]) -> Self:
        """Some of the points, in the given order."""
        parts: dict[str, Any] = {
            name: None if (at := getattr(self, name)) is None else at[points] for name in ("row", "col", "x", "y")
        }
        for name in ("displacement", "observed", "jump", "sigma"):
            parts[name] = None if (at := getattr(self, name)) is None else at[:, points]
        return replace(self, graph=None if self.graph is None else self.graph[points][:, points], **parts)

    def index(self, date: np.datetime64) -> int:
        """Index of a date.

        Raises:
            InsarcastError: the date was not observed.
        """
        day = date.astype("datetime64[D]")
        found = np.flatnonzero(self.time == day)
        if not found.size:
            raise InsarcastError(f"A forecast cannot start on {day}: the cube, which ends on {self.time[-1]}, has no such date.")
        return int(found[0])

    def targets(self, origins: Sequence[np.datetime64], horizons: Sequence[int]) -> Dates:
        """``(origin, horizon)`` date of each target: the known date so many steps ahead.

        Raises:
            InsarcastError: a target lies beyond the known dates.
        """
        steps = np.array([[self.index(origin) + horizon for horizon in horizons] for origin in origins])
        if steps.size and steps.max() >= len(self.calendar):
            raise InsarcastError(
                f"forecast.horizons asks for {max(horizons)} steps, but the last known date is {self.calendar[-1]}; lower it."
            )
        return np.asarray(self.calendar[steps])

    @property
    def pixels(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns ``(point,)`` on the grid the points were taken from."""
        if self.row is None or self.col is None:
            raise ValueError("these points come from no grid")
        return self.row, self.col

    def to_grid(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values ``(..., point)`` back on the grid ``(..., y, x)``, NaN where there is no point."""
        row, col = self.pixels
        grid = np.full((*values.shape[:-1], *(self.shape or ())), np.nan, values.dtype)
        grid[..., row, col] = values
        return grid
