"""Conformal intervals of ready series that keep learning: every outcome known at an origin widens or narrows what follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Scores are counted in bins that grow by half a percent, so that points can be counted share by share and weighed afterwards.
EDGES = np.concatenate([[0.0], np.geomspace(1e-3, 1e3, 2772), [np.inf]])
# Origins after which an outcome counts half: short, for the scale of the errors changes with the season (least miss of 90 % on past data).
HALF_LIFE = 5.0
# Origins with a known outcome that a multiplier needs.
LEAST = 5


def score_counts(scores: NDArray[np.floating], classes: NDArray[np.integer], count: int) -> NDArray[np.int64]:
    """How many scores of each class fall into each bin.

    Args:
        scores: ``(origin, horizon, point)`` ``|outcome - median| / sd``, NaN where one of them is not known.
        classes: ``(point,)`` class of each point, 0 to ``count - 1``.
        count: number of classes.

    Returns:
        ``(origin, horizon, class, bin)``; the counts of shares of the points add up.
    """
    origins, horizons, _ = scores.shape
    bins = len(EDGES) - 1
    out = np.zeros((origins, horizons, count, bins), "int64")
    for at in range(origins):
        for step in range(horizons):
            known = np.isfinite(scores[at, step])
            place = np.searchsorted(EDGES, scores[at, step, known], side="right") - 1
            flat = classes[known] * bins + np.clip(place, 0, bins - 1)
            out[at, step] = np.bincount(flat, minlength=count * bins).reshape(count, bins)
    return out


def adaptive_multipliers(
    counts: NDArray[np.int64],
    origin: NDArray[Any],
    target: NDArray[Any],
    at: NDArray[Any],
    levels: Sequence[float],
    *,
    half_life: float = HALF_LIFE,
    least: int = LEAST,
    share: float = 0.05,
) -> Array:
    """Half-widths in standard deviations of the model's own, for each origin to forecast from.

    Split conformal prediction with normalised scores (Lei, G'Sell, Rinaldo, Tibshirani & Wasserman 2018, JASA 113:1094, section 5.2)
    whose calibration set grows: at an origin it is all earlier origins whose target date is not later than it. An outcome counts
    half after ``half_life`` origins, for what was long ago is exchangeable with what comes the least (Barber, Candes, Ramdas &
    Tibshirani 2023, Conformal prediction beyond exchangeability, Ann. Statist. 51:816). Points of an origin err together; so the
    level is raised as for so many independent scores as the spread of the origins' shares says (design effect of Kish 1965,
    Survey Sampling), at least one per origin.

    Args:
        counts: ``(origin, horizon, class, bin)`` of :func:`score_counts`, of earlier and of test origins.
        origin: ``(origin,)`` dates or indices, ascending.
        target: ``(origin, horizon)`` dates or indices of the targets.
        at: ``(test,)`` origins to calibrate.
        levels: nominal coverages of central intervals, e.g. 0.9.
        half_life: in origins; infinity: all count the same.
        least: origins with a known outcome that are needed.
        share: classes with a smaller share of all scores get the larger one of their own multiplier and that of all points.

    Returns:
        ``(test, horizon, class, level)``; NaN where too few outcomes were known.
    """
    classes = counts.shape[2]
    out = np.full((len(at), counts.shape[1], classes, len(levels)), np.nan)
    for row, now in enumerate(at):
        before = origin < now
        for step in range(counts.shape[1]):
            use = np.flatnonzero(before & (target[:, step] <= now) & (counts[:, step].sum(axis=(1, 2)) > 0))
            if use.size < least:
                continue
            age = np.searchsorted(origin, now) - use
            weight = 0.5 ** (age / half_life)
            whole = counts[use, step].sum(axis=1)
            total = whole.sum()
            for kind in range(classes):
                own = counts[use, step, kind]
                multiplier = [_quantile(whole, weight, level) for level in levels]
                if (own.sum(axis=1) > 0).sum() >= least:
                    alone = [_quantile(own, weight, level) for level in levels]
                    # A few points that move fast are the hazard: theirs may be wider than everybody's, never narrower by chance.
                    few = own.sum() < share * total
                    multiplier = list(np.fmax(alone, multiplier)) if few else alone
                out[row, step, kind] = multiplier
    return out


def _quantile(counts: NDArray[np.int64], weight: Array, level: float) -> float:
    """Weighted quantile of ``counts`` (origin, bin) at the level raised for how few scores are independent; infinity if too few."""
    size = counts.sum(axis=1)
    counts, weight, size = counts[size > 0], weight[size > 0], size[size > 0]
    below = np.cumsum(weight @ counts)
    below = below / below[-1]
    first = _cut(below, level)
    # Shares of the origins' scores below the plain quantile: their spread says what the scores are worth.
    shares = counts[:, : first + 1].sum(axis=1) / size
    weight = weight / weight.sum()
    effective = 1 / (weight**2).sum()
    mean = float(weight @ shares)
    spread = float(weight @ (shares - mean) ** 2) * effective / max(effective - 1, 1e-9)
    worth = min(level * (1 - level) * effective / spread, float(size.sum())) if spread > 0 else float(size.sum())
    worth = max(worth, effective)
    raised = level * (worth + 1) / worth
    if raised >= 1:
        return float("nan")
    return _place(below, raised)


def _cut(below: Array, level: float) -> int:
    return min(int(np.searchsorted(below, level - 1e-12)), len(below) - 1)


def _place(below: Array, level: float) -> float:
    """Score at which the weighted share reaches the level, linear within its bin."""
    which = _cut(below, level)
    start = below[which - 1] if which else 0.0
    low, high = EDGES[which], EDGES[which + 1]
    if not np.isfinite(high):
        return float(low)
    return float(low + (high - low) * (level - start) / max(below[which] - start, 1e-300))


def classes_of(values: NDArray[np.floating], count: int = 3) -> NDArray[np.intp]:
    """Classes of equally many points by a quantity known before the forecasts, such as the noise or the velocity; NaN is the last.

    Args:
        values: ``(point,)``.
        count: number of classes.
    """
    known = np.isfinite(values)
    if not known.any():
        return np.zeros(len(values), "intp")
    edges = np.quantile(values[known], np.arange(1, count) / count)
    return np.where(known, np.searchsorted(edges, np.where(known, values, 0.0), side="left"), count - 1).astype("intp")
