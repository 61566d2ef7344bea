"""Levels across the join of two releases of a product, where the series jumps by an amount that nobody measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .data import Array

# Dates on each side of a join that its jump is estimated from, and the variance of a jump in units of that of one date's noise. On
# ready series with a simulated join (normal jumps of the size of the noise) this pair forecast best of (0.3-10) x (3-20).
DATES = 10
RATIO = 1.0


def bridge_joins(level: Array, jump: NDArray[np.bool_] | None, *, dates: int = DATES, ratio: float = RATIO) -> Array:
    """Levels up to the last row, those before a join moved to its far side by the jump as it can best be known then.

    With n dates before and m from the join on, the difference of the two means is the jump plus noise of variance ``r (1/n + 1/m)``,
    r one date's; the prior of the jump is normal with mean 0 and variance ``ratio r``; its posterior mean is the difference times
    ``ratio / (ratio + 1/n + 1/m)``. So one date after the join moves the past by half the difference, many by nearly all of it.

    Args:
        level: ``(time, point)`` mm; NaN where nothing was measured.
        jump: ``(time, point)`` True where the step from the date before crosses a join, or None.
        dates: most dates on each side that are averaged.
        ratio: variance of the jumps in units of one date's noise.

    Returns:
        ``(time, point)`` mm; values since a point's last join are as they were. It depends on the last date, for the jump is
        known better with every date after it: take the levels of an origin from the rows up to the origin.
    """
    if jump is None or not jump[1:].any():
        return level
    level = level.copy()
    at = np.flatnonzero(jump[1:].any(axis=1)) + 1
    for index in at:
        here = np.flatnonzero(jump[index])
        before, after = level[:index, here], level[index:, here]
        # Not beyond the next join of the point, nor across the one before: what lies there was moved already.
        until = np.cumsum(jump[index:, here], axis=0) == 1
        early, late = _recent(before[::-1], dates), _recent(np.where(until, after, np.nan), dates)
        known = (early[1] > 0) & (late[1] > 0)
        spread = 1 / np.maximum(early[1], 1) + 1 / np.maximum(late[1], 1)
        level[:index, here] += np.where(known, (late[0] - early[0]) * ratio / (ratio + spread), 0.0)
    return level


def _recent(values: Array, dates: int) -> tuple[Array, Array]:
    """Mean and number of the first ``dates`` measured values of each column."""
    known = np.isfinite(values)
    known &= np.cumsum(known, axis=0) <= dates
    count = known.sum(axis=0).astype("float64")
    return np.where(known, values, 0.0).sum(axis=0) / np.maximum(count, 1), count
