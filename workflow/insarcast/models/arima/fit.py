"""ARIMA of many series: exact Gaussian likelihood by a small Kalman filter, maximised by Levenberg-Marquardt, compiled."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from ..data import Array
from .compiled import MAX_ORDER
from .kernel import fit_batch

SLICE = 1024  # series at a time


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
        part = slice(start, start + SLICE)
        level, gone = np.ascontiguousarray(values[:, part].T), np.ascontiguousarray(broken[:, part].T)
        fit_batch(level, gone, columns, *order, drift, steps, *(each[part] for each in parts), innovations[part])  # type: ignore[call-arg]

    with ThreadPoolExecutor(threads or numba.get_num_threads()) as pool:
        list(pool.map(run, range(0, count, SLICE)))
    return Fits(*[*parts, innovations])
