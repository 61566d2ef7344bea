"""Where the search begins: parameters from any numbers, differences, and the conditional sum of squares."""

from __future__ import annotations

import numpy as np

from .algebra import dot, solve
from .compiled import FOLLOWS, MISSING, STARTS, inner

GRID = 0.6  # spacing of the starts, of the same kind


@inner
def constrain(u, p, q, arma, jacobian):  # type: ignore[no-untyped-def]
    """Parameters of a stationary, invertible process from any u, by the Durbin-Levinson recursion; and their derivatives by u."""
    jacobian[: p + q, : p + q] = 0.0
    for side in range(2):
        first, length, sign = (0, p, 1.0) if side == 0 else (p, q, -1.0)
        for k in range(length):
            r = np.tanh(u[first + k])
            for i in range((k + 1) // 2):  # phi(i) and phi(k - 1 - i) at once
                a, b = first + i, first + k - 1 - i
                x, y = arma[a], arma[b]
                arma[a] = x - r * y
                if a != b:
                    arma[b] = y - r * x
                for j in range(first, first + k):
                    dx, dy = jacobian[a, j], jacobian[b, j]
                    jacobian[a, j] = dx - r * dy
                    if a != b:
                        jacobian[b, j] = dy - r * dx
                jacobian[a, first + k] = -(1 - r * r) * y
                if a != b:
                    jacobian[b, first + k] = -(1 - r * r) * x
            arma[first + k] = r
            jacobian[first + k, first + k] = 1 - r * r
        if sign < 0:
            for i in range(first, first + length):
                arma[i] = -arma[i]
                for j in range(first, first + length):
                    jacobian[i, j] = -jacobian[i, j]


@inner
def difference(series, kind, d, parts, z, known, work):  # type: ignore[no-untyped-def]
    """Differences of order d within the unbroken parts (levels about their mean for d = 0), less ordinary least squares on the columns.

    Returns whether any of them varies. ``parts`` (rows, time) is overwritten.
    """
    normal, factor, beta, _ = work[2:]
    rows, n = len(series), len(kind)
    for t in range(n):
        known[t] = kind[t] != MISSING
        for back in range(d):
            known[t] = known[t] and t > back and kind[t - back] == FOLLOWS and kind[t - back - 1] != MISSING
        for c in range(rows):
            parts[c, t] = series[c, t] if known[t] else 0.0
            if known[t] and d > 0:
                parts[c, t] -= series[c, t - 1]
            if known[t] and d == 2:
                parts[c, t] -= series[c, t - 1] - series[c, t - 2]
    if d == 0:
        start = 0
        for t in range(1, n + 1):
            if t == n or kind[t] == STARTS:
                size = 0
                for k in range(start, t):
                    size += known[k]
                for c in range(rows):
                    middle = 0.0
                    for k in range(start, t):
                        middle += parts[c, k] / max(size, 1)
                    for k in range(start, t):
                        parts[c, k] -= middle if known[k] else 0.0
                start = t
    beta[:] = 0.0
    if d < 2:  # second differences have no drift left
        for i in range(1, rows):
            beta[i - 1, 0] = dot(parts[i], parts[0])
            for j in range(1, rows):
                normal[i - 1, j - 1] = dot(parts[i], parts[j])
        if not solve(normal, beta, rows - 1, 1, 0.0, factor):
            beta[:] = 0.0
    energy, before = 0.0, 0.0
    for t in range(n):
        z[t] = parts[0, t]
        for c in range(rows - 1):
            z[t] -= beta[c, 0] * parts[c + 1, t]
        energy += z[t] ** 2
        before += parts[0, t] ** 2
    return energy > 1e-20 * before


@inner
def css(z, known, arma, p, q, residual, slopes, full, imputed):  # type: ignore[no-untyped-def]
    """Conditional innovations of a series that starts from zeros, and their derivatives by the parameters; their sum of squares.

    A missing value is the one predicted, and its innovation zero; ``imputed`` holds the derivatives of such values.
    """
    n, total = len(z), 0.0
    a1, a2, a3 = arma[0] if p > 0 else 0.0, arma[1] if p > 1 else 0.0, arma[2] if p > 2 else 0.0
    m1, m2, m3 = arma[p] if q > 0 else 0.0, arma[p + 1] if q > 1 else 0.0, arma[p + 2] if q > 2 else 0.0
    z1 = z2 = z3 = e1 = e2 = e3 = 0.0
    for t in range(n):
        predicted = (a1 * z1 + a2 * z2 + a3 * z3) + (m3 * e3 + m2 * e2) + m1 * e1
        value = z[t] if known[t] else predicted
        z3, z2, z1 = z2, z1, value
        e3, e2, e1 = e2, e1, value - predicted
        full[t], residual[t] = value, e1
        total += e1 * e1
    for which in range(len(slopes)):
        lag = which + 1 if which < p else which - p + 1
        by = full if which < p else residual
        z1 = z2 = z3 = e1 = e2 = e3 = 0.0
        for t in range(n):
            slope = (by[t - lag] if t >= lag else 0.0) + (a1 * z1 + a2 * z2 + a3 * z3) + (m3 * e3 + m2 * e2) + m1 * e1
            z3, z2, z1 = z2, z1, 0.0 if known[t] else slope
            e3, e2, e1 = e2, e1, -slope if known[t] else 0.0
            imputed[which, t], slopes[which, t] = z1, e1
    return total


@inner
def coarse(z, known, a1, costs):  # type: ignore[no-untyped-def]
    """Conditional sums of squares for one first autoregressive parameter and five first moving-average ones of the grid."""
    m0, m1, m3, m4 = np.tanh(2 * GRID), np.tanh(GRID), -np.tanh(GRID), -np.tanh(2 * GRID)
    z0 = z1 = z2 = z3 = z4 = e0 = e1 = e2 = e3 = e4 = 0.0
    costs[:] = 0.0
    c0 = c1 = c2 = c3 = c4 = 0.0
    for t in range(len(z)):
        if known[t]:
            e0, e1, e2 = z[t] - a1 * z0 - m0 * e0, z[t] - a1 * z1 - m1 * e1, z[t] - a1 * z2
            e3, e4 = z[t] - a1 * z3 - m3 * e3, z[t] - a1 * z4 - m4 * e4
            z0 = z1 = z2 = z3 = z4 = z[t]
            c0, c1, c2, c3, c4 = c0 + e0 * e0, c1 + e1 * e1, c2 + e2 * e2, c3 + e3 * e3, c4 + e4 * e4
        else:
            z0, z1, z2, z3, z4 = a1 * z0 + m0 * e0, a1 * z1 + m1 * e1, a1 * z2, a1 * z3 + m3 * e3, a1 * z4 + m4 * e4
            e0 = e1 = e2 = e3 = e4 = 0.0
    costs[0], costs[1], costs[2], costs[3], costs[4] = c0, c1, c2, c3, c4
