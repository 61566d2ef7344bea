"""Whether neighbours are alike: Moran's I, its local form, and hot spots by Getis and Ord."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .neighbours import Weights

Array = NDArray[np.float64]

ALPHA = 0.05
# Gathered values in one piece of the permutations.
_PIECE = 2**23


class Autocorrelation(NamedTuple):
    """Moran's I of several fields, each ``(field,)``; NaN where a field does not vary or there are too few points.

    Attributes:
        i: Moran's I.
        z: its standard score under randomisation.
        p: two-sided.
    """

    i: Array
    z: Array
    p: Array


def moran(fields: Array, weights: Weights) -> Autocorrelation:
    """Global Moran's I with the moments under randomisation (Cliff and Ord 1981), without permutations.

    Args:
        fields: ``(field, point)``, no NaN.
        weights: of the points.
    """
    n = fields.shape[1]
    i, z, p = np.full((3, len(fields)), np.nan)
    varies = np.ptp(fields, axis=1) > 1e-9 * np.abs(fields).max(axis=1, initial=0) if n else np.zeros(len(fields), bool)
    if n < 4 or weights.s0 == 0 or not varies.any():
        return Autocorrelation(i, z, p)
    centred = fields[varies] - fields[varies].mean(axis=1, keepdims=True)
    square = centred**2
    lag = (weights.standard @ centred.T).T
    i[varies] = n / weights.s0 * (centred * lag).sum(axis=1) / square.sum(axis=1)
    kurtosis = n * (square**2).sum(axis=1) / square.sum(axis=1) ** 2
    s0, s1, s2 = weights.s0**2, weights.s1, weights.s2
    first = n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0)
    second = kurtosis * ((n**2 - n) * s1 - 2 * n * s2 + 6 * s0)
    expected = -1 / (n - 1)
    variance = (first - second) / ((n - 1) * (n - 2) * (n - 3) * s0) - expected**2
    z[varies] = (i[varies] - expected) / np.sqrt(np.where(variance > 0, variance, np.nan))
    return Autocorrelation(i, z, two_sided(z))


def two_sided(z: Array) -> Array:
    """Two-sided p of standard normal scores."""
    from scipy.special import ndtr

    return np.asarray(2 * ndtr(-np.abs(z)))


def getis_ord(field: Array, weights: Weights) -> Array:
    """Standard scores of G*, the sum over a point and its neighbours (Ord and Getis 1995, binary weights); NaN of a constant.

    Positive where high values gather. It does not depend on the level: the quotient by the sum of all values, which some
    implementations standardise, turns the sign where that sum is negative.

    Args:
        field: ``(point,)``, no NaN.
        weights: of the points.
    """
    n = len(field)
    if n < 3 or np.ptp(field) <= 1e-9 * np.abs(field).max():
        return np.full(n, np.nan)
    centred = field - field.mean()
    size = np.diff(weights.adjacency.indptr) + 1.0
    spread = np.sqrt((centred**2).mean() * size * (n - size) / (n - 1))
    return np.asarray((weights.adjacency @ centred + centred) / np.where(spread > 0, spread, np.nan))


def hot_and_cold(z: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Points whose G* is high, and low, at a false discovery rate of 5 % over all points, two-sided."""
    kept = discoveries(two_sided(z))
    return kept & (z > 0), kept & (z < 0)


def discoveries(p: Array) -> NDArray[np.bool_]:
    """Tests that stand at a false discovery rate of 5 % (Benjamini and Hochberg 1995); NaN does not."""
    from scipy.stats import false_discovery_control

    kept, known = np.zeros(p.shape, bool), np.isfinite(p)
    if known.any():
        kept[known] = false_discovery_control(p[known], method="bh") <= ALPHA
    return kept


def permutations_for(points: int, neighbours: int) -> int:
    """Permutations that cost a bounded time: 9999 for a few thousand points, never fewer than 999."""
    return int(np.clip(2**29 // max(points * neighbours, 1), 999, 9999))


class Local(NamedTuple):
    """Local Moran's I, each ``(point,)``.

    Attributes:
        i: Anselin's local I; NaN without neighbours, or in a constant field.
        p: two-sided pseudo p by conditional permutation.
        quadrant: 1 high among high, 2 low among high, 3 low among low, 4 high among low; 0 where i is not known.
    """

    i: Array
    p: Array
    quadrant: NDArray[np.int8]


def local_moran(field: Array, weights: Weights, permutations: int, seed: int) -> Local:
    """Local Moran's I (Anselin 1995): the point stays, its neighbours are redrawn from all other points.

    The same draws serve all points. The pseudo p counts the smaller tail twice: 2 (m + 1) / (permutations + 1), at most 1.

    Args:
        field: ``(point,)``, no NaN.
        weights: of the points.
        permutations: how many.
        seed: of the draws.
    """
    n = len(field)
    i, p, quadrant = np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, "int8")
    degree = np.diff(weights.adjacency.indptr)
    if n < 3 or not degree.any() or np.ptp(field) <= 1e-9 * np.abs(field).max():
        return Local(i, p, quadrant)
    z = (field - field.mean()) / field.std()
    lag = weights.standard @ z
    linked = degree > 0
    i[linked] = ((n - 1) / n * z * lag)[linked]
    names = np.where(z > 0, np.where(lag > 0, 1, 4), np.where(lag > 0, 2, 3)).astype("int8")
    quadrant[linked] = names[linked]
    rng = np.random.default_rng(seed)
    most = int(degree.max())
    drawn = np.stack([rng.choice(n - 1, most, replace=False, shuffle=True) for _ in range(permutations)])
    for size in np.unique(degree[linked]):
        own, others = np.flatnonzero(degree == size), drawn[:, :size]
        for block in np.array_split(own, math.ceil(len(own) * others.size / _PIECE)):
            # One of the other points: those from the point itself on are shifted by one.
            chosen = others + (others >= block[:, None, None])
            tries = z[block, None] * z[chosen].mean(axis=2)
            truth = (z * lag)[block, None]
            above, below = (tries >= truth).sum(axis=1), (tries <= truth).sum(axis=1)
            p[block] = np.minimum(2 * (np.minimum(above, below) + 1) / (permutations + 1), 1.0)
    return Local(i, p, quadrant)


def local_clusters(field: Array, weights: Weights, permutations: int, seed: int) -> NDArray[np.int8]:
    """Quadrants of the points whose local I stands at a false discovery rate of 5 %; 0 of the others."""
    found = local_moran(field, weights, permutations, seed)
    return np.where(discoveries(found.p), found.quadrant, 0).astype("int8")
