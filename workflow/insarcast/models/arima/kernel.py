"""Series by series in compiled code: fit, choose what stands in where the past is too short, forecast.

The pieces it calls (:data:`PARTS`) are compiled with it and cached in one, and numba's cache looks at this file only.
"""

from __future__ import annotations

import numba
import numpy as np

from .compiled import FOLLOWS, MAX_ORDER, MISSING, PER_PARAMETER, STARTS, STATE, inner
from .conditional import constrain, difference
from .likelihood import exact_sum
from .search import maximise
from .states import advance

# The files of the pieces, and a hash of what they hold: numba's cache has to notice that one of them changed.
PARTS = ("algebra", "compiled", "conditional", "descent", "innovations", "likelihood", "search", "states")
PARTS_HASH = "d3c34b7156e0ef08"

GRAINS = 2.0**30  # in a mm


@numba.njit(cache=True, nogil=True, error_model="numpy")
def fit_batch(values, broken, columns, p, d, q, drift, steps, centre, scale, freedom, found, coefficients, sigma2, aicc, counts):  # type: ignore[no-untyped-def]
    """Fit and forecast; see :func:`insarcast.models.arima.fit.fit_series`. Here series come first, each in one stretch of memory."""
    n, rows, size = values.shape[1], 1 + len(columns), p + q
    whole = np.zeros((rows, columns.shape[1]))
    whole[1:] = columns
    kind = np.zeros(n, np.int64)
    z, known, parts, due = np.zeros(n), np.zeros(n, np.bool_), np.zeros((rows, n)), np.zeros(rows)
    residual, slopes, every = np.zeros((2, n)), np.zeros((2, size, n)), np.zeros(size)
    space = (np.zeros(size), np.zeros((size, size)), np.zeros(n), np.zeros((size, n)))
    square, line = np.zeros((4, size, size)), np.zeros((4, size))
    tries = (square[0], square[1], np.zeros((size, 1)), line[0], square[2], square[3], line[1], line[2], line[3])
    phi, load, gain = np.zeros(STATE), np.zeros(STATE), np.zeros(STATE)
    mean, cov, system, innovation = (
        np.zeros((rows, STATE)),
        np.zeros((STATE, STATE)),
        np.zeros((STATE, STATE + 1)),
        np.zeros((rows, n)),
    )
    normal, factor, beta, gains = np.zeros((rows, rows)), np.zeros((rows, rows)), np.zeros((rows, rows + 1)), np.zeros((n, 4))
    grid, places = np.zeros((5, 5)), np.zeros((2, size))
    for at in range(len(values)):
        count = counts[at] = kinds(values[at], broken[at], kind)
        if len(steps) and kind[n - 1] == MISSING:
            continue
        level, before = 0.0, 0.0
        for t in range(
            n
        ):  # steps as whole multiples of a billionth of a mm: an offset between two parts leaves not even a rounding
            if kind[t] == FOLLOWS:
                level += np.round((values[at, t] - before) * GRAINS) / GRAINS
            before = before if kind[t] == MISSING else values[at, t]
            whole[0, t] = 0.0 if kind[t] == MISSING else level
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
                if not difference(series, kind, b, parts[:wide], z, known, work):
                    continue
                maximise(u, grid, places, residual, slopes, problem, space, tries, work)
            constrain(u, a, c, space[0], space[1])
            total = exact_sum(series, kind, space[0], a, b, c, False, work, residual[0])  # leaves the state at the last date
            if total == np.inf:
                continue
            squares = 0.0
            for t in range(count):
                value = innovation[0, t]
                for j in range(wide - 1):
                    value -= beta[j, 0] * innovation[j + 1, t]
                squares += value**2
            if len(steps):
                forecast(series, n, a, b, c, steps, work, due, centre[at], scale[at])
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


@inner
def kinds(values, broken, kind):  # type: ignore[no-untyped-def]
    """What each date is: missing, following a measured one, or the first after an unknown offset; how many follow."""
    gone, count = True, 0
    for t in range(len(values)):
        gone = gone or broken[t]
        kind[t] = MISSING
        if np.isfinite(values[t]):
            kind[t] = STARTS if gone else FOLLOWS
            count += not gone
            gone = False
    return count


@inner
def forecast(series, n, p, d, q, steps, work, due, centre, scale):  # type: ignore[no-untyped-def]
    """Increments from the last date, n - 1, whose state ``work`` holds, and the roots of their variances in units of sigma2."""
    (phi, load, mean, cov, _, _), beta = work[0], work[4]
    at, wide, r = 0, len(series) - 1, max(p, q + 1)
    for ahead in range(1, steps[-1] + 1):
        advance(mean, cov, phi, load, r, d)
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
