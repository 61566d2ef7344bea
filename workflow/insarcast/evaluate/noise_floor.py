"""The noise of a single date, which no forecast of it can undercut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LAGS = 5
YEAR_DAYS = 365.25
_MEDIAN_CHI2 = 0.454936423119573  # median of chi-squared with one degree of freedom
METHOD = (
    "Per point, a straight line and a yearly sine are taken off, and a level per release; half the squared differences of dates up to "
    f"{LAGS} median steps apart, in bins of one step, give robust semivariances (median over 0.455, the median of chi-squared with "
    "one degree of freedom); a straight line through them in elapsed days, weighted by pairs, has the variance of one date's noise "
    "at lag 0. Steps across a release join are left out. noise_mm is the root of the mean variance over points. A forecast that "
    "knew the signal would miss a target by the target's own noise alone, for the level at the origin is then known: its mean "
    "absolute error, sqrt(2 / pi) sd of normal noise, averaged over the scored points, is the floor. The noise is taken to be "
    "independent from date to date; what of it lasts longer than a step counts as signal here."
)


def date_noise(values: Array, segment: NDArray[np.integer[Any]], days: Array) -> Array:
    """Variance of one date's noise of each point, mm2: the nugget of its temporal variogram, see ``METHOD``.

    Args:
        values: ``(time, point)`` mm, NaN where not measured.
        segment: ``(time, point)`` number of the release, or of the run of dates without a bridged step.
        days: ``(time,)`` days since the first date.

    Returns:
        ``(point,)``; not clipped: of a smooth series it may come out below 0, so that the mean over points stays unbiased. NaN
        with too few pairs.
    """
    rest = detrend(values, segment, days)
    step = float(np.median(np.diff(days)))
    later, earlier = np.triu_indices(len(days), 1)[::-1]
    gap = days[later] - days[earlier]
    which = np.rint(gap / step).astype("int64")
    lag, semivariance, pairs = (np.full((LAGS, values.shape[1]), np.nan) for _ in range(3))
    for place in range(LAGS):
        chosen = np.flatnonzero(which == place + 1)
        if not len(chosen):
            continue
        first, second = earlier[chosen], later[chosen]
        square = np.where(segment[first] == segment[second], (rest[second] - rest[first]) ** 2, np.nan)
        known = np.isfinite(square)
        pairs[place] = known.sum(axis=0)
        enough = pairs[place] >= 10
        if enough.any():
            semivariance[place, enough] = np.nanmedian(square[:, enough], axis=0) / _MEDIAN_CHI2 / 2
            lag[place, enough] = (gap[chosen, None] * known).sum(axis=0)[enough] / pairs[place, enough]
    return _intercept(lag, semivariance, pairs)


def _intercept(lag: Array, height: Array, weight: Array) -> Array:
    """At lag 0, of the weighted straight line through each column; NaN with fewer than two known rows."""
    known = np.isfinite(height)
    w, t, y = np.where(known, weight, 0.0), np.where(known, lag, 0.0), np.where(known, height, 0.0)
    total = np.maximum(w.sum(axis=0), 1.0)
    centre, level = (w * t).sum(axis=0) / total, (w * y).sum(axis=0) / total
    spread = (w * (t - centre) ** 2).sum(axis=0)
    slope = (w * (t - centre) * (y - level)).sum(axis=0) / np.where(spread > 0, spread, 1.0)
    return np.where((known.sum(axis=0) >= 2) & (spread > 0), level - slope * centre, np.nan)


def detrend(values: Array, segment: NDArray[np.integer[Any]], days: Array) -> Array:
    """Residuals of a straight line and a yearly sine fitted to each column by least squares; NaN stays NaN.

    Every run of dates has a level of its own. With less than a year and a half the sine is left out, for it would take up noise.

    Args:
        values: ``(time, point)`` mm.
        segment: ``(time, point)`` number of the run.
        days: ``(time,)``.
    """
    years = days / YEAR_DAYS
    columns = [years - years.mean()]
    if years[-1] - years[0] >= 1.5:
        columns += [np.cos(2 * np.pi * years), np.sin(2 * np.pi * years)]
    rest = np.empty(values.shape)
    patterns, which = np.unique(segment, axis=1, return_inverse=True)  # few: points share their breaks
    for number, pattern in enumerate(patterns.T):
        own = np.flatnonzero(which.ravel() == number)
        design = np.stack([*(1.0 * (pattern == run) for run in np.unique(pattern)), *columns], axis=1)
        rest[:, own] = _residuals(values[:, own], design)
    return rest


def _residuals(values: Array, design: Array) -> Array:
    """Of least squares of each column on a design ``(time, parameter)``, on the dates that it has."""
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    if known.all():
        return np.asarray(values - design @ np.linalg.lstsq(design, filled, rcond=None)[0])
    normal = np.einsum("ti,tp,tj->pij", design, known, design, optimize=True)
    inverse = np.linalg.pinv(normal, hermitian=True)
    return np.asarray(values - design @ np.einsum("pij,jp->ip", inverse, design.T @ filled))


def describe_noise(
    variance: Array, count: NDArray[np.integer[Any]], horizons: Sequence[int], persistence: Mapping[int, float]
) -> dict[str, Any]:
    """The record of the noise: numbers and one sentence for a person.

    Args:
        variance: ``(point,)`` of one date's noise, mm2, as :func:`date_noise` gives it.
        count: ``(horizon, point)`` scored origins.
        horizons: steps ahead.
        persistence: horizon -> mean absolute error of persistence, mm; nothing where not scored.
    """
    known = np.isfinite(variance)
    if not known.any():
        sentence = "The noise of one date cannot be told: the series are too short."
        empty: dict[int, float] = dict.fromkeys(horizons, np.nan)
        return {"noise_mm": np.nan, "floor_mae_mm": empty, "skill_at_most": empty, "method": METHOD, "sentence": sentence}
    sd = np.sqrt(np.maximum(variance, 0.0))
    noise = float(np.sqrt(max(variance[known].mean(), 0.0)))
    floor: dict[int, float] = {}
    for horizon, n in zip(horizons, count, strict=True):
        weight = np.where(known, n, 0)
        floor[horizon] = (
            float(np.sqrt(2 / np.pi) * (weight @ np.where(known, sd, 0.0)) / weight.sum()) if weight.any() else np.nan
        )
    most = {step: 1 - floor[step] / persistence[step] if persistence.get(step) else np.nan for step in horizons}
    low, middle, high = np.percentile(sd[known], [10, 50, 90])
    first = next((step for step in horizons if np.isfinite(floor[step])), None)
    sentence = f"One date's noise has a standard deviation of {noise:.2g} mm ({low:.2g} to {high:.2g} mm at the middle 80 % of the points)"
    if first is not None:
        sentence += (
            f", so that even a forecast that knew the ground's motion would miss by about {floor[first]:.2g} mm on average"
            f" {first} step{'s' if first > 1 else ''} ahead"
        )
        sentence += f", a skill of {100 * most[first]:.0f} % at most" if np.isfinite(most[first]) else ""
    return {
        "noise_mm": noise,
        "floor_mae_mm": floor,
        "skill_at_most": most,
        "noise_points_mm": {"p10": float(low), "p50": float(middle), "p90": float(high)},
        "n_points": int(known.sum()),
        "method": METHOD,
        "sentence": sentence + ".",
    }
