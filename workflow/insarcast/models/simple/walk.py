"""Random walks: persistence, the row that heads every table, the mean rate, and the last one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..data import Array, TrainingData, days_between
from ..law import Law
from ..series import Series


def _steps(data: TrainingData, indices: Sequence[int]) -> dict[str, Array]:
    """Sums over the observed steps up to each origin, ``(origin, point)``.

    A step runs between consecutive measured dates and is left out where any part of it is bridged.

    Returns:
        ``count``; ``span``, the sum of days; ``rise``, the sum of increments in mm; ``energy``, the sum of squared increments per
        day, mm2/day.
    """
    days = data.days
    count, span, rise, energy = (np.zeros(data.points) for _ in range(4))
    last, last_day = np.full(data.points, np.nan), np.zeros(data.points)
    notes: dict[int, tuple[Array, ...]] = {}
    for index in range(max(indices, default=-1) + 1):
        value = data.displacement[index]
        last = np.where(data.observed[index], last, np.nan)
        step = value - last
        known = np.isfinite(step)
        time = np.where(known, days[index] - last_day, 1.0)
        step = np.where(known, step, 0.0)
        count += known
        span += np.where(known, time, 0.0)
        rise += step
        energy += step**2 / time
        here = np.isfinite(value)
        last, last_day = np.where(here, value, last), np.where(here, days[index], last_day)
        if index in indices:
            notes[index] = (count.copy(), span.copy(), rise.copy(), energy.copy())
    sums = np.array([notes[index] for index in indices]).reshape(len(indices), 4, data.points)
    return dict(zip(("count", "span", "rise", "energy"), np.moveaxis(sums, 1, 0), strict=True))


def _measured(data: TrainingData, indices: Sequence[int]) -> Array:
    """``(origin, 1, point)``: 0 where the origin was measured, else NaN."""
    return np.where(np.isfinite(data.displacement[list(indices)]), 0.0, np.nan)[:, None]


class Persistence(Series):
    """Nothing changes: the random walk.

    Increments over tau days have mean 0 and variance ``s2 tau`` with ``s2 = sum(step^2 / days) / m`` over the m observed steps;
    the predictive law is Student's t with m degrees of freedom, exact for a Brownian motion. With equal steps this is the naive
    method of Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., section 5.5: ``s sqrt(h)``.
    """

    def _law(self, data: TrainingData, indices: Sequence[int], lead: Array) -> Law:
        sums = _steps(data, indices)
        freedom = sums["count"]
        rate = np.where(freedom > 0, sums["energy"] / np.maximum(freedom, 1), np.nan)
        scale = np.sqrt(rate[:, None] * lead[..., None])
        centre = np.broadcast_to(_measured(data, indices), scale.shape)
        return Law(centre, scale, freedom)


class Drift(Series):
    """The mean rate over the observed steps goes on: the random walk with drift.

    With m observed steps over T days the rate is ``r = sum(step) / T`` and ``s2 = sum((step - r days)^2 / days) / (m - 1)``; an
    increment over tau days has mean ``r tau`` and variance ``s2 (tau + tau^2 / T)``; the predictive law is Student's t with m - 1
    degrees of freedom, exact for a Brownian motion with drift. With equal steps this is the drift method of Hyndman &
    Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., section 5.5: ``s sqrt(h (1 + h / (T - 1)))`` for T dates.
    """

    def _law(self, data: TrainingData, indices: Sequence[int], lead: Array) -> Law:
        sums = _steps(data, indices)
        freedom = sums["count"] - 1
        span = np.where(sums["count"] > 0, sums["span"], np.nan)
        spread = np.maximum(sums["energy"] - sums["rise"] ** 2 / span, 0.0)
        rate = np.where(freedom > 0, spread / np.maximum(freedom, 1), np.nan)
        tau = lead[..., None]
        scale = np.sqrt(rate[:, None] * (tau + tau**2 / span[:, None]))
        centre = (sums["rise"] / span)[:, None] * tau + _measured(data, indices)
        return Law(centre, scale, np.maximum(freedom, 0))


class LastVelocity(Series):
    """The rate of the last observed step goes on: what the newest interferogram alone would say.

    Steps ``r(t) = step / days`` are taken for a random walk whose changes have the variance ``w2 = mean((r(t) - r(t-1))^2)``: over
    horizons with the dates x0 (origin), x1 ... xh the variance is ``w2 sum_j (xh - x(j-1))^2``, with equal steps ``s2 h (h + 1) (2 h + 1) / 6``
    (ARIMA(0,2,0)). Student's t with as many degrees of freedom as there are changes. A row of the table that shows how little
    one step says: two dates' noise, multiplied.
    """

    def _law(self, data: TrainingData, indices: Sequence[int], lead: Array) -> Law:
        days, calendar = data.days, days_between(data.time[0], data.calendar)
        count, energy = np.zeros(data.points), np.zeros(data.points)
        last, day, rate = np.full(data.points, np.nan), np.zeros(data.points), np.full(data.points, np.nan)
        fresh = ~data.observed if data.jump is None else ~data.observed | data.jump
        notes: dict[int, tuple[Array, Array, Array]] = {}
        for index in range(max(indices, default=-1) + 1):
            value = data.displacement[index]
            last = np.where(fresh[index], np.nan, last)
            here = np.isfinite(value)
            known = here & np.isfinite(last)
            now = np.where(known, value - last, np.nan) / np.where(known, days[index] - day, 1.0)
            change = now - rate
            count = count + np.isfinite(change)
            energy = energy + np.where(np.isfinite(change), change, 0.0) ** 2
            rate = np.where(known, now, rate)
            last, day = np.where(here, value, last), np.where(here, days[index], day)
            if index in indices:
                notes[index] = (rate, count, energy)
        shape = (len(indices), data.points)
        rates, freedom, sums = (np.array([notes[index][part] for index in indices]).reshape(shape) for part in range(3))
        growth = np.empty(lead.shape)
        for at, index in enumerate(indices):
            ahead = calendar[index:] - calendar[index]
            growth[at] = [((span - ahead[ahead < span]) ** 2).sum() for span in lead[at]]
        scale = np.sqrt(np.where(freedom > 0, sums / np.maximum(freedom, 1), np.nan)[:, None] * growth[..., None])
        return Law(rates[:, None] * lead[..., None] + _measured(data, indices), scale, freedom)
