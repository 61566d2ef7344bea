"""Settlement that slows down: a curve of three parameters through the past."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from insarcast.core import InsarcastError

from ..data import Array, TrainingData
from ..law import Law, in_chunks
from ..series import Series
from .line import fit_line

# Time constants that are tried, days: from two months, below which the curve is flat within a season, to thirty years, nearly a line.
CONSTANTS = np.geomspace(60, 11000, 24)
# Points at a time.
CHUNK = 2048


class Fit(NamedTuple):
    """A curve through the past of each point.

    Attributes:
        rest: ``(origin, point)`` sum of squares, mm2; infinity where there is no curve.
        freedom: ``(origin, point)``.
        centre: ``(origin, horizon, point)`` displacement ahead, mm.
        spread: ``(origin, horizon, point)`` its variance, in variances of one date.
    """

    rest: Array
    freedom: Array
    centre: Array
    spread: Array

    def replaced(self, other: Fit, where: NDArray[np.bool_]) -> Fit:
        """With what ``other`` has, ``where`` (origin, point)."""
        flags = (where, where, where[:, None], where[:, None])
        return Fit(*(np.where(flag, new, old) for flag, new, old in zip(flags, other, self, strict=True)))


def _between(left: Fit, best: Fit, right: Fit) -> Fit:
    """Where the parabola through the sums of squares of three neighbours is lowest, all by parabolas through them."""
    known = np.isfinite(left.rest) & np.isfinite(right.rest) & np.isfinite(best.rest)
    rests = [np.where(known, part.rest, 0.0) for part in (left, best, right)]
    bend = rests[0] - 2 * rests[1] + rests[2]
    inner = known & (bend > 0) & (rests[0] > rests[1]) & (rests[2] > rests[1])
    at = np.where(inner, (rests[0] - rests[2]) / 2 / np.where(inner, bend, 1.0), 0.0)

    def along(parts: Sequence[Array], at: Array) -> Array:
        return parts[1] + at * (parts[2] - parts[0]) / 2 + at**2 * (parts[0] - 2 * parts[1] + parts[2]) / 2

    rest = np.where(inner, np.maximum(along(rests, at), 0.0), best.rest)
    wide = at[:, None]
    centre = np.where(wide == 0, best.centre, along([part.centre for part in (left, best, right)], wide))
    return Fit(rest, best.freedom, centre, best.spread)


class Consolidation(Series):
    """Least squares of ``d = c + a g(t)``, g a curve that approaches its end ever more slowly, on irregular dates.

    ``exponential``: ``g = 1 - exp(-t / T)``, the late stage of one-dimensional consolidation (Terzaghi 1943; Asaoka 1978, Soils
    and Foundations 18(4), 87-101); ``hyperbolic``: ``g = t / (T + t)`` (Tan, Inoue & Lee 1991, J. Geotech. Eng. 117(11)), t in days
    since the first date. The time constant T is the best of :data:`CONSTANTS`, to a parabola between neighbours, each with its least
    squares c and a, an intercept c for each run between bridged steps and joins of releases. The straight line is tried with them
    and kept where no curve leaves smaller squares, so where the motion accelerates. Predictive variance
    ``s2 (1 + 1/n + (g - g0)^2 / Sgg)``, T taken for known except that it costs a degree of freedom.
    """

    settings: ClassVar[tuple[str, ...]] = ("curve",)

    def __init__(self, curve: str = "exponential") -> None:
        super().__init__()
        if curve not in ("exponential", "hyperbolic"):
            raise InsarcastError(f"curve of consolidation is 'exponential' or 'hyperbolic', not '{curve}'.")
        self.curve = curve

    def _law(self, data: TrainingData, indices: Sequence[int], lead: Array) -> Law:
        return in_chunks(data, CHUNK, lambda part: self._curves(part, indices, lead))

    def _curves(self, data: TrainingData, indices: Sequence[int], lead: Array) -> Law:
        line = self._fit(data, indices, lead, None)
        best = left = right = self._fit(data, indices, lead, CONSTANTS[0])
        before, fresh = best, np.ones(best.rest.shape, bool)
        for constant in CONSTANTS[1:]:
            here = self._fit(data, indices, lead, constant)
            right = right.replaced(here, fresh)  # the neighbour of what was the best so far
            fresh = here.rest < best.rest
            best, left = best.replaced(here, fresh), left.replaced(before, fresh)
            right = right.replaced(here, fresh)  # until the next one comes
            before = here
        curve = _between(left, best, right)
        # A curve must beat the line by more than rounding, or a perfect line would be bent at random.
        fit = line.replaced(curve, curve.rest < line.rest * (1 - 1e-9) - 1e-12)
        freedom = np.maximum(fit.freedom, 0.0)
        s2 = np.where((freedom > 0) & np.isfinite(fit.rest), fit.rest, np.nan) / np.maximum(freedom, 1)
        return Law(fit.centre - data.displacement[list(indices)][:, None], np.sqrt(s2[:, None] * fit.spread), freedom)

    def _fit(self, data: TrainingData, indices: Sequence[int], lead: Array, constant: float | None) -> Fit:
        """Least squares with one time constant; None: the line."""
        days = data.days
        sums = fit_line(data, indices, self._shape(days, constant))
        freedom = sums.freedom - (constant is not None)
        able = (sums.sxx > 0) & (freedom > (-1 if constant is None else 0))  # a curve needs an error to be judged by
        sxx = np.where(able, sums.sxx, 1.0)
        slope = sums.sxy / sxx
        rest = np.where(able, np.maximum(sums.syy - slope * sums.sxy, 0.0), np.inf)
        ahead = self._shape(days[list(indices)][:, None] + lead, constant)[..., None] - sums.x0[:, None]
        centre = np.where(able[:, None], sums.y0[:, None] + slope[:, None] * ahead, np.nan)
        return Fit(rest, freedom, centre, 1 + 1 / np.maximum(sums.n, 1)[:, None] + ahead**2 / sxx[:, None])

    def _shape(self, days: Array, constant: float | None) -> Array:
        """The curve at ``days`` since the first date; without a constant the line."""
        if constant is None:
            return days
        return -np.expm1(-days / constant) if self.curve == "exponential" else days / (constant + days)
