"""The mean of the last dates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from insarcast.core import InsarcastError

from ..data import Array, TrainingData
from ..law import Law
from ..series import Series


class WindowMean(Series):
    """The ground returns to the mean of its last ``window`` measured dates: noise about a level that moves slowly.

    The level is the mean of the last values since the last bridged step (fewer than ``window`` where there are no more). The
    scale is the root mean square of the one-step residuals ``d(t) - mean of the window before t`` over the m full windows of the
    past, the same at every horizon, as in the mean method of Hyndman & Athanasopoulos, Forecasting: Principles and Practice,
    3rd ed., section 5.5, whose ``s sqrt(1 + 1/n)`` these residuals hold already. Student's t with m degrees of freedom; the
    windows overlap, so that this law is an approximation.
    """

    settings: ClassVar[tuple[str, ...]] = ("window",)

    def __init__(self, window: int = 3) -> None:
        super().__init__()
        if window < 1:
            raise InsarcastError(f"window_mean needs a window of at least 1 date, not {window}.")
        self.window = window

    def _law(self, data: TrainingData, indices: Sequence[int], lead: Array) -> Law:
        recent = np.full((self.window, data.points), np.nan)  # oldest first
        count, energy = np.zeros(data.points), np.zeros(data.points)
        notes: dict[int, tuple[Array, Array, Array]] = {}
        for index in range(max(indices, default=-1) + 1):
            value = data.displacement[index]
            recent[:, ~data.observed[index]] = np.nan
            residual = value - _mean(recent, whole=True)
            known = np.isfinite(residual)
            count += known
            energy += np.where(known, residual, 0.0) ** 2
            here = np.isfinite(value)
            recent[:, here] = np.concatenate([recent[1:, here], value[None, here]])
            if index in indices:
                notes[index] = (_mean(recent) - value, count.copy(), energy.copy())
        shape = (len(indices), data.points)
        pull, freedom, sums = (np.array([notes[index][part] for index in indices]).reshape(shape) for part in range(3))
        scale = np.where(freedom > 0, np.sqrt(sums / np.maximum(freedom, 1)), np.nan)
        wide = (len(indices), lead.shape[1], data.points)
        return Law(np.broadcast_to(pull[:, None], wide), np.broadcast_to(scale[:, None], wide), freedom)


def _mean(values: Array, whole: bool = False) -> Array:
    """Mean over the first axis of what is measured; ``whole``: NaN unless all of it is."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    mean = np.where(known, values, 0.0).sum(axis=0) / np.maximum(count, 1)
    enough = count == len(values) if whole else count > 0
    return np.where(enough, mean, np.nan)
