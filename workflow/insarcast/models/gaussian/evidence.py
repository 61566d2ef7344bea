"""Evidence and prediction of many Gaussian processes at once: one Cholesky factor serves every point and every low-rank part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data import Array
from ..season import YEAR
from .kernels import LEVEL, Motion, covariance


@dataclass(frozen=True)
class Grid:
    """All kernels: every motion with every variance of the rate and of the jump at a release join.

    Attributes:
        motions: covariances that need a Cholesky factor each.
        rates: standard deviations of the rate per year, in units of the noise's.
        jumps: variances of the jump, in units of the noise variance, 0 first.
    """

    motions: tuple[Motion, ...]
    rates: tuple[float, ...]
    jumps: tuple[float, ...]

    @property
    def size(self) -> int:
        """Number of kernels; the jump's variance runs fastest, then the rate's."""
        return len(self.motions) * len(self.rates) * len(self.jumps)


@dataclass(frozen=True)
class Answers:
    """What the kernels say about some points.

    Attributes:
        misfit: ``(kernel, point)`` Q = y' K^-1 y in mm2.
        log_det: ``(kernel,)`` log det K.
        mean: ``(kernel, target, point)`` predicted displacement in mm.
        spread: ``(kernel, target)`` predictive variance in units of the noise variance, the target's own noise included.
    """

    misfit: Array
    log_det: Array
    mean: Array
    spread: Array


class Stepped(NamedTuple):
    """What a jump would change for one kernel.

    Attributes:
        misfit: ``(point,)`` Q in mm2 without the jump.
        log_det: log det K without it.
        stepped: ``(candidate, point)`` Q with it.
        log_dets: ``(candidate,)`` log det K with it.
    """

    misfit: Array
    log_det: float
    stepped: Array
    log_dets: Array


@dataclass(frozen=True)
class _Whitened:
    """Inner products of values, low-rank columns and targets in the metric of one covariance, ``K0 = signal + noise``."""

    log_det: float
    misfit: Array  # (point,) y' K0^-1 y
    cross: Array  # (column, point) U' K0^-1 y
    gram: Array  # (column, column) U' K0^-1 U
    mean: Array  # (target, point)
    spread: Array  # (target,)
    left: Array  # (target, column) the columns at the targets less what the past explains of them


def _whiten(cov: Array, values: Array, columns: Array) -> _Whitened:
    from scipy.linalg import cholesky, solve_triangular

    n, points = values.shape
    width = columns.shape[1]
    factor = cholesky(cov[:n, :n], lower=True, check_finite=False)
    right = np.concatenate([values, columns[:n], cov[:n, n:]], axis=1)
    right = solve_triangular(factor, right, lower=True, check_finite=False, overwrite_b=True)
    y, u, k = right[:, :points], right[:, points : points + width], right[:, points + width :]
    return _Whitened(
        log_det=2 * float(np.log(np.diag(factor)).sum()),
        misfit=np.einsum("tp,tp->p", y, y),
        cross=u.T @ y,
        gram=u.T @ u,
        mean=k.T @ y,
        spread=np.diag(cov)[n:] - np.einsum("th,th->h", k, k),
        left=columns[n:] - k.T @ u,
    )


def _columns(days: Array, steps: Array) -> Array:
    """``(date, column)`` level, rate per year, and a step after each join."""
    return np.concatenate([np.ones((len(days), 1)), (days - days[0])[:, None] / YEAR, steps], axis=1)


def answers(grid: Grid, values: Array, days: Array, steps: Array, annual: Array) -> Answers:
    """Evidence and predictions of every kernel for points that were measured on the same dates.

    Level, rate and jumps are columns U with prior variances C added to the covariance ``K0`` of a motion, ``K = K0 + U C U'``; so
    ``y' K^-1 y = y' K0^-1 y - g' M^-1 g`` and ``log det K = log det K0 + log det M + log det C`` with ``M = C^-1 + U' K0^-1 U``,
    ``g = U' K0^-1 y`` (Woodbury; Rasmussen & Williams 2006, section 2.7 and appendix A.3).

    Args:
        grid: the kernels.
        values: ``(time, point)`` mm, no NaN.
        days: ``(time + target,)`` days of the values and then of the targets.
        steps: ``(time + target, join)`` 1 after a release join, else 0; no column where there is none, and then jumps count for nothing.
        annual: covariance of the annual cycle.
    """
    columns = _columns(days, steps)
    parts: list[tuple[Array, float, Array, Array]] = []
    for motion in grid.motions:
        white = _whiten(covariance(motion, days, annual), values, columns)
        for rate, jump in product(grid.rates, grid.jumps):
            prior = np.array([LEVEL, rate**2] + [jump] * steps.shape[1])
            use = prior > 0
            inner = np.diag(1 / prior[use]) + white.gram[np.ix_(use, use)]
            inverse, cross, left = np.linalg.inv(inner), white.cross[use], white.left[:, use]
            weight = inverse @ cross
            log_det = white.log_det + float(np.linalg.slogdet(inner)[1]) + float(np.log(prior[use]).sum())
            spread = white.spread + np.einsum("hi,ij,hj->h", left, inverse, left)
            parts.append((white.misfit - (cross * weight).sum(axis=0), log_det, white.mean + left @ weight, spread))
    misfits, log_dets, means, spreads = zip(*parts, strict=True)
    return Answers(np.maximum(np.array(misfits), 0.0), np.array(log_dets), np.array(means), np.array(spreads))


def step_gains(grid: Grid, values: Array, days: Array, annual: Array, first: NDArray[np.intp], jump: float) -> Iterator[Stepped]:
    """For each motion and rate, what a jump of variance ``jump`` before each date would change.

    Args:
        grid: the kernels; their jumps are left out.
        values: ``(time, point)`` mm, no NaN.
        days: ``(time,)`` days.
        annual: covariance of the annual cycle.
        first: ``(candidate,)`` index of the first date after the jump.
        jump: variance of the jump in units of the noise variance.

    Yields:
        the evidence's parts with and without the jump, motion by motion and rate by rate.
    """
    steps = (np.arange(len(days))[:, None] >= first).astype("float64")
    columns = _columns(days, steps)
    for motion in grid.motions:
        white = _whiten(covariance(motion, days, annual), values, columns)
        for rate in grid.rates:
            prior = np.array([LEVEL, rate**2])
            inner = np.diag(1 / prior) + white.gram[:2, :2]
            inverse = np.linalg.inv(inner)
            weight = inverse @ white.cross[:2]
            misfit = white.misfit - (white.cross[:2] * weight).sum(axis=0)
            log_det = white.log_det + float(np.linalg.slogdet(inner)[1]) + float(np.log(prior).sum())
            mixed = white.gram[2:, :2]
            pull = white.cross[2:] - mixed @ weight
            size = np.diag(white.gram)[2:] - np.einsum("ci,ij,cj->c", mixed, inverse, mixed)
            with_jump = misfit - pull**2 / (1 / jump + size)[:, None]
            yield Stepped(misfit, log_det, np.maximum(with_jump, 0.0), log_det + np.log1p(jump * size))


def log_evidence(misfit: Array, log_det: Array, n: int, shape: float, rate: float) -> Array:
    """Log evidence up to a constant, with the noise variance integrated out under an inverse gamma prior.

    ``-(a0 + n/2) log(b0 + Q/2) - log det K / 2``: the multivariate Student's t (Bishop 2006, Pattern Recognition and Machine
    Learning, section 2.3.7; Rasmussen & Williams 2006, section 9.9).

    Args:
        misfit: Q in mm2.
        log_det: log det K, broadcast against it.
        n: number of dates.
        shape: a0.
        rate: b0 in mm2.
    """
    return np.asarray(-(shape + n / 2) * np.log(rate + misfit / 2) - log_det / 2)


def prior_weights(evidences: Sequence[Array], before: Array, strength: float, steps: int) -> Array:
    """Prior weights ``(kernel,)`` that make the evidence of all points largest, by expectation maximisation from equal weights.

    Args:
        evidences: parts ``(kernel, point)`` of the log evidence.
        before: ``(kernel,)`` weights believed before, adding to 1.
        strength: how many points that belief counts for (a Dirichlet prior with ``strength * before`` pseudo-counts).
        steps: rounds of expectation and maximisation.
    """
    weights = np.full(len(before), 1 / len(before))
    scaled = [np.exp(part - part.max(axis=0)) for part in evidences]
    for _ in range(steps if scaled else 0):
        total = strength * before
        for part in scaled:
            total = total + part @ (1 / (weights @ part)) * weights
        weights = np.maximum(total / total.sum(), 1e-12)
    return weights if scaled else before


def posterior(evidence: Array, weights: Array) -> Array:
    """``(kernel, point)`` posterior weights of the kernels, each point's adding to 1."""
    joint = np.exp(evidence - evidence.max(axis=0)) * weights[:, None]
    return np.asarray(joint / joint.sum(axis=0))
