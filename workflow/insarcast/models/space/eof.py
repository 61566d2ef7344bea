"""Reduced rank: a few modes of the field are forecast as one series each, and what is left of each point is smoothed."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from insarcast.core import InsarcastError

from ..data import Array, TrainingData
from ..joins import bridge_joins
from ..law import Law
from ..levels import filled, supported_levels
from ..noise import scatter
from ..pooled import Pooled
from ..season import phase
from ..spread import FREEDOM, LEAST, LEAST_DATES, spread_of
from .modes import leading_modes

ALPHAS = np.arange(0.05, 1.001, 0.05)
PENALTIES = 10.0 ** np.arange(-2, 2.1, 0.5)
# Most points that the validation looks at.
MOST = 20_000


class EOF(Pooled):
    """Empirical orthogonal functions of the training's field (Lorenz 1956), each with its own linear regression in time.

    The field is ``x_i(t) = sum_m e_im c_m(t) + r_i(t)``. The increment of each score ``c_m`` to each horizon is a ridge regression on
    its last ``window`` levels relative to the origin's and on the change of the season; the remainder of each point is forecast by
    simple exponential smoothing with one parameter for all points. Penalties and parameter are those with the least error over
    the last fifth of the training, forecast from what the dates before it say. Nothing is done about the noise of a mode: the more
    points, the less of it there is. Modes are taken anew from the training's dates of the points to forecast.

    Args:
        modes: number of modes.
        window: dates before the origin that a score's regression looks at.
    """

    settings: ClassVar[tuple[str, ...]] = ("modes", "window")

    def __init__(self, modes: int = 1, window: int = 20) -> None:
        super().__init__()
        if modes < 1 or window < 1:
            raise InsarcastError("eof needs at least one mode and a window of at least one date.")
        self.modes, self.window = modes, window

    def _learn(self, past: TrainingData, *, seed: int, device: str, progress: bool) -> dict[str, np.ndarray[Any, Any]]:
        steps, dates = list(self.horizons), len(past.time)
        level = _levels(past)
        unit, pooled = scatter(supported_levels(past, jumps=True))
        usual = np.sqrt(np.array(steps, "float64"))
        fallback = {"pooled": np.array([pooled]), "spread": usual}
        cut, window = dates - max(dates // 5, 1), max(min(self.window, dates // 3), 1)
        if dates < LEAST_DATES or cut - window < 3:
            return fallback
        early = leading_modes(level[:cut], self.modes)
        truth = np.full((dates - cut + 1, len(steps), past.points), np.nan)
        whole = np.cumsum(~past.observed if past.jump is None else ~past.observed | past.jump, axis=0)
        for row, index in enumerate(range(cut - 1, dates)):
            for at, step in enumerate(steps):
                if index + step < dates:
                    known = whole[index + step] == whole[index]
                    truth[row, at] = np.where(known, past.displacement[index + step] - past.displacement[index], np.nan)
        scores, rest = _split(level, early)
        if past.points > MOST:
            some = np.sort(np.random.default_rng(seed).choice(past.points, MOST, replace=False))
            truth, rest, early, unit = truth[..., some], rest[:, some], early[some], unit[some]
        origins = np.arange(cut - 1, dates)
        tried = _regressions(scores[:cut], past, steps, window, PENALTIES)
        moves = np.einsum("pmsf,omsf->posm", tried, _inputs(scores, past, origins, steps, window))
        gaps = np.array([(smooth(rest, alpha) - rest)[origins] for alpha in ALPHAS])  # (alpha, origin, point)
        chosen, alphas = np.zeros(len(steps), "int64"), np.zeros(len(steps))
        error = np.full(truth.shape, np.nan)
        for at in range(len(steps)):
            if not np.isfinite(truth[:, at]).any():  # no validation reaches so far ahead
                chosen[at], alphas[at] = (chosen[at - 1], alphas[at - 1]) if at else (len(PENALTIES) // 2, 1.0)
                continue
            fit = moves[:, :, at] @ early.T
            losses = np.array([[_mae(truth[:, at] - move - gap, unit) for gap in gaps] for move in fit])
            penalty, alpha = np.unravel_index(losses.argmin(), losses.shape)
            chosen[at], alphas[at] = penalty, ALPHAS[alpha]
            error[:, at] = truth[:, at] - fit[penalty] - gaps[alpha]
        ratio = np.swapaxes(error, 1, 2).reshape(-1, len(steps)) / np.tile(unit, len(origins))[:, None]
        if np.isfinite(ratio).sum() < LEAST:
            return fallback
        scores, _ = _split(level, leading_modes(level, self.modes))
        fitted = _regressions(scores, past, steps, window, PENALTIES)
        weights = np.stack([fitted[penalty, :, at] for at, penalty in enumerate(chosen)], axis=1)
        return {**fallback, "spread": usual * spread_of(ratio, usual), "weights": weights, "alphas": alphas}

    def _law(self, past: TrainingData, horizons: list[int], lead: Array) -> Law:
        steps, index = list(self.horizons), len(past.time) - 1
        level = _levels(past)
        unit, _ = scatter(supported_levels(past, jumps=True), float(self.learnt["pooled"][0]))
        centre, spread = np.zeros((len(horizons), past.points)), np.sqrt(np.array(horizons, "float64"))
        places = [(row, steps.index(step)) for row, step in enumerate(horizons) if step in steps]
        for row, at in places:
            spread[row] = self.learnt["spread"][at]
        if "weights" in self.learnt:
            weights = self.learnt["weights"]
            assert self.train_end is not None
            until = int((past.time <= self.train_end).sum())
            modes = _same_number(leading_modes(_levels(past.between(0, until)), self.modes), len(weights))
            scores, rest = _split(level, modes)
            window = weights.shape[2] - 2
            inputs = _inputs(scores, past, np.array([index]), steps, window)[0]
            move = np.einsum("msf,msf->sm", weights, inputs)
            gap = {alpha: smooth(rest, alpha)[-1] - rest[-1] for alpha in set(self.learnt["alphas"].tolist())}
            for row, at in places:
                centre[row] = modes @ move[at] + gap[float(self.learnt["alphas"][at])]
        here = np.isfinite(past.displacement[index])
        law = (np.where(here, centre, np.nan), np.where(here, spread[:, None] * unit, np.nan))
        return Law(*law, np.where(here, FREEDOM, 0.0))


def _levels(past: TrainingData) -> Array:
    """``(time, point)`` mm without gaps, bridged steps and joins, 0 for points without any value; a gap shows the value before it."""
    return np.nan_to_num(filled(bridge_joins(supported_levels(past), past.jump)))


def _split(level: Array, modes: Array) -> tuple[Array, Array]:
    """Scores ``(time, mode)`` relative to the first date, and the remainder ``(time, point)``."""
    field = level - level[0]
    scores = field @ modes
    return scores, field - scores @ modes.T


def _same_number(modes: Array, count: int) -> Array:
    """Padded with empty modes, where the points to forecast have fewer than those of the training had."""
    return np.pad(modes, ((0, 0), (0, max(count - modes.shape[1], 0))))[:, :count]


def _inputs(scores: Array, past: TrainingData, origins: np.ndarray[Any, Any], steps: list[int], window: int) -> Array:
    """``(origin, mode, step, feature)``: levels relative to the origin's, newest first, and the change of the season."""
    before = np.maximum(origins[:, None] - 1 - np.arange(window), 0)
    lags = (scores[before] - scores[origins][:, None]).transpose(0, 2, 1)
    calendar = past.calendar
    ahead = np.minimum(origins[:, None] + np.array(steps), len(calendar) - 1)
    season = phase(calendar[ahead]) - phase(calendar[origins])[:, None]
    shape = (len(origins), scores.shape[1], len(steps))
    parts = [np.broadcast_to(lags[:, :, None], (*shape, window)), np.broadcast_to(season[:, None], (*shape, 2))]
    return np.concatenate(parts, axis=-1)


