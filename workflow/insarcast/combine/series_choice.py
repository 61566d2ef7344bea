"""The automatic choice for ready series: who did best before, as far as the past can tell, learning with every outcome."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Origins after which an outcome counts half.
HALF_LIFE = 20.0
# Origins with a known outcome that a choice needs.
LEAST = 5
# A model so many standard errors behind the best one is out of the race.
OUT = 3.0


def mean_losses(medians: NDArray[np.floating], observed: NDArray[np.floating]) -> tuple[Array, NDArray[np.int64]]:
    """Sums of absolute errors over points, on the cells that all models forecast.

    Args:
        medians: ``(model, origin, horizon, point)`` mm.
        observed: ``(origin, horizon, point)`` mm, NaN where the outcome is not known.

    Returns:
        ``(model, origin, horizon)`` sums in mm and ``(origin, horizon)`` counts, which add up over shares of the points.
    """
    errors = np.abs(medians - observed).astype("float64")
    known = np.isfinite(errors).all(axis=0)
    return np.where(known, errors, 0.0).sum(axis=-1), known.sum(axis=-1)


def choice_weights(
    losses: Array,
    origin: NDArray[Any],
    target: NDArray[Any],
    at: NDArray[Any],
    *,
    half_life: float = HALF_LIFE,
    least: int = LEAST,
) -> Array:
    """Weights of the models at each origin to forecast from.

    At an origin, what counts are the earlier origins whose target date is not later than it: outcomes that were known by then. For
    each horizon the model with the least mean loss leads. Every other is behind it by a mean difference with a standard error (the
    losses are paired by origin; h dates ahead, h neighbouring origins share their outcomes and count as one, Diebold & Mariano
    1995, J. Bus. Econ. Stat. 13:253), by ``t`` of them. Models weigh ``exp(-t^2 / 2)``, the likelihood of being the best that the
    differences leave them, and nothing beyond three standard errors. So a clear leader is chosen alone; where the past cannot tell
    models apart, persistence among them, they are averaged (in the spirit of the model confidence set of Hansen, Lunde & Nason
    2011, Econometrica 79:453), and a forecast that was good for one season only is drawn back towards the others.

    Args:
        losses: ``(model, origin, horizon)`` mean absolute error over points, mm, persistence first; NaN where not known.
        origin: ``(origin,)`` dates or indices, ascending.
        target: ``(origin, horizon)`` dates or indices of the targets.
        at: ``(test,)`` origins to forecast from.
        half_life: an outcome counts half after so many origins; infinity: all count the same.
        least: origins with a known outcome that are needed; with fewer, the weights of the next shorter horizon stand, and where
            there is none, persistence alone.

    Returns:
        ``(test, horizon, model)``, each with sum 1.
    """
    count, _, horizons = losses.shape
    out = np.zeros((len(at), horizons, count))
    known = np.asarray(np.isfinite(losses).all(axis=0))
    for row, now in enumerate(at):
        weights = np.eye(count)[0]
        for step in range(horizons):
            use = np.flatnonzero((origin < now) & (target[:, step] <= now) & known[:, step])
            if use.size >= least:
                age = np.searchsorted(origin, now) - use
                lag = int(np.median(np.searchsorted(origin, target[use, step]) - use))
                weights = race(losses[:, use, step], 0.5 ** (age / half_life), max(lag, 1))
            out[row, step] = weights
    return out


def race(losses: Array, weight: Array, lag: int) -> Array:
    """Weights ``(model,)`` by how many standard errors each is behind the best.

    Args:
        losses: ``(model, origin)`` mean absolute errors, mm.
        weight: ``(origin,)`` how much each origin counts.
        lag: neighbouring origins that share outcomes and count as one.
    """
    weight = weight / weight.sum()
    best = int((losses @ weight).argmin())
    behind = losses - losses[best]
    mean = behind @ weight
    effective = 1 / float((weight**2).sum())
    spread = ((behind - mean[:, None]) ** 2) @ weight * effective / max(effective - 1, 0.5)
    error = np.sqrt(spread * min(lag / effective, 1.0))
    late = mean > 0
    t = np.where(late, mean / np.where(error > 0, error, 1e-300), 0.0)
    t = np.minimum(t, 1e3)
    out = np.where(t > OUT, 0.0, np.exp(-(t**2) / 2))
    return np.asarray(out / out.sum())
