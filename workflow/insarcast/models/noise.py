"""Steps between neighbouring dates, and the noise of a point by them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .data import Array, TrainingData
from .levels import supported_levels

# A point's own mean squared step starts as that of all points, with the weight of so many steps.
COMMON_STEPS = 4
# The scatter of a point's steps is known from its own dates and from so many dates of all points.
COMMON_DATES = 10
# Standard deviation of a normal variable in units of its median absolute value.
MAD = 1.4826


def measured_steps(data: TrainingData) -> tuple[Array, NDArray[np.bool_]]:
    """``(time, point)`` step in mm from the measured date before, and whether it was measured; 0 where not, bridged or across a join."""
    level = supported_levels(data, jumps=True)
    here = np.isfinite(level)
    fresh = ~data.observed if data.jump is None else ~data.observed | data.jump
    step, known = np.zeros(level.shape), np.zeros(level.shape, bool)
    last, whole = np.zeros(data.points), np.zeros(data.points, bool)
    for index in range(len(level)):
        whole &= ~fresh[index]
        known[index] = here[index] & whole
        step[index] = np.where(known[index], level[index] - last, 0.0)
        last, whole = np.where(here[index], level[index], last), whole | here[index]
    return step, known


def own_variance(step: Array, known: NDArray[np.bool_], common: Array) -> Array:
    """``(point,)`` mean squared step, mm2, drawn towards the common one."""
    return np.asarray(np.maximum(((step**2).sum(axis=0) + COMMON_STEPS * common) / (known.sum(axis=0) + COMMON_STEPS), 1e-9))


def scatter(level: Array, pooled: float | None = None) -> tuple[Array, float]:
    """Robust scatter of the steps of each point, ``(point,)`` mm, and of all points together.

    The scaled median absolute deviation of the steps between neighbouring dates, its square averaged with that of all points as if they had
    given :data:`COMMON_DATES` more steps. ``pooled``: scatter of all points where it is known already.
    """
    change = np.diff(level, axis=0)
    count = np.isfinite(change).sum(axis=0)
    own = np.zeros(level.shape[1])
    some = count > 0
    if some.any():
        middle = np.median if (count == len(change)).all() else np.nanmedian
        rate = middle(change[:, some], axis=0)  # motion, not noise
        own[some] = MAD * middle(np.abs(change[:, some] - rate), axis=0)
    if pooled is None:
        pooled = float(np.median(own[some])) if some.any() else 0.0
        pooled = pooled if pooled > 0 else 1.0
    return np.sqrt((count * own**2 + COMMON_DATES * pooled**2) / (count + COMMON_DATES)), pooled
