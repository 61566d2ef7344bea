"""The same by statsmodels, series by series."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import Array
from .compiled import PER_PARAMETER
from .fit import fit_series
from .past import Part, Spec, columns_of


def fit_statsmodels(part: Part, spec: Spec) -> tuple[Array, Array, Array]:
    """Centre, scale and freedom by statsmodels: its exact likelihood with a nearly diffuse start, and a dummy for each unknown offset.

    Where it fails, or the past is too short, the kernel's random walk stands in. The scale is statsmodels' standard error, which
    neglects the uncertainty of all parameters.
    """
    from statsmodels.tsa.arima.model import ARIMA

    trend = {0: "ct", 1: "t", 2: "n"}[spec.order[1]] if spec.drift else {0: "c"}.get(spec.order[1], "n")
    walk = fit_series(part.values, part.broken, columns_of(part.days, Spec((0, 1, 0), True)), (0, 1, 0), part.steps, drift=True)
    ahead = int(part.steps.max(initial=0))
    for point in range(part.values.shape[1]):
        values = part.values[:, point]
        known = np.isfinite(values)
        if not known[-1] or walk.innovations[point] < max(PER_PARAMETER * spec.parameters, 1):
            continue
        first = int(np.argmax(known))
        breaks = _breaks(part.broken[first:, point], known[first:])
        dummies = np.tri(len(values) - first + ahead, len(values) - first + ahead)[:, breaks] if len(breaks) else None
        n = len(values) - first
        past, future = (None, None) if dummies is None else (dummies[:n], dummies[n:])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                result: Any = ARIMA(values[first:] - values[-1], exog=past, order=spec.order, trend=trend).fit()
                forecast = result.get_forecast(ahead, exog=future)
        except (ValueError, np.linalg.LinAlgError, IndexError):
            continue
        walk.centre[point] = forecast.predicted_mean[part.steps - 1]
        walk.scale[point] = forecast.se_mean[part.steps - 1]
        walk.freedom[point] = walk.innovations[point] - spec.parameters
    return walk.centre, walk.scale, walk.freedom


def _breaks(broken: NDArray[np.bool_], known: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Dates of the first value after one or more broken steps."""
    found, gone = [], False
    for t in range(1, len(broken)):
        gone = gone or bool(broken[t])
        if known[t]:
            if gone:
                found.append(t)
            gone = False
    return np.array(found, np.intp)
