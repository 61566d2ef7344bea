"""ARIMA of many series: exact Gaussian likelihood by a small Kalman filter, maximised by Levenberg-Marquardt, compiled.

All in one file: numba's cache of compiled code looks at the file of the function that is called, not at what that one calls.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MAX_ORDER = 3  # of p and of q
PER_PARAMETER = 3  # fewest innovations for each parameter; below that a random walk takes over
_STATE = MAX_ORDER + 3  # at most p or q + 1 of the ARMA part, a level, and its rate
_FARTHEST = 5.0  # partial autocorrelations end at tanh(5) = 0.9999
_GRID = 0.6  # spacing of the starts, of the same kind
_ROUGH, _FINE = 1e-3, 1e-6  # relative gain at which the conditional and the exact search end
_HOPELESS = 8.0  # twice the log-likelihood that a start may lie below the best found
_SAME = 0.05  # two starts that come so near will meet
_STEP = 1e-5  # of the difference quotients of the likelihood
_GRAINS = 2.0**30  # in a mm
_SLICE = 1024
_MISSING, _FOLLOWS, _STARTS = 0, 1, 2

# Called from compiled code only and cached with what calls them: without wrappers for Python they compile faster, and without
# counting references to the arrays, which _batch holds, they run faster by a quarter; in return they must not allocate any.
_inner = numba.njit(  # type: ignore[call-overload]
    nogil=True, error_model="numpy", fastmath={"contract", "reassoc"}, no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False
)


class Fits(NamedTuple):
    """What was estimated for each series, and forecast.

    Attributes:
        centre: ``(series, horizon)`` increment from the last value; NaN where that is missing.
        scale: ``(series, horizon)`` of its Student's t law; NaN where the past is too short.
        freedom: ``(series,)`` degrees of freedom: innovations minus parameters; 0 where the past is too short.
        arma: ``(series, 2 MAX_ORDER)`` autoregressive parameters, then moving-average ones (``w = phi w + e + theta e``).
        beta: ``(series, column)`` regression coefficients.
        sigma2: ``(series,)`` maximum-likelihood variance of the innovations.
        aicc: ``(series,)`` corrected Akaike criterion; infinite where a random walk took over.
        innovations: ``(series,)`` how many there are.
    """

    centre: Array
    scale: Array
    freedom: Array
    arma: Array
    beta: Array
    sigma2: Array
    aicc: Array
    innovations: NDArray[np.int64]


def fit_series(
    values: Array,
    broken: NDArray[np.bool_],
    columns: Array,
    order: tuple[int, int, int],
    steps: NDArray[np.int64],
    *,
    drift: bool,
    threads: int = 0,
) -> Fits:
    """Fit an ARIMA with regression to each series and forecast from its last date.

    With ``x`` the columns, ``y(t) = x(t) beta + n(t)``, and ``n`` an ARIMA(p, d, q) of Gaussian innovations. phi and theta maximise
    the exact likelihood, beta and sigma2 concentrated out. The Kalman filter runs on the levels, with the ARMA part in Harvey's
    form (Durbin & Koopman, Time Series Analysis by State Space Methods, 2nd ed., 3.4 and 4.10), and on each column (de Jong 1991):
    a missing date is a date without an update, and its steps still add up. The level has a diffuse start, at the first value and
    again after every broken step: an offset there is unknown, and the ARMA part goes on. For d = 0 and 1 the likelihood is that of
    the differences within the unbroken parts, so that their criteria may be compared; for d = 2 the rate starts diffuse too.
    Start: conditional sum of squares, a missing innovation taken as zero, best of a grid and then Levenberg-Marquardt with
    derivatives by recursion; partial autocorrelations ``tanh u`` keep it stationary and invertible (Monahan 1984). Each series is
    on its own: no bit depends on the other ones or on the number of threads.

    The variance of a forecast is that of the filter (the sum of squared psi weights once it has settled) plus that of beta; that
    of phi and theta is neglected. Where there are fewer than 3 innovations for each parameter, or no variation, a random walk with
    the drift (without, where fewer than 3 innovations) stands in.

    Args:
        values: ``(time, series)``, NaN where missing.
        broken: ``(time, series)`` True where the step from the date before may hide an offset.
        columns: ``(column, time + longest step)`` regressors, known in the future.
        order: p, d, q: p and q at most 3, d at most 2.
        steps: ``(horizon,)`` dates ahead, ascending; none: only estimate, also where the last date is missing.
        drift: the first column counts the dates, as it must for d = 2, where it stands for the rate at the start.
        threads: at most so many; 0: as many as numba may use.
    """
    count, wide = values.shape[1], len(columns)
    layers = (len(steps), len(steps), None, 2 * MAX_ORDER, wide, None, None)
    parts = [np.full((count,) if width is None else (count, width), np.nan) for width in layers]
    innovations = np.zeros(count, np.int64)
    columns, steps = np.ascontiguousarray(columns), np.asarray(steps, np.int64)

    def run(start: int) -> None:
        part = slice(start, start + _SLICE)
        level, gone = np.ascontiguousarray(values[:, part].T), np.ascontiguousarray(broken[:, part].T)
        _batch(level, gone, columns, *order, drift, steps, *(each[part] for each in parts), innovations[part])  # type: ignore[call-arg]

    with ThreadPoolExecutor(threads or numba.get_num_threads()) as pool:
        list(pool.map(run, range(0, count, _SLICE)))
    return Fits(*[*parts, innovations])


@_inner
def _constrain(u, p, q, arma, jacobian):  # type: ignore[no-untyped-def]
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


@_inner
def _css(z, known, arma, p, q, residual, slopes, full, imputed):  # type: ignore[no-untyped-def]
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


@_inner
def _coarse(z, known, a1, costs):  # type: ignore[no-untyped-def]
    """Conditional sums of squares for one first autoregressive parameter and five first moving-average ones of the grid."""
    m0, m1, m3, m4 = np.tanh(2 * _GRID), np.tanh(_GRID), -np.tanh(_GRID), -np.tanh(2 * _GRID)
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


@_inner
def _stationary(phi, load, r, cov, system):  # type: ignore[no-untyped-def]
    """Covariance of the ARMA state in Harvey's form: its first row from r linear equations, the rest by the recursion."""
    for j in range(r):
        for i in range(r + 1):
            system[j, i] = 0.0
        system[j, j] += 1.0
        for k in range(r - j):
            system[j, 0] -= phi[k] * phi[j + k]
            if j + k + 1 < r:
                system[j, j + k + 1] -= phi[k]
            if k + 1 < r:
                system[j, k + 1] -= phi[j + k]
            system[j, r] += load[k] * load[j + k]
    for j in range(r):  # Gauss-Jordan with pivots
        best = j
        for i in range(j + 1, r):
            if abs(system[i, j]) > abs(system[best, j]):
                best = i
        for i in range(r + 1):
            system[j, i], system[best, i] = system[best, i], system[j, i]
        for i in range(r):
            if i != j:
                factor = system[i, j] / system[j, j]
                for k in range(j, r + 1):
                    system[i, k] -= factor * system[j, k]
    for j in range(r):
        cov[0, j] = cov[j, 0] = system[j, r] / system[j, j]
    for i in range(r - 1, 0, -1):
        for j in range(r - 1, i - 1, -1):
            value = phi[i] * phi[j] * cov[0, 0] + load[i] * load[j]
            if j + 1 < r:
                value += phi[i] * cov[0, j + 1] + phi[j] * (cov[0, i + 1])
                value += cov[i + 1, j + 1]
            elif i + 1 < r:
                value += phi[j] * cov[0, i + 1]
            cov[i, j] = cov[j, i] = value


