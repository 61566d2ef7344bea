"""Mean velocity of each point over the whole series: for maps and classes, never for a forecast."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

YEAR_DAYS = 365.25
_BLOCK = 20000  # points at a time


def fit_velocity(values: NDArray[np.float32], days: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Least-squares slope of each point and its standard error from the scatter about the line.

    Args:
        values: ``(time, point)`` displacement in mm, NaN where not measured.
        days: ``(time,)`` days.

    Returns:
        ``(point,)`` velocity and its standard error, mm/yr; NaN with fewer than two and three values.
    """
    slope, error = (np.full(values.shape[1], np.nan, "float32") for _ in range(2))
    years = days[:, None] / YEAR_DAYS
    for start in range(0, values.shape[1], _BLOCK):
        part = slice(start, start + _BLOCK)
        known = np.isfinite(values[:, part])
        count = known.sum(0)
        safe = np.maximum(count, 1)
        height = np.where(known, values[:, part], 0.0).astype("float64")
        lag = np.where(known, years - (known * years).sum(0) / safe, 0.0)
        off = np.where(known, height - height.sum(0) / safe, 0.0)
        spread = (lag**2).sum(0)
        fit = np.divide((lag * off).sum(0), spread, out=np.full(len(count), np.nan), where=spread > 0)
        rest = ((off - lag * np.nan_to_num(fit)) ** 2).sum(0)
        free = np.maximum(count - 2, 1) * np.where(spread > 0, spread, 1)
        slope[part] = fit
        error[part] = np.where((count > 2) & (spread > 0), np.sqrt(rest / free), np.nan)
    return slope, error
