"""The exact likelihood, regression coefficients and variance concentrated out."""

from __future__ import annotations

import numpy as np

from .algebra import dot, solve
from .compiled import inner
from .innovations import filter_whole, run_filter


@inner
def regress(innovation, count, normal, factor, beta):  # type: ignore[no-untyped-def]
    """Least squares of the innovations in row 0 on the others; returns whether the columns can be told apart.

    Column 0 of ``beta`` (column, 1 + columns) becomes the coefficients, the rest their covariance in units of sigma2.
    """
    wide = len(innovation) - 1
    beta[:] = 0.0
    for i in range(wide):
        beta[i, 0] = dot(innovation[i + 1, :count], innovation[0, :count])
        for j in range(i + 1):
            normal[i, j] = normal[j, i] = dot(innovation[i + 1, :count], innovation[j + 1, :count])
        beta[i, i + 1] = 1.0
    return solve(normal, beta, wide, wide + 1, 0.0, factor)


@inner
def exact_sum(series, kind, arma, p, d, q, whole, work, residual):  # type: ignore[no-untyped-def]
    """Residuals whose sum of squares is least where the likelihood is greatest; that sum, or infinity.

    Innovations over the root of their variance, times the geometric mean of these roots: n times the log of the sum of squares is
    minus twice the concentrated log-likelihood but for a constant. With d = 2 it is the likelihood with a diffuse rate.
    """
    state, innovation, normal, factor, beta, gains = work
    if whole:
        count, logs = filter_whole(series, len(kind), arma, p, q, state, innovation, gains)
    else:
        count, logs = run_filter(series, kind, arma, p, d, q, state, innovation)
    if not (np.isfinite(logs) and regress(innovation, count, normal, factor, beta)):
        return np.inf
    if d == 2:
        logs += np.log(normal[0, 0])
    size = np.exp(logs / (2 * (count - (d == 2))))
    for t in range(count):
        residual[t] = innovation[0, t]
    for c in range(len(series) - 1):
        for t in range(count):
            residual[t] -= beta[c, 0] * innovation[c + 1, t]
    for t in range(count):
        residual[t] *= size
    total = dot(residual[:count], residual[:count])
    return total if np.isfinite(total) else np.inf
