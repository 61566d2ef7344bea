"""Mean velocity of each point over the whole series: for maps and classes, never for a forecast."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

YEAR_DAYS = 365.25
_BLOCK = 20000  # points at a time


def fit_velocity(
    values: NDArray[np.float32], days: NDArray[np.float64], jump: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Least-squares slope of each point and its standard error from the scatter about the line.

    Across the join of two releases the level is not known: each run of dates has its own, all share the slope.

    Args:
        values: ``(time, point)`` displacement in mm, NaN where not measured.
        days: ``(time,)`` days.
        jump: ``(time, point)`` True where the step from the date before crosses a join.

    Returns:
        ``(point,)`` velocity and its standard error, mm/yr; NaN with fewer values than levels + 1 and + 2.
    """
    slope, error = (np.full(values.shape[1], np.nan, "float32") for _ in range(2))
    years = days[:, None] / YEAR_DAYS
    for start in range(0, values.shape[1], _BLOCK):
        part = slice(start, start + _BLOCK)
        known = np.isfinite(values[:, part])
        height = np.where(known, values[:, part], 0.0).astype("float64")
        run = np.cumsum(jump[:, part], axis=0)
        lag, off, levels = np.zeros(known.shape), np.zeros(known.shape), np.zeros(known.shape[1], "int64")
        for each in range(int(run.max(initial=0)) + 1):
            own = known & (run == each)
            count = own.sum(0)
            safe = np.maximum(count, 1)
            lag += np.where(own, years - (own * years).sum(0) / safe, 0.0)
            off += np.where(own, height - np.where(own, height, 0.0).sum(0) / safe, 0.0)
            levels += count > 0
        spread = (lag**2).sum(0)
        fit = np.divide((lag * off).sum(0), spread, out=np.full(len(spread), np.nan), where=spread > 0)
        rest = ((off - lag * np.nan_to_num(fit)) ** 2).sum(0)
        freedom = known.sum(0) - levels - 1
        slope[part] = fit
        scale = np.maximum(freedom, 1) * np.where(spread > 0, spread, 1)
        error[part] = np.where((freedom > 0) & (spread > 0), np.sqrt(rest / scale), np.nan)
    return slope, error
