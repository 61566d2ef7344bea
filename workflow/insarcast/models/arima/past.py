"""What a point's ARIMA is fitted to: its order and regressors, and the past of an origin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from insarcast.core import InsarcastError

from ..data import Array, TrainingData
from ..season import YEAR
from .compiled import MAX_ORDER, PER_PARAMETER

Order = tuple[int, int, int]


class Spec(NamedTuple):
    """One model of a point: its order, whether it drifts, and how many annual harmonics it has."""

    order: Order
    drift: bool
    harmonics: int = 0

    @property
    def parameters(self) -> int:
        """Number of parameters without the variance."""
        return self.order[0] + self.order[2] + (self.drift or self.order[1] == 2) + 2 * self.harmonics


class Part(NamedTuple):
    """The past of an origin, and the dates ahead that are asked for.

    Attributes:
        values: ``(time, point)`` mm.
        broken: ``(time, point)`` True where the step from the date before hides an offset that nobody knows.
        days: ``(time + longest step,)`` days since the first date.
        steps: ``(horizon,)`` ascending.
    """

    values: Array
    broken: NDArray[np.bool_]
    days: Array
    steps: NDArray[np.int64]

    def take(self, points: NDArray[np.bool_]) -> Part:
        """Some of the points."""
        return self._replace(values=self.values[:, points], broken=self.broken[:, points])


def checked_order(name: str, order: Sequence[int]) -> Order:
    """An order the kernel can do.

    Raises:
        InsarcastError: it cannot.
    """
    if len(order) != 3 or not (0 <= order[0] <= MAX_ORDER and 0 <= order[1] <= 2 and 0 <= order[2] <= MAX_ORDER):
        raise InsarcastError(
            f"models.{name}.order is p, d, q with p and q from 0 to {MAX_ORDER} and d from 0 to 2, not {list(order)}."
        )
    return order[0], order[1], order[2]


def past_of(data: TrainingData, index: int, steps: NDArray[np.int64], days: Array) -> Part:
    """The past of the date with an index."""
    past = slice(0, index + 1)
    broken = ~data.observed[past]
    if data.jump is not None:
        broken = broken | data.jump[past]
    return Part(data.displacement[past], broken, days[: index + 1 + int(steps.max(initial=0))], steps)


def old_enough(part: Part, spec: Spec, years: float) -> NDArray[np.bool_]:
    """``(point,)`` which have the history that the model's waves need; all where it has none."""
    known = np.isfinite(part.values)
    if not spec.harmonics or not len(known):
        return np.full(known.shape[1], not spec.harmonics)
    first = part.days[np.argmax(known, axis=0)]
    count = (known & ~part.broken).sum(axis=0)
    return np.asarray((part.days[len(known) - 1] - first >= years * YEAR) & (count > PER_PARAMETER * spec.parameters))


def drifts(spec: Spec) -> bool:
    """Whether the first column is the drift: for d = 2 it is the rate at the start."""
    return spec.drift or spec.order[1] == 2


def columns_of(days: Array, spec: Spec) -> Array:
    """Regressors ``(column, time)``: number of the date, then cosine and sine of each harmonic of the year."""
    columns = [np.arange(len(days), dtype="float64")] if drifts(spec) else []
    for number in range(1, spec.harmonics + 1):
        angle = 2 * np.pi * number * days / YEAR
        columns += [np.cos(angle), np.sin(angle)]
    return np.array(columns).reshape(len(columns), len(days))
