"""Leading modes of a field."""

from __future__ import annotations

import numpy as np

from ..data import Array
from ..levels import filled


def leading_modes(level: Array, count: int) -> Array:
    """``(point, mode)`` orthonormal leading empirical orthogonal functions of a field in time.

    Gaps count as the last value before them, points without any as no motion. Eigenvectors of the covariance in time are mapped to
    space, so the cost is that of the shorter side.
    """
    field = np.nan_to_num(filled(level))
    field = field - field.mean(axis=0)
    power, basis = np.linalg.eigh(field @ field.T)
    top = np.argsort(power)[::-1][: min(count, len(field) - 1, field.shape[1])]
    top = top[power[top] > 1e-12 * max(power.max(), 1e-300)]
    patterns = field.T @ basis[:, top]
    return np.asarray(patterns / np.linalg.norm(patterns, axis=0))
