"""Levels of a series without the steps that nobody measured, and without gaps."""

from __future__ import annotations

import numpy as np

from .data import Array, TrainingData


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


def filled(level: Array) -> Array:
    """Each gap with the last value before it, what comes before the first value with that; NaN for points without any."""
    known = np.isfinite(level)
    if known.all():
        return level
    rows = np.arange(len(level))[:, None]
    first = known.argmax(axis=0)
    at = np.maximum(np.maximum.accumulate(np.where(known, rows, -1), axis=0), first)
    return np.asarray(np.take_along_axis(level, at, axis=0))
