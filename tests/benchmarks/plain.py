"""Yardsticks in a few lines of numpy: what anybody would write before reaching for a library."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]


def design(pairs: npt.NDArray[np.int64], n_dates: int) -> Float:
    """(n_pairs, n_dates - 1): displacement at the dates after the first -> interferograms."""
    matrix = np.zeros((len(pairs), n_dates))
    matrix[np.arange(len(pairs)), pairs[:, 1]] = 1
    matrix[np.arange(len(pairs)), pairs[:, 0]] -= 1
    return matrix[:, 1:]


def solve(data: Float, weights: Float, pairs: npt.NDArray[np.int64], rows: Float) -> Float:
    """Weighted least squares per pixel by dense normal equations, ``rows`` (k, n_dates - 1) equal to zero added; mm."""
    a = design(pairs, rows.shape[1] + 1)
    outer = (a[:, :, None] * a[:, None, :]).reshape(len(a), -1)
    normal = (weights.T @ outer).reshape(data.shape[1], a.shape[1], a.shape[1]) + rows.T @ rows
    right = (np.where(weights > 0, weights * np.nan_to_num(data), 0).T @ a)[..., None]
    found = np.linalg.solve(normal, right)[..., 0].T
    return np.concatenate([np.zeros((1, data.shape[1])), found])


def equal_velocity(days: Float, weight: float = 1e-4) -> Float:
    """Rows that ask neighbouring steps for equal velocity, (n_dates - 2, n_dates - 1)."""
    step = np.diff(days) / np.median(np.diff(days))
    rows = np.zeros((len(days) - 2, len(days)))
    for t in range(len(days) - 2):
        rows[t, t : t + 3] = 1 / step[t], -1 / step[t] - 1 / step[t + 1], 1 / step[t + 1]
    return weight * rows[:, 1:]


def least_squares(data: Float, pairs: npt.NDArray[np.int64], days: Float, weights: Float | None = None) -> Float:
    """(n_dates, n_pixels) mm; gaps by equal velocity."""
    weight = np.isfinite(data) * (1.0 if weights is None else weights)
    return solve(data, weight, pairs, equal_velocity(days))


def irls(data: Float, pairs: npt.NDArray[np.int64], days: Float, iterations: int = 50, floor: float = 0.05) -> Float:
    """Least absolute residuals by iteratively reweighted least squares, weights 1 / max(|residual|, floor mm)."""
    there = np.isfinite(data)
    weight = there.astype(np.float64)
    for _ in range(iterations):
        series = solve(data, weight, pairs, equal_velocity(days))
        residual = np.abs(np.nan_to_num(data) - (series[pairs[:, 1]] - series[pairs[:, 0]]))
        weight = there / np.maximum(residual, floor)
    return series
