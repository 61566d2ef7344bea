"""Level, trend and yearly swing of each series by a Kalman filter whose variances all points share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from insarcast.core import InsarcastError

from ..data import Array, TrainingData
from ..law import Law
from ..noise import measured_steps
from ..pooled import Pooled
from ..season import TELLS_SWING, YEAR
from .state_space import Filtered, Variances, advance, along, find_patterns, observe, run_filter

# Variances that are tried, in units of the noise of one date; time in years.
TRIED = {
    "level": (0.0, *np.geomspace(0.03, 1e4, 19)),
    "bend": (0.0, *np.geomspace(0.01, 1e3, 6)),
    "season": (0.0, *np.geomspace(0.003, 3, 7)),
    "slope": tuple(np.geomspace(0.001, 1e4, 15)),
    "swing": (0.0, *np.geomspace(0.03, 300, 13)),
}
START = {"level": 1.0, "bend": 0.0, "season": 0.03, "slope": 0.1, "swing": 0.3}
# Rounds over the five at most; two or three reach the end.
ROUNDS = 6
# Most points that the variances are learnt from, evenly from first to last.
SAMPLE = 1024
# A point's noise starts as that of all points, with the weight of so many innovations.
PRIOR = 12
# Least noise, mm.
LEAST_NOISE = 1e-3


class Kalman(Pooled):
    """Structural time series: what the ground does, apart from the noise of each date, on irregular dates and with gaps.

    A displacement is level + yearly swing + noise (Harvey 1989, Forecasting, Structural Time Series Models and the Kalman Filter, chapters 2
    and 4). In elapsed years the level is a Wiener process plus the integral of a slope that is one too (covariances: Harvey 1989, section
    9.2), and the coefficients of cosine and sine of a year wander. The variances of these, and of slope and swing on the first date, are
    relative to the noise and common to all points: the greatest likelihood of the training's innovations, on a grid, one variance after
    another. The noise of a point is its own, integrated out with an inverse gamma prior around that of all points, so that the law is
    exactly Student's t with ``12 + innovations`` degrees of freedom. A bridged step leaves the level unknown; a join of two releases
    adds ``join`` to its variance. Where the data say how good each date is (``sigma``), the noise follows.
    """

    settings: ClassVar[tuple[str, ...]] = ("join", "season", "common")

    def __init__(self, join: float = 2.0, season: bool = True, common: bool = False) -> None:
        """Of all points.

        Args:
            join: variance of the step where two releases of a product join, in variances of one date's noise; 0: there is no step.
            season: with a yearly swing; it is left out where the training is shorter than a year and a half.
            common: filter the mean motion of all points by itself, with variances of its own: for a noise that all points share.
        """
        super().__init__()
        if not 0 <= join < np.inf:
            raise InsarcastError(f"join of the model kalman is a variance of 0 or more, not {join}.")
        self.join = join
        self.season = season
        self.common = common

    def _learn(self, past: TrainingData, *, seed: int, device: str, progress: bool) -> dict[str, np.ndarray[Any, Any]]:
        learnt = {}
        for name, part in self._parts(past).items():
            if part.points > SAMPLE:
                part = part.take(np.linspace(0, part.points - 1, SAMPLE).astype("intp"))
            learnt[name], learnt[f"{name}_noise"] = self._fit(part)
        return learnt

    def _fit(self, past: TrainingData) -> tuple[Array, Array]:
        """Variances ``(6,)`` in the order of :class:`Variances`, and the usual variance of the noise ``(1,)`` in mm2."""
        tried = dict(TRIED)
        best = dict(START)
        if not self.season or past.days[-1] < TELLS_SWING:
            tried |= {"season": (0.0,), "swing": (0.0,)}
            best |= {"season": 0.0, "swing": 0.0}
        patterns = find_patterns(past)
        found = np.inf
        for _ in range(ROUNDS):
            before = found
            for name, values in tried.items():
                sets = {each: np.full(len(values), best[each]) for each in best} | {name: np.array(values)}
                end = run_filter(past, Variances(**sets, join=np.full(len(values), self.join)), patterns)
                count = end.n[patterns.of]
                noise = end.energy / np.maximum(count, 1) + LEAST_NOISE**2
                loss = (count / 2 * np.log(noise) + end.logdet[:, patterns.of] / 2).sum(axis=1)
                at = int(loss.argmin())
                best[name], found = float(values[at]), float(loss[at])
            if found > before - 1e-3 * past.points:
                break
        seen = count > 0
        usual = np.median(noise[at][seen]) if seen.any() else np.nan
        return np.array([*(best[name] for name in Variances._fields[:-1]), self.join]), np.array([usual])

    def _law(self, past: TrainingData, horizons: list[int], lead: Array) -> Law:
        centre = np.zeros((len(lead), past.points))
        variance = np.zeros_like(centre)
        freedom = np.zeros(past.points)
        for name, part in self._parts(past).items():
            patterns = find_patterns(part)
            variances = Variances(*self.learnt[name][:, None])
            end = run_filter(part, variances, patterns)
            count = end.n[patterns.of]
            noise = (PRIOR * self.learnt[f"{name}_noise"] + end.energy[0]) / (PRIOR + count)
            noise = np.maximum(noise, LEAST_NOISE**2)
            ahead, spread = forecast(end, part, variances, lead)
            centre += ahead - part.displacement[-1]
            variance += noise * spread[:, patterns.of]
            freedom = np.maximum(freedom, PRIOR + count)
        return Law(centre, np.sqrt(variance), freedom)

    def _parts(self, data: TrainingData) -> dict[str, TrainingData]:
        """The points; or what is their own, and the sum of their mean steps as a series beside."""
        if not self.common:
            return {"own": data}
        step, known = measured_steps(data)
        mean = np.cumsum((step * known).sum(axis=1) / np.maximum(known.sum(axis=1), 1))[:, None]
        some = np.where(np.isfinite(data.displacement).any(axis=1, keepdims=True), mean, np.nan)
        shared = TrainingData(some, np.ones(mean.shape, bool), data.time, data.calendar)
        return {"own": replace(data, displacement=data.displacement - mean), "common": shared}


def forecast(end: Filtered, data: TrainingData, variances: Variances, lead: Array) -> tuple[Array, Array]:
    """Displacement ``(horizon, point)`` in mm after ``lead`` days, and its variance ``(horizon, pattern)`` in units of the noise.

    Of the first candidate; the noise of the date ahead is the usual one.
    """
    rows = observe(data.days[-1] + lead)
    centre, spread = [], []
    for at, years in enumerate(lead / YEAR):
        row = rows[:, at]
        centre.append(along(row, end.state[:, 0]) + years * end.state[1, 0])
        covariance = advance(end.covariance, years, variances)[:, :, 0]
        spread.append(along(row, along(row, covariance.swapaxes(0, 1))) + 1.0)
    return np.array(centre), np.array(spread)
