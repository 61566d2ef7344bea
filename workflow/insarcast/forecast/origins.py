"""Where forecasts start from: the as-of cubes, the newest date, and the dates that are known to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast.core import InsarcastError, open_cube

Dates = NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class Start:
    """One origin.

    Attributes:
        vintage: name of the cube, ``asof-yyyymmdd`` or ``full``.
        cube: the cube, lazily opened; it holds nothing later than the origin.
        time: its dates, ``datetime64[D]``; the last is the origin.
        calendar: those dates and the acquisitions after them, as far as known or planned.
    """

    vintage: str
    cube: xr.Dataset
    time: Dates
    calendar: Dates

    @property
    def origin(self) -> np.datetime64:
        """Date of the last observation."""
        return np.datetime64(self.time[-1])


def read_starts(vintages: Sequence[Path], full: Path, horizons: int, history: int) -> list[Start]:
    """Origins in ascending order: the last date of each as-of cube, then the newest date of all, whose future is not known yet.

    The full cube gives an as-of cube the dates of later acquisitions, which a satellite's schedule tells in advance, and nothing
    else. Beyond its last date acquisitions are planned, see :func:`planned_dates`.

    Args:
        vintages: as-of cubes.
        full: the newest cube.
        horizons: steps ahead that the calendars must reach.
        history: least number of dates up to and with an origin.

    Raises:
        InsarcastError: an origin has too short a history, or the cubes lie on different grids.
    """
    newest = open_cube(full)
    known = _dates(newest)
    known = np.concatenate([known, planned_dates(known, horizons)])
    starts: dict[np.datetime64, Start] = {}
    for cube in [*(open_cube(path) for path in vintages), newest]:
        time = _dates(cube)
        if not (np.array_equal(cube.y, newest.y) and np.array_equal(cube.x, newest.x)):
            raise InsarcastError(f"The cubes {cube.attrs['as_of']} and full lie on different grids; delete both and run again.")
        if len(time) < history:
            raise InsarcastError(
                f"The forecast from {time[-1]} has {len(time)} dates to learn from, but forecast.history asks for {history}; "
                "take later forecast.origins or lower forecast.history."
            )
        calendar = np.concatenate([time, known[known > time[-1]]])
        # Two vintages end alike where the quality gate dropped a date: they are one origin.
        starts.setdefault(np.datetime64(time[-1]), Start(str(cube.attrs["as_of"]), cube, time, calendar))
    return [starts[origin] for origin in sorted(starts)]


def planned_dates(time: Dates, count: int) -> Dates:
    """Acquisitions to expect after the last date, every median of the last ten steps: a satellite may have been lost since the first."""
    step = max(int(np.median(np.diff(time[-11:]) // np.timedelta64(1, "D"))), 1)
    return np.asarray(time[-1] + step * np.arange(1, count + 1))


def _dates(cube: xr.Dataset) -> Dates:
    return np.asarray(cube.time.values.astype("datetime64[D]"))
