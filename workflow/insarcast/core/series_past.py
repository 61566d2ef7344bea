"""What the past of the first test origin says of each point: how fast it moves, and how noisy it is."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

YEAR_DAYS = 365.25
NOISE_CLASSES = ("low", "middle", "high")


class Past(NamedTuple):
    """Properties of points from dates up to the first test origin.

    Attributes:
        velocity: ``(point,)`` slope of the straight line, mm/yr, positive towards the satellite.
        noise: ``(point,)`` median absolute deviation of the steps from date to date, mm.
        scale: ``(point,)`` mean absolute step, mm: what MASE divides by (Hyndman and Koehler 2006).
    """

    velocity: Array
    noise: Array
    scale: Array


def segments(breaks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number of the run of dates without a break, ``(time, point)``; a break lies between a date and the one before."""
    return np.cumsum(breaks, axis=0, dtype="int64")


def look_back(values: Array, segment: NDArray[np.integer[Any]], days: Array) -> Past:
    """Slopes and steps, of dates up to the first test origin and no later; none of them across a break.

    Args:
        values: ``(time, point)`` mm, NaN where not measured.
        segment: ``(time, point)`` as :func:`segments` gives it. Every run has a level of its own, all share the slope.
        days: ``(time,)`` days.

    Returns:
        NaN where a point has fewer than three dates in its runs, or no step.
    """
    known = np.isfinite(values)
    years = days / YEAR_DAYS
    above, below, freedom = np.zeros(values.shape[1]), np.zeros(values.shape[1]), np.zeros(values.shape[1])
    for run in range(int(segment.max(initial=0)) + 1):
        own = known & (segment == run)
        n = own.sum(axis=0)
        t = np.where(own, years[:, None], 0.0)
        y = np.where(own, values, 0.0)
        t = np.where(own, t - t.sum(axis=0) / np.maximum(n, 1), 0.0)
        above += (t * y).sum(axis=0)
        below += (t**2).sum(axis=0)
        freedom += np.maximum(n - 1, 0)
    fitted = (freedom >= 2) & (below > 0)
    velocity = np.where(fitted, above / np.where(below > 0, below, 1.0), np.nan)
    step = np.where(segment[1:] == segment[:-1], np.diff(values, axis=0), np.nan)
    noise, scale = np.full((2, values.shape[1]), np.nan)
    some = np.isfinite(step).any(axis=0)
    if some.any():
        steps = step[:, some]
        noise[some] = np.nanmedian(np.abs(steps - np.nanmedian(steps, axis=0)), axis=0)
        scale[some] = np.nanmean(np.abs(steps), axis=0)
    return Past(velocity, noise, scale)


def noise_class(noise: Array) -> NDArray[np.int64]:
    """Tercile of each point's noise among all that are known: 0 low, 1 middle, 2 high; -1 where it is not known."""
    known = np.isfinite(noise)
    if not known.any():
        return np.full(noise.shape, -1)
    edges = np.percentile(noise[known], [100 / 3, 200 / 3])
    return np.where(known, np.searchsorted(edges, noise, side="right"), -1)
