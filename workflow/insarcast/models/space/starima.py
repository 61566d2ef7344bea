"""STARIMA: one model of the differences of all points, which looks at each point's own past and at its neighbours'."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from insarcast.core import InsarcastError

from ..data import Array, TrainingData
from ..law import Law
from ..pooled import Pooled
from .neighbours import neighbour_weights

_LARGEST = 0.99  # of the roots that make a process wander or its innovations grow
_STARTS = 24  # origins in the training from which the errors at each lead time are sampled
_PRIOR = 5.0  # innovations that the variance of all points counts for beside a point's own


class State(NamedTuple):
    """The last dates, newest first: what the next one is predicted from.

    Attributes:
        z: ``(lag, point)`` differences, the predicted ones where none was measured.
        e: ``(lag, point)`` innovations, zero where nothing was measured.
    """

    z: Array
    e: Array


class Starima(Pooled):
    """Space-time ARIMA(p, 1, q) of spatial order one (Pfeifer & Deutsch 1980, Technometrics 22), with common parameters.

    With z the steps from date to date less the point's mean step, and W the mean over neighbours,
    ``z(t) = sum (phi0 z + phi1 W z)(t - l) + sum (theta0 e + theta1 W e)(t - l) + e(t)``. The parameters make the conditional sum
    of squares least (innovations before the first date are zero), by Levenberg-Marquardt with derivatives by recursion, all points
    together; roots are kept below 0.99 for every pattern from all neighbours alike to all opposite. Several steps ahead are
    predicted one after the other over all points. Dates are counted, not days. A step that was not measured is the predicted one
    and its innovation zero, so that the noise of the first date after it counts as motion for a while: after the join of two
    releases the ARIMA of each point, which knows better, is ahead.

    The scale of a point is the root mean square of its innovations, drawn towards that of all points as if 5 innovations had been
    theirs, times the growth of the errors with lead time, which is measured within the training; Student's t.
    """

    settings: ClassVar[tuple[str, ...]] = ("p", "q", "drift", "neighbours", "k")

    def __init__(
        self, p: int = 1, q: int = 1, drift: bool = True, neighbours: Literal["knn", "delaunay"] = "knn", k: int = 8
    ) -> None:
        """Set the order and the neighbourhood.

        Args:
            p: autoregressive lags, each of the point and of its neighbours.
            q: moving-average lags, likewise.
            drift: whether each point moves on at its own mean rate up to the origin.
            neighbours: ``knn`` or ``delaunay``; see :func:`.neighbour_weights`.
            k: number of nearest places of ``knn``.
        """
        super().__init__()
        if p < 0 or q < 0 or p + q < 1 or k < 1:
            raise InsarcastError(f"starima needs p and q of which one is at least 1, and k of at least 1, not {p}, {q} and {k}.")
        self.p, self.q, self.drift, self.neighbours, self.k = p, q, drift, neighbours, k

    def _learn(self, past: TrainingData, *, seed: int, device: str, progress: bool) -> dict[str, NDArray[Any]]:
        z, _ = self._steps(past)
        weights = neighbour_weights(past, kind=self.neighbours, k=self.k)
        values = np.zeros(2 * (self.p + self.q))
        if np.isfinite(z).sum() >= 10 * values.size:
            values = self._fit(z, weights, values)
        longest = max(self.horizons, default=1)
        squares, counts = np.zeros(longest + 1), np.zeros(longest + 1)
        starts = set(np.linspace(len(z) // 3, len(z) - 1, _STARTS).astype(int).tolist())
        for t, (e, _, state) in enumerate(self._run(z, weights, values)):
            known = np.isfinite(z[t])
            squares[0] += e @ e
            counts[0] += known.sum()
            if t not in starts:
                continue
            error = np.zeros(z.shape[1])
            for ahead, step in enumerate(self._ahead(state, weights, values, min(longest, len(z) - 1 - t)), 1):
                error += z[t + ahead] - step
                squares[ahead] += np.nansum(error**2)
                counts[ahead] += np.isfinite(error).sum()
        mean = squares / np.maximum(counts, 1)
        growth = np.sqrt(np.arange(longest + 1.0))
        if counts[1] and mean[1] > 0:
            measured = np.sqrt(mean / mean[1])
            enough = counts >= 10
            growth = np.maximum.accumulate(np.where(enough, measured, 0.0))
            last = int(np.flatnonzero(enough).max())
            number = np.arange(longest + 1)
            growth = np.where(number > last, growth[last] * np.sqrt(number / max(last, 1)), growth)
        return {"values": values, "sigma2": np.array([mean[0]]), "growth": growth[1:]}

    def _law(self, past: TrainingData, horizons: list[int], lead: Array) -> Law:
        z, mean = self._steps(past)
        weights = neighbour_weights(past, kind=self.neighbours, k=self.k)
        squares, counts = np.zeros(past.points), np.isfinite(z).sum(axis=0)
        state = self._empty(past.points)
        for e, _, latest in self._run(z, weights, self.learnt["values"]):
            squares, state = squares + e**2, latest
        measured = np.where(np.isfinite(past.displacement[-1]), 0.0, np.nan)
        level, levels = measured, []
        for step in self._ahead(state, weights, self.learnt["values"], max(horizons, default=0)):
            level = level + step + mean
            levels.append(level)
        sigma2 = float(self.learnt["sigma2"][0])
        scale = np.sqrt((squares + _PRIOR * sigma2) / (counts + _PRIOR))
        growth = self.learnt["growth"]
        at = np.array(horizons)
        grown = growth[np.minimum(at, len(growth)) - 1] * np.sqrt(np.maximum(at / len(growth), 1.0))
        centre = np.array(levels)[at - 1]
        return Law(centre, grown[:, None] * scale + measured, counts + _PRIOR * (sigma2 > 0))

    def _steps(self, past: TrainingData) -> tuple[Array, Array]:
        """``(time - 1, point)`` steps less their mean, NaN where not supported; and that mean, 0 without drift."""
        gone = ~past.observed[1:]
        if past.jump is not None:
            gone = gone | past.jump[1:]
        z = np.where(gone, np.nan, np.diff(past.displacement, axis=0))
        known = np.isfinite(z)
        mean = np.where(known, z, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1) * self.drift
        return z - mean, mean

    def _empty(self, points: int) -> State:
        return State(np.zeros((self.p, points)), np.zeros((self.q, points)))

    def _regressors(self, state: State, weights: Any) -> Array:
        """``(parameter, point)``: each lag, own and the neighbours'."""
        lags = [*state.z, *state.e]
        return np.array([part for lag in lags for part in (lag, weights @ lag)])

    def _run(self, z: Array, weights: Any, values: Array, derive: bool = False) -> Iterator[tuple[Array, Array, State]]:
        """Innovations date by date, and their derivatives by the parameters ``(parameter, point)`` if asked for."""
        count, points = (len(values) if derive else 0), z.shape[1]
        state = self._empty(points)
        slopes = [self._empty(points) for _ in range(count)]
        for row in z:
            known = np.isfinite(row)
            regressors = self._regressors(state, weights)
            predicted = values @ regressors
            e = np.where(known, row - predicted, 0.0)
            derivative = np.zeros((count, points))
            for which in range(count):
                change = regressors[which] + values @ self._regressors(slopes[which], weights)
                derivative[which] = np.where(known, -change, 0.0)
                slopes[which] = _push(slopes[which], np.where(known, 0.0, change), derivative[which])
            state = _push(state, np.where(known, row, predicted), e)
            yield e, derivative, state

    def _ahead(self, state: State, weights: Any, values: Array, steps: int) -> Iterator[Array]:
        """Predicted steps of all points, one date after the other."""
        for _ in range(steps):
            step = values @ self._regressors(state, weights)
            yield step
            state = _push(state, step, np.zeros_like(step))

    def _fit(self, z: Array, weights: Any, values: Array) -> Array:
        """Least conditional sum of squares."""
        size, damping = len(values), 1e-3
        best, normal, gradient = self._squares(z, weights, values)
        for _ in range(40):
            matrix = normal + np.diag(damping * np.diag(normal) + 1e-12 * np.trace(normal) / size)
            trial = values - np.linalg.lstsq(matrix, gradient, rcond=None)[0]
            if self._stable(trial):
                found = self._squares(z, weights, trial)
                if found[0] < best:
                    gained = 1 - found[0] / best
                    values, (best, normal, gradient), damping = trial, found, damping / 10
                    if gained < 1e-8:
                        break
                    continue
            damping *= 10
            if damping > 1e8:
                break
        return values

    def _squares(self, z: Array, weights: Any, values: Array) -> tuple[float, Array, Array]:
        """Sum of squares, and its normal matrix and half gradient."""
        total, normal, gradient = 0.0, np.zeros((len(values),) * 2), np.zeros(len(values))
        for e, slope, _ in self._run(z, weights, values, derive=True):
            total += float(e @ e)
            normal += slope @ slope.T
            gradient += slope @ e
        return total, normal, gradient

    def _stable(self, values: Array) -> bool:
        """Whether neither forecasts nor innovations can grow, for patterns that neighbours share, lack or oppose."""
        parts = values.reshape(-1, 2)
        for alike in (-1.0, 0.0, 1.0):
            for side, sign in ((parts[: self.p], 1.0), (parts[self.p :], -1.0)):
                own = sign * (side[:, 0] + alike * side[:, 1])
                if len(own) and np.abs(np.roots([1.0, *(-own)])).max(initial=0.0) > _LARGEST:
                    return False
        return True


def _push(state: State, z: Array, e: Array) -> State:
    """The state one date later."""
    return State(np.concatenate([z[None], state.z])[: len(state.z)], np.concatenate([e[None], state.e])[: len(state.e)])
