"""A straight line and a yearly swing through the past."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..data import Array, TrainingData
from ..law import Law, in_chunks
from ..season import TELLS_SWING, YEAR
from .line import Linear

# Points at a time.
CHUNK = 2048


def annual_design(days: Array) -> Array:
    """``(3, time)`` slope in years, cosine and sine of a year; ``days`` since any fixed date."""
    turn = 2 * np.pi * days / YEAR
    return np.stack([days / YEAR, np.cos(turn), np.sin(turn)])


class Sums(NamedTuple):
    """Sums of a regression up to each origin; n, z0 and y0 are of the last run between breaks.

    Attributes:
        n: ``(origin, point)`` dates.
        z0: ``(origin, term, point)`` mean of the terms.
        y0: ``(origin, point)`` mean displacement, mm.
        szz: ``(origin, term, term, point)`` products about the means of each run.
        szy: ``(origin, term, point)``.
        syy: ``(origin, point)``.
        freedom: ``(origin, point)`` dates minus runs.
        span: ``(origin, point)`` days from the first date to the last.
    """

    n: Array
    z0: Array
    y0: Array
    szz: Array
    szy: Array
    syy: Array
    freedom: Array
    span: Array


def fit_terms(data: TrainingData, indices: Sequence[int], terms: Array) -> Sums:
    """Least squares of the displacement on ``terms`` (term, time), with an intercept for each run between bridges and joins."""
    fresh = ~data.observed if data.jump is None else ~data.observed | data.jump
    many = len(terms)
    n, y0, syy, freedom, span = (np.zeros(data.points) for _ in range(5))
    z0, szy = (np.zeros((many, data.points)) for _ in range(2))
    szz = np.zeros((many, many, data.points))
    first = np.full(data.points, np.nan)
    notes: dict[int, Sums] = {}
    for index in range(max(indices, default=-1) + 1):
        n = np.where(fresh[index], 0.0, n)
        here = np.isfinite(data.displacement[index])
        value, term = np.where(here, data.displacement[index], 0.0), terms[:, index, None]
        start = here & (n == 0)
        z0, y0 = np.where(start, term, z0), np.where(start, value, y0)
        freedom = freedom + (here & ~start)
        n = n + here
        dz, dy = np.where(here, term - z0, 0.0), np.where(here, value - y0, 0.0)
        step = 1 / np.maximum(n, 1)
        z0, y0 = z0 + step * dz, y0 + step * dy  # Welford's update, stable for long series
        szz = szz + dz[:, None] * (dz - step * dz)
        szy, syy = szy + dz * (dy - step * dy), syy + dy * (dy - step * dy)
        first = np.where(here & np.isnan(first), data.days[index], first)
        span = np.where(here, data.days[index] - first, span)
        if index in indices:
            notes[index] = Sums(n, z0, y0, szz, szy, syy, freedom, span)
    return Sums(*(np.stack(parts) for parts in zip(*(notes[index] for index in indices), strict=True)))


class LinearAnnual(Linear):
    """Least squares of a line and a yearly swing, on irregular dates.

    ``d = c + b t + p cos(2 pi t / 365.25) + q sin(...)`` in elapsed days, an intercept c for each run between bridged steps and
    joins of releases; predictive variance ``s2 (1 + 1/n + z' Szz^-1 z)`` and Student's t with N dates - k runs - 3 degrees of
    freedom, as in :class:`~insarcast.models.simple.line.Linear`. A point whose past is shorter than a year and a half, or has fewer than 3 dates
    more than unknowns, gets the straight line alone: the swing would be taken for motion.
    """

    def _law(self, data: TrainingData, indices: Sequence[int], lead: Array) -> Law:
        return in_chunks(
            data, CHUNK, lambda part: self._swing(part, indices, lead, super(LinearAnnual, self)._law(part, indices, lead))
        )

    def _swing(self, data: TrainingData, indices: Sequence[int], lead: Array, line: Law) -> Law:
        """The line and the swing; ``line`` where that is not to be had."""
        if not len(indices):
            return line
        days = data.days
        sums = fit_terms(data, indices, annual_design(days))
        freedom = sums.freedom - 3
        szz = np.moveaxis(sums.szz, 3, 1)  # (origin, point, term, term)
        enough = (sums.span >= TELLS_SWING) & (freedom >= 3)
        enough &= np.linalg.det(szz) > 1e-6 * np.einsum("opkk->opk", szz).prod(axis=2)  # dates that tell the terms apart
        inverse = np.linalg.inv(np.where(enough[..., None, None], szz, np.eye(3)))
        beta = np.einsum("opkl,olp->okp", inverse, sums.szy)
        rest = np.maximum(sums.syy - (beta * sums.szy).sum(axis=1), 0.0)
        s2 = rest / np.maximum(freedom, 1)
        ahead = annual_design(days[list(indices)][:, None] + lead)  # (term, origin, horizon)
        z = np.moveaxis(ahead, 0, 2)[..., None] - sums.z0[:, None]  # (origin, horizon, term, point)
        centre = sums.y0[:, None] + (beta[:, None] * z).sum(axis=2) - data.displacement[list(indices)][:, None]
        spread = np.einsum("ohkp,opkl,ohlp->ohp", z, inverse, z)
        scale = np.sqrt(s2[:, None] * (1 + 1 / np.maximum(sums.n, 1)[:, None] + spread))
        wide = enough[:, None]
        return Law(
            np.where(wide, centre, line.centre), np.where(wide, scale, line.scale), np.where(enough, freedom, line.freedom)
        )
