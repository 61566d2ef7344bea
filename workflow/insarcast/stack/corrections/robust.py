"""Robust regression of one date's values, and how much of it could be chance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]

_HUBER, _BISQUARE = 1.345, 4.685  # 95 % as good as least squares where the noise is Gaussian
_ROUNDS = 15
_SUBSETS, _LOOK = 100, 500
_CLEARLY = 0.7


def fit_robustly(terms: Float, values: Float) -> tuple[Float, Float]:
    """Coefficients of a linear model by iteratively reweighted least squares.

    Huber's weights first, then Tukey's bisquare from there, which leaves out what lies far off (Holland & Welsch 1977): ground
    that moved. The start is least squares, or, where more than half of the values agree far better on something else, the least
    median of absolute residuals over random subsets (Rousseeuw 1984): up to half of the ground may move.

    Args:
        terms: (n_terms, n) regressors.
        values: (n,) what they explain.

    Returns:
        (n_terms,) coefficients; (n,) the last weights.
    """
    weights = np.ones(len(values))
    found, far = _start(terms, values)
    for number in range(_ROUNDS if far else 0, 2 * _ROUNDS):
        residual = values - found @ terms
        scale = 1.4826 * float(np.median(np.abs(residual)))
        if scale == 0:
            break
        weights = _huber(residual / scale) if number < _ROUNDS else _bisquare(residual / scale)
        found, before = _solve(terms, values, weights), found
        if number >= _ROUNDS and np.allclose(found, before, rtol=1e-6, atol=1e-9):
            break
    return found, weights


def jackknife(terms: Float, values: Float, weights: Float, groups: npt.NDArray[np.int64]) -> Float:
    """Covariance of the coefficients, by leaving out one part of the scene after the other.

    Neighbours share their air, so thousands of pixels are few independent ones, and the formal error is far too small. Parts that
    are larger than the air's structures are nearly independent (delete-a-group jackknife, Kott 2001).

    Args:
        terms: (n_terms, n) regressors.
        values: (n,) what they explain.
        weights: (n,) of the fit.
        groups: (n,) part of the scene that a pixel lies in.

    Returns:
        (n_terms, n_terms); infinite where leaving out one part leaves nothing to fit.
    """
    weighted = terms * weights
    numbers = np.unique(groups)
    whole, right = weighted @ terms.T, weighted @ values
    left_out = []
    for number in numbers:
        inside = groups == number
        matrix = whole - weighted[:, inside] @ terms[:, inside].T
        if np.linalg.cond(matrix) > 1e12:
            return np.diag(np.full(len(terms), np.inf))
        left_out.append(np.linalg.solve(matrix, right - weighted[:, inside] @ values[inside]))
    if len(numbers) < 2:
        return np.diag(np.full(len(terms), np.inf))
    spread = np.array(left_out) - np.mean(left_out, 0)
    return np.asarray((len(numbers) - 1) / len(numbers) * spread.T @ spread, np.float64)


def _start(terms: Float, values: Float) -> tuple[Float, bool]:
    """Where to start, and whether that is far from least squares, to where Huber's weights would lead back."""
    plain = _solve(terms, values, np.ones(len(values)))
    rng = np.random.default_rng(0)
    few = rng.integers(0, len(values), min(_LOOK, len(values)))
    picks = rng.integers(0, len(values), (_SUBSETS, 2 * len(terms)))
    subsets = terms[:, picks].transpose(1, 2, 0)  # (subset, pixel, term)
    right = subsets.transpose(0, 2, 1) @ values[picks][:, :, None]
    normal = subsets.transpose(0, 2, 1) @ subsets
    normal += 1e-9 * np.trace(normal, axis1=1, axis2=2)[:, None, None] * np.eye(len(terms))
    found = np.concatenate([plain[None], np.linalg.solve(normal, right)[:, :, 0]])
    medians = np.median(np.abs(values[few] - found @ terms[:, few]), axis=1)
    best = int(np.argmin(medians))
    far = bool(medians[best] < _CLEARLY * medians[0])
    return (found[best] if far else plain), far


def _solve(terms: Float, values: Float, weights: Float) -> Float:
    weighted = terms * weights
    return np.asarray(np.linalg.lstsq(weighted @ terms.T, weighted @ values, rcond=1e-12)[0], np.float64)


def _huber(u: Float) -> Float:
    return np.asarray(_HUBER / np.maximum(np.abs(u), _HUBER), np.float64)


def _bisquare(u: Float) -> Float:
    return np.asarray(np.clip(1 - (u / _BISQUARE) ** 2, 0, None) ** 2, np.float64)
