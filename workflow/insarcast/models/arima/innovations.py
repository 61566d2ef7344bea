"""The Kalman filter: innovations of a series and of its regressors."""

from __future__ import annotations

import numpy as np

from .compiled import FOLLOWS, MISSING, STARTS, inner
from .states import advance, harvey, stationary


@inner
def run_filter(series, kind, arma, p, d, q, state, innovation):  # type: ignore[no-untyped-def]
    """Innovations of the series (row 0) and of its columns over their standard deviation in units of the root of sigma2.

    ``state`` ends as that at the last date; for d > 0 its level is relative to the last measured value. Returns how many
    innovations there are, and the sum of the logs of their variances.
    """
    phi, load, mean, cov, system, gain = state
    n, rows = len(kind), len(series)
    r = harvey(arma, p, q, phi, load)
    wide = r + 1 + (d == 2)
    mean[:] = 0.0
    cov[:] = 0.0
    stationary(phi, load, r, cov, system)
    count, last, exact, logs = 0, -1, False, 0.0  # exact: the level before this date is known
    for t in range(n):
        sharp = kind[t] == FOLLOWS and exact
        if kind[t] == STARTS:
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
        elif kind[t] == FOLLOWS:
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
        elif kind[t] == MISSING:
            exact = False
        if t == n - 1 or last < 0:
            continue
        if sharp and kind[t + 1] != MISSING:  # the first row of the covariance is zero
            for c in range(rows):
                first = mean[c, 0]
                for i in range(r - 1):
                    mean[c, i] = phi[i] * first + mean[c, i + 1]
                mean[c, r - 1] = phi[r - 1] * first
            for i in range(r):
                for j in range(r):
                    cov[i, j] = load[i] * load[j] + (cov[i + 1, j + 1] if max(i, j) + 1 < r else 0.0)
        else:
            advance(mean, cov, phi, load, r, d)
            if exact and kind[t + 1] != MISSING:
                mean[:, r] = 0.0
                for i in range(wide):
                    cov[r, i] = cov[i, r] = 0.0
    return count, logs


@inner
def filter_whole(series, n, arma, p, q, state, innovation, gains):  # type: ignore[no-untyped-def]
    """What :func:`run_filter` gives for d = 1 and a series without a gap, several times faster; the state is left as it was at the start.

    The differences are the ARMA process itself, so that each date's first component is known exactly; written out for the four
    components that there are at most. The gains do not depend on the series, and hardly change once the filter has settled.
    """
    phi, load, _, cov, system, _ = state
    r = harvey(arma, p, q, phi, load)
    for i in range(4):
        for j in range(4):
            cov[i, j] = 0.0
    stationary(phi, load, r, cov, system)
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