@_inner
def _advance(mean, cov, phi, load, r, d):  # type: ignore[no-untyped-def]
    """To the next date: ARMA part, then the level (row r), which for d > 0 adds it up, and its rate (row r + 1) for d = 2."""
    wide = r + 1 + (d == 2)
    for c in range(len(mean)):
        _move(mean[c], phi, r, d)
    for j in range(wide):
        _move(cov[:, j], phi, r, d)
    for i in range(wide):
        _move(cov[i], phi, r, d)
    for i in range(wide):
        for j in range(wide):
            at = load[i] if i < r else (1.0 if d else 0.0)
            to = load[j] if j < r else (1.0 if d else 0.0)
            cov[i, j] += at * to


@_inner
def _move(state, phi, r, d):  # type: ignore[no-untyped-def]
    first = state[0]
    for i in range(r - 1):
        state[i] = phi[i] * first + state[i + 1]
    state[r - 1] = phi[r - 1] * first
    if d == 2:
        state[r + 1] += state[0]
        state[r] += state[r + 1]
    elif d == 1:
        state[r] += state[0]


@_inner
def _filter(series, kind, arma, p, d, q, state, innovation):  # type: ignore[no-untyped-def]
    """Innovations of the series (row 0) and of its columns over their standard deviation in units of the root of sigma2.

    ``state`` ends as that at the last date; for d > 0 its level is relative to the last measured value. Returns how many
    innovations there are, and the sum of the logs of their variances.
    """
    phi, load, mean, cov, system, gain = state
    n, rows = len(kind), len(series)
    r = _harvey(arma, p, q, phi, load)
    wide = r + 1 + (d == 2)
    mean[:] = 0.0
    cov[:] = 0.0
    _stationary(phi, load, r, cov, system)
    count, last, exact, logs = 0, -1, False, 0.0  # exact: the level before this date is known
    for t in range(n):
        sharp = kind[t] == _FOLLOWS and exact
        if kind[t] == _STARTS:
            for i in range(wide):
                cov[r, i] = cov[i, r] = 0.0
            if d == 0:  # a level without any prior: what the ARMA part leaves
                for i in range(r):
                    cov[r, i] = cov[i, r] = -cov[0, i]
                cov[r, r] = cov[0, 0]
            for c in range(rows):
                mean[c, r] = series[c, t] - mean[c, 0] if d == 0 else 0.0
            last, exact = t, d == 1
        elif sharp:  # d = 1 without a gap: the ARMA part itself is measured
            f = cov[0, 0]
            logs += np.log(f)
            for i in range(r):
                gain[i] = cov[i, 0] / f
            for c in range(rows):
                v = series[c, t] - series[c, last] - mean[c, 0]
                innovation[c, count] = v / np.sqrt(f)
                for i in range(r):
                    mean[c, i] += gain[i] * v
            for i in range(1, r):
                for j in range(1, r):
                    cov[i, j] -= gain[i] * gain[j] * f
            for i in range(r):
                cov[0, i] = cov[i, 0] = 0.0
            count, last = count + 1, t
        elif kind[t] == _FOLLOWS:
            for i in range(wide):
                gain[i] = cov[i, r] + (cov[i, 0] if d == 0 else 0.0)
            f = gain[r] + (gain[0] if d == 0 else 0.0)
            logs += np.log(f)
            for c in range(rows):
                v = series[c, t] - mean[c, r] - (mean[c, 0] if d == 0 else series[c, last])
                innovation[c, count] = v / np.sqrt(f)
                for i in range(wide):
                    mean[c, i] += gain[i] / f * v
                if d > 0:
                    mean[c, r] = 0.0
            for i in range(wide):
                for j in range(wide):
                    cov[i, j] -= gain[i] * gain[j] / f
            if d > 0:
                for i in range(wide):
                    cov[r, i] = cov[i, r] = 0.0
            count, last, exact = count + 1, t, d == 1
        elif kind[t] == _MISSING:
            exact = False
        if t == n - 1 or last < 0:
            continue
        if sharp and kind[t + 1] != _MISSING:  # the first row of the covariance is zero
            for c in range(rows):
                first = mean[c, 0]
                for i in range(r - 1):
                    mean[c, i] = phi[i] * first + mean[c, i + 1]
                mean[c, r - 1] = phi[r - 1] * first
            for i in range(r):
                for j in range(r):
                    cov[i, j] = load[i] * load[j] + (cov[i + 1, j + 1] if max(i, j) + 1 < r else 0.0)
        else:
            _advance(mean, cov, phi, load, r, d)
            if exact and kind[t + 1] != _MISSING:
                mean[:, r] = 0.0
                for i in range(wide):
                    cov[r, i] = cov[i, r] = 0.0
    return count, logs


