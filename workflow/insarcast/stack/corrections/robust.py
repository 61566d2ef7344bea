"""Robust regression of one date's values, and how much of it could be chance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]

_HUBER, _BISQUARE = 1.345, 4.685  # 95 % as good as least squares where the noise is Gaussian
_ROUNDS = 15


def fit_robustly(terms: Float, values: Float) -> tuple[Float, Float]:
    """Coefficients of a linear model by iteratively reweighted least squares.

    Huber's weights first, then Tukey's bisquare from there, which leaves out what lies far off (Holland & Welsch 1977): ground
    that moved.

    Args:
        terms: (n_terms, n) regressors.
        values: (n,) what they explain.

    Returns:
        (n_terms,) coefficients; (n,) the last weights.
    """
    weights = np.ones(len(values))
    found = _solve(terms, values, weights)
    for number in range(2 * _ROUNDS):
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


def _solve(terms: Float, values: Float, weights: Float) -> Float:
    weighted = terms * weights
    return np.asarray(np.linalg.lstsq(weighted @ terms.T, weighted @ values, rcond=1e-12)[0], np.float64)


def _huber(u: Float) -> Float:
    return np.asarray(_HUBER / np.maximum(np.abs(u), _HUBER), np.float64)


def _bisquare(u: Float) -> Float:
    return np.asarray(np.clip(1 - (u / _BISQUARE) ** 2, 0, None) ** 2, np.float64)
