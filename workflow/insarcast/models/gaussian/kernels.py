"""The kernels of the Gaussian-process average: what a displacement series may be made of, in units of its noise variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data import Array
from ..season import YEAR

OMEGA = 2 * np.pi / YEAR
LEVEL = 100.0  # prior variance of the unknown level: wide against noise of variance 1
MEMORY = 30.0  # days in which the fast motion (Ornstein-Uhlenbeck) forgets
WALK = 120.0  # days in which the random walk gathers its variance
FADING = 4000.0  # days in which one season's shape is forgotten
HALF_YEAR = 0.03  # prior variance of the half-yearly cycle where the annual one has its usual size


@dataclass(frozen=True)
class Motion:
    """One covariance that needs a Cholesky factor of its own.

    Attributes:
        short: variance of the motion that forgets within a month (Ornstein-Uhlenbeck).
        walk: variance that a random walk gathers in 120 days.
        season: size of the annual and half-yearly cycle, 1: as its covariance over all points says.
    """

    short: float
    walk: float
    season: float


def motions(variances: Sequence[float], walks: Sequence[float], seasons: Sequence[float]) -> list[Motion]:
    """No motion, fast motion or a random walk of each variance, further walks; each with every size of the season."""
    kinds = [(0.0, 0.0), *((v, 0.0) for v in variances), *((0.0, v) for v in (*variances, *walks))]
    return [Motion(short, walk, season) for short, walk in kinds for season in seasons]


def covariance(motion: Motion, days: Array, annual: Array) -> Array:
    """Prior covariance ``(date, date)`` of signal plus noise, without level, rate and release joins.

    ``short exp(-|dt| / 30) + walk min(t, t') / 120 + season exp(-|dt| / 4000) [c(t)' A c(t') + 0.03 cos(2 w dt)] + 1[t = t']`` with
    ``c(t) = (cos w t, sin w t)``, ``w = 2 pi / 365.25`` per day: Rasmussen & Williams 2006, Gaussian Processes for Machine Learning,
    chapter 4, for the parts.

    Args:
        motion: the variances, in units of the noise variance.
        days: ``(date,)`` days, ascending; the random walk starts at the first.
        annual: ``(2, 2)`` A, prior covariance of the annual cosine and sine.
    """
    gap = np.abs(days[:, None] - days)
    cov = np.eye(len(days))
    if motion.short:
        cov += motion.short * np.exp(-gap / MEMORY)
    if motion.walk:
        since = days - days[0]
        cov += motion.walk / WALK * np.minimum(since[:, None], since)
    if motion.season:
        wave = cycle(days)
        cov += motion.season * np.exp(-gap / FADING) * (wave @ annual @ wave.T + HALF_YEAR * np.cos(2 * OMEGA * gap))
    return cov


def cycle(days: Array) -> Array:
    """``(date, 2)`` cosine and sine of the year."""
    return np.stack([np.cos(OMEGA * days), np.sin(OMEGA * days)], axis=1)


def annual_covariance(values: Array, days: Array, least: int = 20) -> Array:
    """Covariance ``(2, 2)`` over points of the annual cosine and sine, in units of each point's noise variance.

    Level, rate, cosine and sine are fitted to each point by least squares; ``A = mean_i [b_i b_i' / s_i^2 - (X_i' X_i)^-1]``, the
    spread of the coefficients less what noise alone would give, made positive. With too few dates or points to tell, the identity
    times 0.1: a small cycle of any phase.

    Args:
        values: ``(time, point)`` mm, NaN where there is none.
        days: ``(time,)`` days.
        least: fewest dates of a point, which must also span 1.1 years.
    """
    known = np.isfinite(values)
    first = np.where(known.any(axis=0), days[known.argmax(axis=0)], 0.0)
    last = np.where(known.any(axis=0), days[len(days) - 1 - known[::-1].argmax(axis=0)], 0.0)
    use = np.flatnonzero((known.sum(axis=0) >= least) & (last - first >= 1.1 * YEAR))
    if use.size < 3:
        return 0.1 * np.eye(2)
    total = np.zeros((2, 2))
    count = 0
    patterns, which = np.unique(known[:, use].T, axis=0, return_inverse=True)
    for at, pattern in enumerate(patterns):
        rows, here = np.flatnonzero(pattern), use[which.ravel() == at]
        x = np.concatenate([np.ones((rows.size, 1)), days[rows, None] / YEAR, cycle(days[rows])], axis=1)
        if np.linalg.cond(x) > 1e6:
            continue
        inverse = np.linalg.inv(x.T @ x)
        y = values[np.ix_(rows, here)]
        b = inverse @ (x.T @ y)
        s2 = ((y - x @ b) ** 2).sum(axis=0) / (rows.size - 4)
        moving = s2 > 0
        scaled = b[2:, moving] / np.sqrt(s2[moving])
        total += scaled @ scaled.T - moving.sum() * inverse[2:, 2:]
        count += int(moving.sum())
    if count < 3:
        return 0.1 * np.eye(2)
    size, axes = np.linalg.eigh(total / count)
    return np.asarray((axes * np.maximum(size, 1e-3)) @ axes.T)