@_inner
def _harvey(arma, p, q, phi, load):  # type: ignore[no-untyped-def]
    """First column of the transition and loads of the innovation; returns the size of the state."""
    phi[:] = 0.0
    load[:] = 0.0
    load[0] = 1.0
    for i in range(p):
        phi[i] = arma[i]
    for i in range(q):
        load[i + 1] = arma[p + i]
    return max(p, q + 1)


@_inner
def _filter_whole(series, n, arma, p, q, state, innovation, gains):  # type: ignore[no-untyped-def]
    """What :func:`_filter` gives for d = 1 and a series without a gap, several times faster; the state is left as it was at the start.

    The differences are the ARMA process itself, so that each date's first component is known exactly; written out for the four
    components that there are at most. The gains do not depend on the series, and hardly change once the filter has settled.
    """
    phi, load, _, cov, system, _ = state
    r = _harvey(arma, p, q, phi, load)
    for i in range(4):
        for j in range(4):
            cov[i, j] = 0.0
    _stationary(phi, load, r, cov, system)
    one, two, three = load[1], load[2], load[3]
    c00, c01, c02, c03 = cov[0, 0], cov[0, 1], cov[0, 2], cov[0, 3]
    c11, c12, c13, c22, c23, c33 = cov[1, 1], cov[1, 2], cov[1, 3], cov[2, 2], cov[2, 3], cov[3, 3]
    logs, product, before, weight, settled = 0.0, 1.0, 0.0, 1.0, False
    k1 = k2 = k3 = 0.0
    for t in range(n - 1):
        if not settled:
            share = 1.0 / c00
            weight = np.sqrt(share)
            k1, k2, k3 = c01 * share, c02 * share, c03 * share
            settled, before = abs(c00 - before) < 1e-10 * c00, c00
            c00, c01, c02, c11, c12, c22 = (
                1.0 + c11 - k1 * c01,
                one + c12 - k1 * c02,
                two + c13 - k1 * c03,
                one * one + c22 - k2 * c02,
                one * two + c23 - k2 * c03,
                two * two + c33 - k3 * c03,
            )
            c03, c13, c23, c33 = three, one * three, two * three, three * three
        product *= before  # at least 1
        if product > 1e200:
            logs, product = logs + np.log(product), 1.0
        gains[t, 0], gains[t, 1], gains[t, 2], gains[t, 3] = weight, k1, k2, k3
    f0, f1, f2 = phi[0], phi[1], phi[2]
    for c in range(0, len(series), 2):  # two at a time, for each waits for its last step
        other = min(c + 1, len(series) - 1)
        m0 = m1 = m2 = o0 = o1 = o2 = 0.0
        for t in range(n - 1):
            weight, k1, k2, k3 = gains[t, 0], gains[t, 1], gains[t, 2], gains[t, 3]
            w, x = series[c, t + 1] - series[c, t], series[other, t + 1] - series[other, t]
            v, y = w - m0, x - o0
            innovation[c, t], innovation[other, t] = v * weight, y * weight
            m0, o0 = f0 * w + m1 + k1 * v, f0 * x + o1 + k1 * y
            m1, o1 = f1 * w + m2 + k2 * v, f1 * x + o2 + k2 * y
            m2, o2 = f2 * w + k3 * v, f2 * x + k3 * y
    return n - 1, logs + np.log(product)


