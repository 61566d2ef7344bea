"""What the models that look at lags have in common: series without the steps that nobody measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .data import TrainingData

Array = NDArray[np.float64]


def supported_levels(data: TrainingData, *, jumps: bool = False) -> Array:
    """``(time, point)`` displacement in mm from which the steps that no interferogram supports are taken out.

    A bridged step counts as no motion, so that an unknown offset enters no lag, slope or scale. The first measured value of each
    point is kept, NaN stays NaN, and the values up to a date depend on nothing later; differences are what a model may use.

    Args:
        data: the points.
        jumps: take out the steps across the join of two releases as well (``data.jump``).
    """
    unsupported = ~data.observed
    if jumps and data.jump is not None:
        unsupported = unsupported | data.jump
    level = data.displacement.copy()
    if not unsupported[1:].any():
        return level
    last = np.full(data.points, np.nan)  # last measured value
    shift = np.zeros(data.points)
    broken = np.zeros(data.points, bool)  # a step since then was bridged
    for index in range(len(data.time)):
        broken |= unsupported[index]
        value = data.displacement[index]
        here = np.isfinite(value)
        gone = here & broken & np.isfinite(last)
        shift = np.where(gone, shift + (value - last), shift)
        level[index] = value - shift
        last, broken = np.where(here, value, last), broken & ~here
    return level
