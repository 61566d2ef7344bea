"""The past of each pixel of a tile, date by date: its level without the steps that nobody measured, its noise, its straight line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Steps are rounded to this (mm), so that sums of them are exact in float32 and the same steps give the same bits whatever level they
# start from: a jump across a bridged step, whose height nobody knows, leaves no trace.
GRAIN = 1 / 4096
# A pixel's noise starts as the tile's, with the weight of so many steps.
PRIOR = 4
# Least noise, mm.
LEAST = 1e-3


Grid = NDArray[np.float64]


def levels(displacement: Grid, bridged: NDArray[np.bool_]) -> tuple[Grid, NDArray[np.bool_]]:
    """Sums of the supported steps and where there is one, ``(time, y, x)``; see :class:`insarcast.models.convlstm.tile.Tile`."""
    shape = displacement.shape[1:]
    level, supported = np.zeros(displacement.shape), np.zeros(displacement.shape, bool)
    last, broken, now = np.full(shape, np.nan), np.zeros(shape, bool), np.zeros(shape)
    for t, value in enumerate(displacement):
        broken |= bridged[t]
        here = np.isfinite(value)
        supported[t] = here & ~broken & np.isfinite(last)
        now = now + np.where(supported[t], np.round((value - last) / GRAIN) * GRAIN, 0.0)
        level[t] = now
        last, broken = np.where(here, value, last), broken & ~here
    return level, supported


def noises(level: Grid, supported: NDArray[np.bool_]) -> Grid:
    """Standard deviation of each pixel's supported steps up to each date, mm ``(time, y, x)``, by Welford's update.

    It is drawn towards the tile's: ``s2 = (sum of squares + PRIOR * pooled) / (degrees of freedom + PRIOR)``.
    """
    out = np.empty(level.shape)
    n, mean, squares = (np.zeros(level.shape[1:]) for _ in range(3))
    for t in range(len(level)):
        step = level[t] - level[max(t - 1, 0)]
        n += supported[t]
        shift = np.where(supported[t], step - mean, 0.0)
        mean += shift / np.maximum(n, 1)
        squares += shift * np.where(supported[t], step - mean, 0.0)
        freedom = np.maximum(n - 1, 0)
        pooled = squares.sum() / freedom.sum() if freedom.any() else (mean**2).sum() / max(n.sum(), 1)
        out[t] = np.sqrt((squares + PRIOR * pooled) / (freedom + PRIOR))
    return np.maximum(out, LEAST)


def lines(level: Grid, measured: NDArray[np.bool_], bridged: NDArray[np.bool_], days: NDArray[np.float64]) -> tuple[Grid, Grid]:
    """The straight line of :class:`insarcast.models.simple.line.Linear` through the past of each date.

    Returns:
        ``(time, y, x)`` where it lies at the date, minus the level, in mm, and its slope in mm per day; both zero while it has no
        degree of freedom: two dates always lie on a line, and it says nothing.
    """
    offset, slope = np.zeros(level.shape), np.zeros(level.shape)
    n, x0, y0, sxx, sxy, freedom = (np.zeros(level.shape[1:]) for _ in range(6))
    for t, value in enumerate(level):
        n = np.where(bridged[t], 0.0, n)
        here = measured[t]
        x0, y0 = np.where(n > 0, x0, days[t]), np.where(n > 0, y0, value)
        freedom += here & (n > 0)
        n = n + here
        dx, dy = np.where(here, days[t] - x0, 0.0), np.where(here, value - y0, 0.0)
        x0, y0 = x0 + dx / np.maximum(n, 1), y0 + dy / np.maximum(n, 1)
        sxx, sxy = sxx + dx * (days[t] - x0), sxy + dx * np.where(here, value - y0, 0.0)
        known = (freedom > 1) & (sxx > 0)
        slope[t] = np.where(known, sxy / np.where(sxx > 0, sxx, 1.0), 0.0)
        offset[t] = np.where(known, y0 + slope[t] * (days[t] - x0) - value, 0.0)
    return offset, slope


def recent_lines(
    level: Grid, measured: NDArray[np.bool_], bridged: NDArray[np.bool_], days: NDArray[np.float64], length: int
) -> tuple[Grid, Grid]:
    """The same through the last ``length`` dates only: it follows motion that decays or accelerates, and its error is alike at all dates."""
    offset, slope = np.zeros(level.shape), np.zeros(level.shape)
    for t in range(len(level)):
        part = slice(max(t + 1 - length, 0), t + 1)
        offsets, slopes = lines(level[part], measured[part], bridged[part], days[part])
        offset[t], slope[t] = offsets[-1], slopes[-1]
    return offset, slope