@_inner
def _solve(matrix, right, size, sides, damping, factor):  # type: ignore[no-untyped-def]
    """Solve a symmetric positive definite system in place of ``right`` (size, sides) by Cholesky's method; False where it is not.

    ``damping`` times the diagonal is added to it.
    """
    for i in range(size):
        for j in range(i + 1):
            value = matrix[i, j] * (1.0 + damping * (i == j))
            for k in range(j):
                value -= factor[i, k] * factor[j, k]
            if i > j:
                factor[i, j] = value / factor[j, j]
            elif value > 1e-11 * abs(matrix[i, i]):
                factor[i, i] = np.sqrt(value)
            else:
                return False
    for c in range(sides):
        for i in range(size):
            for k in range(i):
                right[i, c] -= factor[i, k] * right[k, c]
            right[i, c] /= factor[i, i]
        for i in range(size - 1, -1, -1):
            for k in range(i + 1, size):
                right[i, c] -= factor[k, i] * right[k, c]
            right[i, c] /= factor[i, i]
    return True


@_inner
def _regress(innovation, count, normal, factor, beta):  # type: ignore[no-untyped-def]
    """Least squares of the innovations in row 0 on the others; returns whether the columns can be told apart.

    Column 0 of ``beta`` (column, 1 + columns) becomes the coefficients, the rest their covariance in units of sigma2.
    """
    wide = len(innovation) - 1
    beta[:] = 0.0
    for i in range(wide):
        beta[i, 0] = _dot(innovation[i + 1, :count], innovation[0, :count])
        for j in range(i + 1):
            normal[i, j] = normal[j, i] = _dot(innovation[i + 1, :count], innovation[j + 1, :count])
        beta[i, i + 1] = 1.0
    return _solve(normal, beta, wide, wide + 1, 0.0, factor)


