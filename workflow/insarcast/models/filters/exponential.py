"""Simple exponential smoothing, and the Theta method that adds half the slope of the straight line."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from insarcast.core import InsarcastError

from ..data import Array, TrainingData
from ..law import Law
from ..pooled import Pooled
from ..simple.line import fit_line
from .recursion import best_weight, common_weight, smooth


class Ses(Pooled):
    """Simple exponential smoothing: the ground stays where a mean of the past that forgets puts it.

    The level moves by the share alpha of each one-step error (see :func:`~insarcast.models.filters.recursion.smooth` for the start of a
    series and for breaks); alpha is per measured date, whatever the days between two. One alpha is learnt from all points up to the
    end of training, for a short noisy series says little about its own.
    With ``s2`` the mean squared one-step error of the point and W the precision of its level, the variance h dates ahead is
    ``s2 ((1 - alpha) (1 + 1/W) + h alpha^2)``; for a long series, ``W = 1 / alpha``, this is ``s2 (1 + (h - 1) alpha^2)`` (Hyndman,
    Koehler, Ord & Snyder 2008, Forecasting with Exponential Smoothing, table 6.2). Student's t with as many degrees of freedom as there are
    errors. The increment is the level minus the last observed value, which is known.
    """

    settings: ClassVar[tuple[str, ...]] = ("alpha", "join")

    def __init__(self, alpha: float | str = "pooled", join: float = 2.0) -> None:
        """Of all points together or each by itself.

        Args:
            alpha: weight of the newest value: ``pooled``, learnt from all points; ``own``, from each point's own past; or a number.
            join: variance of the step where two releases of a product join, in variances of one date's noise; 0: there is no step.
        """
        super().__init__()
        if alpha not in ("pooled", "own") and (isinstance(alpha, str) or not 0 < alpha <= 1):
            raise InsarcastError(
                f"alpha of exponential smoothing is 'pooled', 'own' or a number above 0 and up to 1, not {alpha}."
            )
        self.alpha = alpha
        self.join = join

    def _learn(self, past: TrainingData, *, seed: int, device: str, progress: bool) -> dict[str, np.ndarray[Any, Any]]:
        if self.alpha == "pooled":
            return {"alpha": common_weight(past, self.join, self._slope)}
        return {"alpha": np.array([np.nan if self.alpha == "own" else float(self.alpha)])}

    def _law(self, past: TrainingData, horizons: list[int], lead: Array) -> Law:
        slope = self._slope(past)
        alpha = best_weight(past, self.join, slope) if self.alpha == "own" else self.learnt["alpha"]
        end = smooth(past, alpha, self.join)
        rate = np.zeros(past.points) if slope is None else slope
        freedom = np.broadcast_to(end.n, (past.points,))
        s2 = np.where(freedom > 0, end.errors(rate) / np.maximum(freedom, 1), np.nan)
        steps = np.array(horizons, "float64")[:, None]
        growth = (1 - alpha) * (1 + 1 / np.maximum(end.weight, 1.0)) + steps * alpha**2
        ahead = past.days[-1] + lead[:, None] - end.day
        return Law(end.level - past.displacement[-1] + rate * ahead, np.sqrt(s2 * growth), freedom)

    def _slope(self, past: TrainingData) -> Array | None:
        """``(point,)`` mm per day of a line that is added; None where there is none."""
        return None


class Theta(Ses):
    """The Theta method: the mean of the straight line and of exponential smoothing of the series with its curvature doubled.

    Assimakopoulos & Nikolopoulos 2000, Int. J. Forecasting 16, 521-530. As smoothing is linear, the mean of the line ``l`` and the
    smoothed ``2 d - l`` is ``S(d)(t) + b/2 (x + tau - S(x)(t))``: exponential smoothing with half the slope b of least squares as
    drift (Hyndman & Billah 2003, Int. J. Forecasting 19, 287-290), here in days x, smoothed like the displacement, so that it holds
    on irregular dates. alpha minimises the one-step errors of this sum, b fitted to the whole past. The slope has an intercept for each run between
    bridged steps and joins, and is 0 for fewer than 4 dates. The law is that of :class:`Ses`, the slope taken for known.
    """

    def _slope(self, past: TrainingData) -> Array | None:
        line = fit_line(past, [len(past.time) - 1])
        return np.where(
            (line.freedom[0] > 1) & (line.sxx[0] > 0), line.sxy[0] / np.where(line.sxx[0] > 0, line.sxx[0], 1.0) / 2, 0.0
        )
