"""Multiple linear regression on the last values, one for all points."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from insarcast.core import InsarcastError

from ..data import Array, TrainingData
from ..law import Law
from ..noise import measured_steps, own_variance
from ..pooled import Pooled

# Windows that each unknown needs; a short history gets fewer lags.
LEAST = 3
# Most points that train, evenly from first to last.
SAMPLE = 4096


class Mlr(Pooled):
    """Multiple linear regression: the increment over h dates is a linear function of the last ``window`` values.

    The regression of the HLSTM paper (2021; its rows "MLR"), which takes the values of a window for the next one, here on
    increments, so that neither the level of a point nor the reference moves the forecast:
    ``d(t+h) - d(t) = c + sum_j a_j (d(t-j+1) - d(t-j))``, for each h by itself (direct). Least squares over the windows of all
    points (of 4,096 where there are more) up to the end of training, each point weighted by the inverse of its mean squared step.
    Lags count measured dates, whatever the days between them. Only windows with all their values train; a step that is missing,
    bridged or across a join of releases counts as no motion in a forecast. The variance is that of the residuals in units of the
    point's mean squared step, Student's t with as many degrees of freedom as the point has steps.
    """

    settings: ClassVar[tuple[str, ...]] = ("window",)

    def __init__(self, window: int = 20) -> None:
        super().__init__()
        if window < 2:
            raise InsarcastError(f"mlr needs a window of at least 2 values, not {window}.")
        self.window = window

    def _learn(self, past: TrainingData, *, seed: int, device: str, progress: bool) -> dict[str, np.ndarray[Any, Any]]:
        if past.points > SAMPLE:
            past = past.take(np.linspace(0, past.points - 1, SAMPLE).astype("intp"))
        step, known = measured_steps(past)
        common = np.array([(step**2).sum() / max(known.sum(), 1)])
        lags = min(self.window - 1, max((len(past.time) - 1) // (LEAST + 1), 1))
        many = max(self.horizons, default=1)
        level = np.cumsum(step, axis=0)
        variance = own_variance(step, known, common)
        weights, ratio = np.zeros((many, lags + 1)), np.zeros(many)
        for horizon in range(1, many + 1):
            square, product, energy, windows = np.zeros((lags + 1, lags + 1)), np.zeros(lags + 1), 0.0, 0
            for end in range(lags, len(step) - horizon):
                use = known[end + 1 - lags : end + horizon + 1].all(axis=0) / variance
                terms = np.concatenate([np.ones((1, past.points)), step[end + 1 - lags : end + 1]])
                target = level[end + horizon] - level[end]
                weighted = terms * use
                square += weighted @ terms.T
                product += weighted @ target
                energy += float(use @ target**2)
                windows += int(np.count_nonzero(use))
            if windows >= LEAST * (lags + 1):
                weights[horizon - 1] = np.linalg.lstsq(square, product, rcond=1e-10)[0]
                energy = max(energy - float(weights[horizon - 1] @ product), 0.0)
            ratio[horizon - 1] = energy / windows if windows else horizon  # a random walk's, where nothing is known
        return {"weights": weights, "ratio": ratio, "common": common}

    def _law(self, past: TrainingData, horizons: list[int], lead: Array) -> Law:
        weights = self.learnt["weights"]
        if max(horizons) > len(weights):
            raise InsarcastError(
                f"mlr was trained for 1 to {len(weights)} dates ahead, not for {max(horizons)}; train it for these too."
            )
        rows = np.array(horizons) - 1
        step, known = measured_steps(past)
        lags = weights.shape[1] - 1
        recent = np.zeros((lags, past.points))
        recent[lags - min(lags, len(step) - 1) :] = step[1:][-lags:]
        terms = np.concatenate([np.ones((1, past.points)), recent])
        missing = np.where(np.isfinite(past.displacement[-1]), 0.0, np.nan)
        scale = np.sqrt(self.learnt["ratio"][rows, None] * own_variance(step, known, self.learnt["common"]))
        freedom = known.sum(axis=0).astype("float64")
        return Law(np.einsum("hk,kp->hp", weights[rows], terms) + missing, scale, freedom)