@_inner
def _exact(series, kind, arma, p, d, q, whole, work, residual):  # type: ignore[no-untyped-def]
    """Residuals whose sum of squares is least where the likelihood is greatest; that sum, or infinity.

    Innovations over the root of their variance, times the geometric mean of these roots: n times the log of the sum of squares is
    minus twice the concentrated log-likelihood but for a constant. With d = 2 it is the likelihood with a diffuse rate.
    """
    state, innovation, normal, factor, beta, gains = work
    if whole:
        count, logs = _filter_whole(series, len(kind), arma, p, q, state, innovation, gains)
    else:
        count, logs = _filter(series, kind, arma, p, d, q, state, innovation)
    if not (np.isfinite(logs) and _regress(innovation, count, normal, factor, beta)):
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
    total = _dot(residual[:count], residual[:count])
    return total if np.isfinite(total) else np.inf


@_inner
def _differences(series, kind, d, parts, z, known, work):  # type: ignore[no-untyped-def]
    """Differences of order d within the unbroken parts (levels about their mean for d = 0), less ordinary least squares on the columns.

    Returns whether any of them varies. ``parts`` (rows, time) is overwritten.
    """
    normal, factor, beta, _ = work[2:]
    rows, n = len(series), len(kind)
    for t in range(n):
        known[t] = kind[t] != _MISSING
        for back in range(d):
            known[t] = known[t] and t > back and kind[t - back] == _FOLLOWS and kind[t - back - 1] != _MISSING
        for c in range(rows):
            parts[c, t] = series[c, t] if known[t] else 0.0
            if known[t] and d > 0:
                parts[c, t] -= series[c, t - 1]
            if known[t] and d == 2:
                parts[c, t] -= series[c, t - 1] - series[c, t - 2]
    if d == 0:
        start = 0
        for t in range(1, n + 1):
            if t == n or kind[t] == _STARTS:
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
            beta[i - 1, 0] = _dot(parts[i], parts[0])
            for j in range(1, rows):
                normal[i - 1, j - 1] = _dot(parts[i], parts[j])
        if not _solve(normal, beta, rows - 1, 1, 0.0, factor):
            beta[:] = 0.0
    energy, before = 0.0, 0.0
    for t in range(n):
        z[t] = parts[0, t]
        for c in range(rows - 1):
            z[t] -= beta[c, 0] * parts[c + 1, t]
        energy += z[t] ** 2
        before += parts[0, t] ** 2
    return energy > 1e-20 * before


@_inner
def _cost(u, conditional, slopes, residual, problem, space, work):  # type: ignore[no-untyped-def]
    """Conditional or exact sum of squares at u, its residuals, and of the conditional ones the derivatives by the parameters."""
    series, kind, z, known, p, d, q, whole = problem
    arma, jacobian, full, imputed = space
    _constrain(u, p, q, arma, jacobian)
    if not conditional:
        return _exact(series, kind, arma, p, d, q, whole, work, residual)
    return _css(z, known, arma, p, q, residual, slopes, full, imputed)


@_inner
def _quotients(u, slopes, residual, problem, space, trial, work):  # type: ignore[no-untyped-def]
    """Derivatives of the exact residuals by u."""
    for a in range(len(u)):
        _copy(u, trial)
        trial[a] += _STEP if u[a] < 0 else -_STEP  # never beyond the farthest
        _cost(trial, False, slopes, slopes[a], problem, space, work)
        share = 1.0 / (trial[a] - u[a])
        for t in range(len(residual)):
            slopes[a, t] = (slopes[a, t] - residual[t]) * share


