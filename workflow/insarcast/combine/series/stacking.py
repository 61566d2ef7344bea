"""Stacking: the convex combination of models that would have had the least squared error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def simplex_weights(moments: Array) -> Array:
    """Weights ``w >= 0`` with sum 1 that minimise ``w' C w``, the mean squared error of the combination.

    Stacked regression with weights on the simplex (Breiman 1996, Stacked regressions, Machine Learning 24:49-64, who found the
    constraint to be what makes it work); with C the second moments of the errors it is also the combination of Bates & Granger
    1969, without their negative weights.

    Args:
        moments: ``(model, model)`` mean products of errors, mm2; symmetric, positive semidefinite.

    Returns:
        ``(model,)`` weights; where two models are the same, they share theirs in an arbitrary but fixed way.
    """
    from scipy.optimize import nnls

    count = len(moments)
    scale = float(np.trace(moments)) / count
    if scale <= 0:
        return np.full(count, 1 / count)
    # Non-negative least squares with a heavy row for the sum; a trace of ridge makes the minimum unique.
    root = np.linalg.cholesky(moments / scale + 1e-9 * np.eye(count)).T
    heavy = 1e3
    weights, _ = nnls(np.vstack([root, np.full(count, heavy)]), np.append(np.zeros(count), heavy))
    return np.asarray(weights / weights.sum())


def error_moments(medians: NDArray[np.floating], observed: NDArray[np.floating]) -> tuple[Array, int]:
    """Mean products of the models' errors.

    Args:
        medians: ``(model, ...)`` forecasts, mm.
        observed: ``(...)`` what happened, mm; cells where it or a forecast is NaN are left out.

    Returns:
        ``(model, model)`` mm2, NaN where there is no cell; and the number of cells.
    """
    errors = (medians - observed).reshape(len(medians), -1).astype("float64")
    errors = errors[:, np.isfinite(errors).all(axis=0)]
    count = errors.shape[1]
    return (errors @ errors.T / count if count else np.full((len(medians),) * 2, np.nan)), count
