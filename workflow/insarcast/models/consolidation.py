"""Settlement that slows down: a curve of three parameters through the past."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from insarcast.core import InsarcastError

from .data import TrainingData
from .linear import fit_line
from .series import Array, Law, Series

# Time constants that are tried, days: from two months, below which the curve is flat within a season, to thirty years, nearly a line.
CONSTANTS = np.geomspace(60, 11000, 16)


class Consolidation(Series):
    """Least squares of ``d = c + a g(t)``, g a curve that approaches its end ever more slowly, on irregular dates.

    ``exponential``: ``g = 1 - exp(-t / T)``, the late stage of one-dimensional consolidation (Terzaghi 1943; Asaoka 1978, Soils and
    Foundations 18(4), 87-101); ``hyperbolic``: ``g = t / (T + t)`` (Tan, Inoue & Lee 1991, J. Geotech. Eng. 117(11)), t in days since the first date.
    The time constant T is the best of :data:`CONSTANTS`, each tried with its least squares c and a, an intercept c for each run between bridged
    steps and joins of releases. The straight line is tried with them and kept where no curve leaves smaller squares, so where the
    motion accelerates. Predictive variance ``s2 (1 + 1/n + (g - g0)^2 / Sgg)``, T taken for known except that it costs a degree of
    freedom.
    """

    settings: ClassVar[tuple[str, ...]] = ("curve",)

    def __init__(self, curve: str = "exponential") -> None:
        super().__init__()
        if curve not in ("exponential", "hyperbolic"):
            raise InsarcastError(f"curve of consolidation is 'exponential' or 'hyperbolic', not '{curve}'.")
        self.curve = curve

    def _law(self, data: TrainingData, indices: Sequence[int], lead: Array) -> Law:
        days = data.days
        ends = days[list(indices)]
        later = ends[:, None] + lead
        best = np.full((len(indices), data.points), np.inf)
        centre, spread = (np.full((*lead.shape, data.points), np.nan) for _ in range(2))
        freedom = np.zeros(best.shape)
        for constant in (None, *CONSTANTS):
            fit = fit_line(data, indices, self._shape(days, constant))
            able = (fit.sxx > 0) & (
                fit.freedom > (-1 if constant is None else 1)
            )  # a curve needs a date more than a line, and an error
            slope = fit.sxy / np.where(able, fit.sxx, 1.0)
            rest = np.where(able, np.maximum(fit.syy - slope * fit.sxy, 0.0), np.inf)
            # A curve must beat the line by more than rounding, or a perfect line would be bent at random.
            better = rest < best * (1 - 1e-9) - 1e-12 if constant is not None else able
            ahead = self._shape(later, constant)[..., None] - fit.x0[:, None]
            wide = better[:, None]
            centre = np.where(wide, fit.y0[:, None] + slope[:, None] * ahead, centre)
            grown = 1 + 1 / np.maximum(fit.n, 1)[:, None] + ahead**2 / np.where(able, fit.sxx, 1.0)[:, None]
            spread = np.where(wide, grown, spread)
            best = np.where(better, rest, best)
            freedom = np.where(better, np.maximum(fit.freedom - (constant is not None), 0), freedom)
        s2 = np.where((freedom > 0) & np.isfinite(best), best, np.nan) / np.maximum(freedom, 1)
        return Law(centre - data.displacement[list(indices)][:, None], np.sqrt(s2[:, None] * spread), freedom)

    def _shape(self, days: Array, constant: float | None) -> Array:
        """The curve at ``days`` since the first date; without a constant the line."""
        if constant is None:
            return days
        return -np.expm1(-days / constant) if self.curve == "exponential" else days / (constant + days)