@_inner
def _curve(extra, step, slopes, before, residual, pull, pulled, side):  # type: ignore[no-untyped-def]
    """What the residuals' own curvature adds to the products of their derivatives, from the last step (Dennis, Gay & Welsch 1981)."""
    size, rise, own, old = len(step), 0.0, 0.0, 0.0
    for a in range(size):
        side[a] = pull[a] - _dot(before[a], residual)
        rise += step[a] * (pull[a] - pulled[a])
        own += step[a] * side[a]
        for b in range(size):
            old += step[a] * extra[a, b] * step[b]
    if not rise > 0.0:
        return
    share = min(1.0, abs(own) / abs(old)) if old != 0.0 else 1.0
    inner = own - share * old
    for a in range(size):
        for b in range(size):
            extra[a, b] *= share
    for a in range(size):
        for b in range(size):
            side[a] -= extra[a, b] * step[b]
    for a in range(size):
        for b in range(size):
            ya, yb = pull[a] - pulled[a], pull[b] - pulled[b]
            extra[a, b] += (side[a] * yb + ya * side[b]) / rise - inner * ya * yb / rise**2


@_inner
def _descend(u, conditional, tolerance, limit, residual, slopes, problem, space, steps, work):  # type: ignore[no-untyped-def]
    """Least sum of squares, where ``u`` ends, by Levenberg-Marquardt; left alone where it is above ``limit`` at first.

    The exact sum has residuals that stay large and curved, for which the second derivatives are built up from step to step.
    ``residual`` (2, time) and ``slopes`` (2, parameter, time) hold the present place and the one tried.
    """
    size, now = len(u), 0
    normal, factor, step, trial, extra, gram, pull, pulled, side = steps
    jacobian = space[1]
    residual[:] = 0.0
    slopes[:] = 0.0
    extra[:] = 0.0
    best = _cost(u, conditional, slopes[0], residual[0], problem, space, work)
    damping, fresh, curved = 1e-3, True, False
    for attempt in range(60):
        if best > limit:
            break
        if fresh:
            if not conditional:
                _quotients(u, slopes[now], residual[now], problem, space, trial, work)
            for a in range(size):
                pulled[a], side[a] = pull[a], _dot(slopes[now, a], residual[now])
                for b in range(a + 1):
                    gram[a, b] = gram[b, a] = _dot(slopes[now, a], slopes[now, b])
            for a in range(size):
                pull[a] = side[a]
            if conditional:  # by u rather than by the parameters
                _turn(gram, pull, jacobian, factor, side)
            elif attempt:
                _curve(extra, step[:, 0], slopes[now], slopes[1 - now], residual[now], pull, pulled, side)
            curved = not conditional
        for a in range(size):
            step[a, 0] = -pull[a]
            for b in range(size):
                normal[a, b] = gram[a, b] + extra[a, b] * curved
        for a in range(size):
            if not normal[a, a] > 0.0 or (abs(u[a]) >= _FARTHEST and step[a, 0] * u[a] > 0):  # it stays, and the others go on
                normal[a] = 0.0
                normal[:, a] = 0.0
                normal[a, a], step[a, 0] = 1.0, 0.0
        longest, cost, fresh = 0.0, np.inf, False
        if _solve(normal, step, size, 1, damping, factor):
            for a in range(size):
                longest = max(longest, abs(step[a, 0]))
            share = min(1.0, 1.0 / longest) if longest > 0 else 1.0
            for a in range(size):
                trial[a] = min(max(u[a] + share * step[a, 0], -_FARTHEST), _FARTHEST)
                step[a, 0] = trial[a] - u[a]
            cost = _cost(trial, conditional, slopes[1 - now], residual[1 - now], problem, space, work)
        if cost < best:
            gained = (best - cost) / best
            now, best, fresh = 1 - now, cost, True
            _copy(trial, u)
            damping = max(damping / 10, 1e-9)
            if gained < tolerance:
                break
        elif curved and attempt:
            curved = False  # once more by the derivatives alone
        else:
            damping *= 10
            if longest < 1e-5 or damping > 1e6:
                break
    return best