def _regressions(scores: Array, past: TrainingData, steps: list[int], window: int, penalties: Array) -> Array:
    """``(penalty, mode, step, feature)`` ridge coefficients of each mode by itself, in units of its own steps."""
    origins = np.arange(window, len(scores) - 1)
    inputs = _inputs(scores, past, origins, steps, window)
    modes = scores.shape[1]
    out = np.zeros((len(penalties), modes, len(steps), window + 2))
    for mode in range(modes):
        unit = float(np.sqrt((np.diff(scores[:, mode]) ** 2).mean()))
        if not unit > 0:
            continue
        scale = np.append(np.full(window, unit), [1.0, 1.0])
        for at, step in enumerate(steps):
            rows = origins[origins + step < len(scores)]
            if not rows.size:
                continue
            x = inputs[: len(rows), mode, at] / scale
            y = (scores[rows + step, mode] - scores[rows, mode]) / unit
            values, vectors = np.linalg.eigh(x.T @ x / len(rows))
            along = vectors.T @ (x.T @ y / len(rows))
            fitted = (along / (np.maximum(values, 0.0) + penalties[:, None])) @ vectors.T
            out[:, mode, at] = fitted * unit / scale
    return out


def smooth(values: Array, alpha: float) -> Array:
    """``(time, point)`` simple exponential smoothing that starts with the first value: ``l(t) = l(t-1) + alpha (x(t) - l(t-1))``."""
    level = np.empty_like(values)
    level[0] = values[0]
    for index in range(1, len(values)):
        level[index] = level[index - 1] + alpha * (values[index] - level[index - 1])
    return level


def _mae(error: Array, unit: Array) -> float:
    return float(np.nanmean(np.abs(error) / unit))
