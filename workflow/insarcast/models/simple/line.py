"""A straight line through the past."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import numpy as np

from insarcast.core import InsarcastError

from ..data import Array, TrainingData
from ..law import Law
from ..series import Series


class Line(NamedTuple):
    """Sums of a straight line through all dates up to each origin, ``(origin, point)``; n, x0 and y0 are of the last run.

    Attributes:
        n: dates.
        x0: their mean, days since the first date.
        y0: mean displacement, mm.
        sxx: sum of squares about the means of each run, days2.
        sxy: sum of products, mm days.
        syy: sum of squares, mm2.
        freedom: dates minus runs minus 1; -1 or less where there is no line.
    """

    n: Array
    x0: Array
    y0: Array
    sxx: Array
    sxy: Array
    syy: Array
    freedom: Array


def fit_line(data: TrainingData, indices: Sequence[int], x: Array | None = None) -> Line:
    """Sums up to the dates with ``indices``; each run between bridged steps, or joins of releases, has its own intercept.

    ``x`` (time,) is what the displacement is a line in; None: days since the first date.
    """
    days = data.days if x is None else x
    fresh = ~data.observed if data.jump is None else ~data.observed | data.jump
    measured = np.isfinite(data.displacement)
    if all((flag == flag[:, :1]).all() for flag in (fresh, measured)):  # one pattern of dates: n, x0 and sxx are all points'
        fresh, measured = fresh[:, :1], measured[:, :1]
    zero, shared = np.zeros(data.points), np.zeros(measured.shape[1])
    n, x0, sxx, freedom = (shared.copy() for _ in range(4))
    y0, sxy, syy = (zero.copy() for _ in range(3))
    notes: dict[int, Line] = {}
    for index in range(max(indices, default=-1) + 1):
        here = measured[index]
        if fresh[index].any():
            n = np.where(fresh[index], 0.0, n)
        value = data.displacement[index] if here.all() else np.where(here, data.displacement[index], 0.0)
        start = here & (n == 0)
        if start.any():
            x0, y0 = np.where(start, days[index], x0), np.where(start, value, y0)
        freedom = freedom + (here & ~start)
        n = n + here
        dx = np.where(here, days[index] - x0, 0.0)
        dy = value - y0 if here.all() else np.where(here, value - y0, 0.0)
        share = 1.0 / np.maximum(n, 1)
        x0, y0 = x0 + dx * share, y0 + dy * share  # Welford's update, stable for long series
        left = dy * (1.0 - share * here)
        sxx, sxy, syy = sxx + dx * (days[index] - x0) * here, sxy + dx * left, syy + dy * left
        if index in indices:
            notes[index] = Line(*(part + zero for part in (n, x0, y0, sxx, sxy, syy, freedom - 1)))
    at = np.array([notes[index] for index in indices]).reshape(len(indices), 7, data.points)
    return Line(*np.moveaxis(at, 1, 0))


class Linear(Series):
    """Least squares in time on irregular dates.

    A bridged step hides an unknown offset, and so does the join of two releases of a product: each run of steps between them has
    its own intercept and all share one slope. With x in days, sums ``Sxx, Sxy, Syy`` about the means of each run, N dates in k
    runs, and n dates with mean x0, y0 in the last run: slope ``b = Sxy / Sxx``, ``s2 = (Syy - b Sxy) / (N - k - 1)``; the
    displacement at x is ``y0 + b (x - x0)`` with predictive variance ``s2 (1 + 1/n + (x - x0)^2 / Sxx)`` and Student's t with
    N - k - 1 degrees of freedom: the prediction interval of ordinary least squares (Draper & Smith, Applied Regression Analysis,
    3rd ed., section 1.4). The increment is that
    minus the last observed value, which is known.
    """

    def _law(self, data: TrainingData, indices: Sequence[int], lead: Array) -> Law:
        n, x0, y0, sxx, sxy, syy, freedom = (part[:, None] for part in fit_line(data, indices))
        sxx = np.where(sxx > 0, sxx, np.nan)
        slope = sxy / sxx
        s2 = np.where(freedom > 0, np.maximum(syy - slope * sxy, 0.0) / np.maximum(freedom, 1), np.nan)
        ahead = data.days[list(indices)][:, None, None] + lead[..., None] - x0
        centre = y0 + slope * ahead - data.displacement[list(indices)][:, None]
        scale = np.sqrt(s2 * (1 + 1 / np.maximum(n, 1) + ahead**2 / sxx))
        return Law(centre, scale, np.maximum(freedom[:, 0], 0))


class Trend(Linear):
    """The same line through the last ``dates`` dates only: it follows motion that decays or accelerates, at the price of more noise.

    Sixteen dates are half a year of Sentinel-1. The variance of the line's end is about ``4 / n`` of one date's, half its standard
    deviation with sixteen.
    """

    settings: ClassVar[tuple[str, ...]] = ("dates",)

    def __init__(self, dates: int = 16) -> None:
        super().__init__()
        if dates < 3:
            raise InsarcastError(f"trend needs at least 3 dates for a line and its error, not {dates}.")
        self.dates = dates

    def _law(self, data: TrainingData, indices: Sequence[int], lead: Array) -> Law:
        if not len(indices):
            return super()._law(data, indices, lead)
        laws = []
        for at, index in enumerate(indices):
            part = slice(max(index + 1 - self.dates, 0), index + 1)
            recent = data.between(part.start, part.stop)
            laws.append(super()._law(recent, [len(recent.time) - 1], lead[at : at + 1]))
        return Law(*(np.concatenate(parts) for parts in zip(*laws, strict=True)))