@_inner
def _turn(gram, pull, jacobian, spare, side):  # type: ignore[no-untyped-def]
    """Products of derivatives by the parameters become those by u."""
    size = len(pull)
    for a in range(size):
        side[a] = 0.0
        for b in range(size):
            side[a] += jacobian[b, a] * pull[b]
            spare[a, b] = 0.0
            for i in range(size):
                for j in range(size):
                    spare[a, b] += jacobian[i, a] * gram[i, j] * jacobian[j, b]
    for a in range(size):
        pull[a] = side[a]
        for b in range(size):
            gram[a, b] = spare[a, b]


@_inner
def _copy(source, target):  # type: ignore[no-untyped-def]
    for a in range(len(target)):
        target[a] = source[a]


@_inner
def _dot(a, b):  # type: ignore[no-untyped-def]
    total = 0.0
    for t in range(len(a)):
        total += a[t] * b[t]
    return total


@_inner
def _maximise(u, grid, places, residual, slopes, problem, space, steps, work):  # type: ignore[no-untyped-def]
    """``u`` of the greatest likelihood.

    The likelihood of a mixed process is flat along the line where both sides cancel, and has maxima on either side of it: so the
    best start of each side is followed, unless they meet. Starts are points of a grid in the first parameter of each side with the
    least conditional sum of squares.
    """
    _, _, z, known, p, _, q, _ = problem
    sides, chosen, best = 2 if p and q else 1, 0, np.inf
    for i in range(5 if p else 1):
        _coarse(z, known, np.tanh(_GRID * (i - 2)) if p else 0.0, grid[i])
    for side in range(sides):
        place, least = places[side], np.inf
        place[:] = 0.0
        for i in range(5 if p else 1):
            for j in range(5):
                if (not q and j != 2) or (p and q and (i - j) * (1 - 2 * side) <= 0) or grid[i, j] >= least:
                    continue
                least = grid[i, j]
                if p:
                    place[0] = _GRID * (i - 2)
                if q:
                    place[p] = _GRID * (j - 2)
        _descend(place, True, _ROUGH, np.inf, residual, slopes, problem, space, steps, work)
        farthest = 0.0
        for a in range(p + q):
            farthest = max(farthest, abs(places[0, a] - place[a]))
        if side == 1 and farthest < _SAME:
            break
        limit = best * np.exp(_HOPELESS / len(z))
        cost = _descend(place, False, _FINE, limit, residual, slopes, problem, space, steps, work)
        if cost < best:
            best, chosen = cost, side
    _copy(places[chosen], u)


@_inner
def _forecast(series, n, p, d, q, steps, work, due, centre, scale):  # type: ignore[no-untyped-def]
    """Increments from the last date, n - 1, whose state ``work`` holds, and the roots of their variances in units of sigma2."""
    (phi, load, mean, cov, _, _), beta = work[0], work[4]
    at, wide, r = 0, len(series) - 1, max(p, q + 1)
    for ahead in range(1, steps[-1] + 1):
        _advance(mean, cov, phi, load, r, d)
        while at < len(steps) and ahead == steps[at]:
            for c in range(wide + 1):  # the level, from the last one
                due[c] = mean[c, r] + (mean[c, 0] - series[c, n - 1] if d == 0 else 0.0)
            total, variance = due[0], cov[r, r]
            if d == 0:
                variance += cov[0, 0] + 2 * cov[0, r]
            for c in range(1, wide + 1):  # what the column will do beyond what the filter expects of it
                due[c] = series[c, n - 1 + ahead] - series[c, n - 1] - due[c]
                total += beta[c - 1, 0] * due[c]
            for c in range(1, wide + 1):
                for b in range(1, wide + 1):
                    variance += due[c] * due[b] * beta[c - 1, b]
            centre[at], scale[at] = total, np.sqrt(max(variance, 0.0))
            at += 1


