"""The noise of a single date: about what a forecast that knew the motion of the ground would still miss by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LAGS = 5
YEAR_DAYS = 365.25
METHOD = (
    "Per point, a straight line and a yearly sine are taken off, and a level per release; differences of dates up to "
    f"{LAGS} median steps apart, in bins of one step, give semivariances, and a straight line through them in elapsed days, weighted by "
    "pairs, has the variance of one date's noise at lag 0 (the nugget). Differences across a release join are left out. noise_mm is "
    "the root of the mean variance over points, from half the mean squared differences. A forecast that knew the ground's motion "
    "would know the noise of the date it starts from as well, and would miss a target by the target's own noise alone: the mean "
    "absolute value of that, averaged over the scored points, is the floor. It comes from the mean absolute differences, which for "
    "normal noise are 2 / sqrt(pi) sd, and the mean absolute value sqrt(2 / pi) sd; a few wild dates weigh less in it. The noise is "
    "taken to be independent from date to date; what of it lasts longer than a step counts as motion here."
)


class DateNoise(NamedTuple):
    """Noise of one date, ``(point,)``, NaN with too few pairs.

    Attributes:
        variance: mm2, from squared differences.
        absolute: mean absolute value squared, mm2, from absolute differences.
    Neither is clipped: of a smooth series they may come out below 0, so that the mean over points stays unbiased.
    """

    variance: Array
    absolute: Array


def date_noise(values: Array, segment: NDArray[np.integer[Any]], days: Array) -> DateNoise:
    """Nuggets of the temporal variogram of each point, see ``METHOD``.

    Args:
        values: ``(time, point)`` mm, NaN where not measured.
        segment: ``(time, point)`` number of the release, or of the run of dates without a bridged step.
        days: ``(time,)`` days since the first date.
    """
    rest = detrend(values, segment, days)
    step = float(np.median(np.diff(days)))
    earlier, later = np.triu_indices(len(days), 1)
    gap = days[later] - days[earlier]
    which = np.rint(gap / step).astype("int64")
    lag, square, absolute, pairs = (np.full((LAGS, values.shape[1]), np.nan) for _ in range(4))
    for place in range(LAGS):
        chosen = np.flatnonzero(which == place + 1)
        first, second = earlier[chosen], later[chosen]
        size = np.where(segment[first] == segment[second], np.abs(rest[second] - rest[first]), np.nan)
        known = np.isfinite(size)
        pairs[place] = known.sum(axis=0)
        size, n = np.where(known, size, 0.0), np.where(pairs[place] >= 10, pairs[place], np.nan)
        lag[place] = (gap[chosen, None] * known).sum(axis=0) / n
        square[place] = (size**2).sum(axis=0) / n / 2
        absolute[place] = (size.sum(axis=0) / n) ** 2 / 2
    return DateNoise(_intercept(lag, square, pairs), _intercept(lag, absolute, pairs))


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
    noise: DateNoise, count: NDArray[np.integer[Any]], horizons: Sequence[int], persistence: Mapping[int, float]
) -> dict[str, Any]:
    """The record of the noise: numbers and one sentence for a person.

    Args:
        noise: of every point.
        count: ``(horizon, point)`` scored origins.
        horizons: steps ahead.
        persistence: horizon -> mean absolute error of persistence, mm; nothing where not scored.
    """
    known = np.isfinite(noise.variance)
    if not known.any():
        sentence = "The noise of one date cannot be told: the series are too short."
        empty: dict[int, float] = dict.fromkeys(horizons, np.nan)
        return {"noise_mm": np.nan, "floor_mae_mm": empty, "skill_at_most": empty, "method": METHOD, "sentence": sentence}
    sd = float(np.sqrt(max(noise.variance[known].mean(), 0.0)))
    size = np.where(known, np.sqrt(np.maximum(np.where(known, noise.absolute, 0.0), 0.0)), 0.0)
    floor: dict[int, float] = {}
    for horizon, n in zip(horizons, count, strict=True):
        weight = np.where(known, n, 0)
        floor[horizon] = float(weight @ size / weight.sum()) if weight.any() else np.nan
    most = {step: 1 - floor[step] / persistence[step] if persistence.get(step) else np.nan for step in horizons}
    low, middle, high = np.sqrt(np.maximum(np.percentile(noise.variance[known], [10, 50, 90]), 0.0)).tolist()
    first = next((step for step in horizons if np.isfinite(floor[step])), None)
    sentence = (
        f"One date's noise has a standard deviation of {sd:.2g} mm ({low:.2g} to {high:.2g} mm at the middle 80 % of the points)"
    )
    if first is not None:
        sentence += (
            f", so that even a forecast that knew the ground's motion would miss by about {floor[first]:.2g} mm on average"
            f" {first} step{'s' if first > 1 else ''} ahead"
        )
        sentence += f", a skill of about {100 * most[first]:.0f} %" if np.isfinite(most[first]) else ""
        if most[first] > 0.5:  # white noise alone leaves 29 %, the share that knowing the origin's noise saves
            sentence += "; but most of a step is motion here, or noise that lasts, as after a filter in time, and that cannot be told apart"
    return {
        "noise_mm": sd,
        "floor_mae_mm": floor,
        "skill_at_most": most,
        "noise_points_mm": {"p10": low, "p50": middle, "p90": high},
        "n_points": int(known.sum()),
        "method": METHOD,
        "sentence": sentence + ".",
    }