@_inner
def _kinds(values, broken, kind):  # type: ignore[no-untyped-def]
    """What each date is: missing, following a measured one, or the first after an unknown offset; how many follow."""
    gone, count = True, 0
    for t in range(len(values)):
        gone = gone or broken[t]
        kind[t] = _MISSING
        if np.isfinite(values[t]):
            kind[t] = _STARTS if gone else _FOLLOWS
            count += not gone
            gone = False
    return count


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _batch(values, broken, columns, p, d, q, drift, steps, centre, scale, freedom, found, coefficients, sigma2, aicc, counts):  # type: ignore[no-untyped-def]
    """Fit and forecast; see :func:`fit_series`. Here series come first, each in one stretch of memory."""
    n, rows, size = values.shape[1], 1 + len(columns), p + q
    whole = np.zeros((rows, columns.shape[1]))
    whole[1:] = columns
    kind = np.zeros(n, np.int64)
    z, known, parts, due = np.zeros(n), np.zeros(n, np.bool_), np.zeros((rows, n)), np.zeros(rows)
    residual, slopes, every = np.zeros((2, n)), np.zeros((2, size, n)), np.zeros(size)
    space = (np.zeros(size), np.zeros((size, size)), np.zeros(n), np.zeros((size, n)))
    square, line = np.zeros((4, size, size)), np.zeros((4, size))
    tries = (square[0], square[1], np.zeros((size, 1)), line[0], square[2], square[3], line[1], line[2], line[3])
    phi, load, gain = np.zeros(_STATE), np.zeros(_STATE), np.zeros(_STATE)
    mean, cov, system, innovation = (
        np.zeros((rows, _STATE)),
        np.zeros((_STATE, _STATE)),
        np.zeros((_STATE, _STATE + 1)),
        np.zeros((rows, n)),
    )
    normal, factor, beta, gains = np.zeros((rows, rows)), np.zeros((rows, rows)), np.zeros((rows, rows + 1)), np.zeros((n, 4))
    grid, places = np.zeros((5, 5)), np.zeros((2, size))
    for at in range(len(values)):
        count = counts[at] = _kinds(values[at], broken[at], kind)
        if len(steps) and kind[n - 1] == _MISSING:
            continue
        level, before = 0.0, 0.0
        for t in range(
            n
        ):  # steps as whole multiples of a billionth of a mm: an offset between two parts leaves not even a rounding
            if kind[t] == _FOLLOWS:
                level += np.round((values[at, t] - before) * _GRAINS) / _GRAINS
            before = before if kind[t] == _MISSING else values[at, t]
            whole[0, t] = 0.0 if kind[t] == _MISSING else level
        centre[at], freedom[at], found[at], coefficients[at], aicc[at] = 0.0, 0.0, 0.0, 0.0, np.inf
        for attempt in range(3):  # what was asked for; a random walk with drift; without
            a, b, c, wide = p, d, q, rows
            if attempt > 0:
                a, b, c, wide = 0, 1, 0, 1 + (drift and attempt == 1)
            least = PER_PARAMETER * (a + c + wide - 1)
            if count < max(least, 1):
                continue
            series = whole[:wide]
            work = ((phi, load, mean[:wide], cov, system, gain), innovation[:wide], normal, factor, beta, gains)
            problem = (series, kind, z, known, a, b, c, b == 1 and count == n - 1)
            u = every[: a + c]
            u[:] = 0.0
            if a + c > 0:
                if not _differences(series, kind, b, parts[:wide], z, known, work):
                    continue
                _maximise(u, grid, places, residual, slopes, problem, space, tries, work)
            _constrain(u, a, c, space[0], space[1])
            total = _exact(series, kind, space[0], a, b, c, False, work, residual[0])  # leaves the state at the last date
            if total == np.inf:
                continue
            squares = 0.0
            for t in range(count):
                value = innovation[0, t]
                for j in range(wide - 1):
                    value -= beta[j, 0] * innovation[j + 1, t]
                squares += value**2
            if len(steps):
                _forecast(series, n, a, b, c, steps, work, due, centre[at], scale[at])
            effective, parameters = count - (b == 2), a + c + wide - 1
            freedom[at] = count - parameters
            scale[at] *= np.sqrt(squares / freedom[at])
            sigma2[at] = squares / effective
            found[at, :a] = space[0][:a]
            found[at, MAX_ORDER : MAX_ORDER + c] = space[0][a : a + c]
            for j in range(wide - 1):
                coefficients[at, j] = beta[j, 0]
            k = parameters - (b == 2) + 1
            if attempt == 0 and effective - k - 1 > 0:
                criterion = effective * (np.log(2 * np.pi * total / effective) + 1)
                aicc[at] = criterion + 2 * k * effective / (effective - k - 1)
            break
