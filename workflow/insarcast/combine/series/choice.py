"""The automatic choice for ready series: who did best before, as far as the past can tell, learning with every outcome."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Origins after which an outcome counts half.
HALF_LIFE = 20.0
# Origins with a known outcome that a choice needs.
LEAST = 5
# Prior weight of persistence for the common motion, the other models sharing the rest.
SCEPTICISM = 0.5
# A model that has lost more than so many times what the best one has is not averaged in, however short the past.
HOPELESS = 5.0


class Parts(NamedTuple):
    """The same of the motion that all points have in common (their mean), and of what each does beyond it.

    Attributes:
        local: of the differences from the mean over points.
        common: of the mean over points.
    """

    local: Array
    common: Array


def split_losses(medians: NDArray[np.floating], observed: NDArray[np.floating], inside: NDArray[np.bool_] | None = None) -> Parts:
    """Mean absolute errors of the models at each origin and horizon, on the cells that all of them forecast.

    Args:
        medians: ``(model, origin, horizon, point)`` mm, persistence first.
        observed: ``(origin, horizon, point)`` mm, NaN where the outcome is not known.
        inside: ``(point,)`` points of a class, whose losses beyond the mean of all points are wanted; None: all of them.

    Returns:
        two ``(model, origin, horizon)`` in mm, NaN where no outcome is known.
    """
    known = np.isfinite(observed) & np.isfinite(medians).all(axis=0)
    count = known.sum(axis=-1)
    own = known if inside is None else known & inside
    own_count = own.sum(axis=-1)
    some = np.maximum(count, 1)
    truth = np.where(known, observed, 0.0).astype("float64")
    middle = truth.sum(axis=-1) / some
    local, common = (np.full(medians.shape[:3], np.nan) for _ in range(2))
    for at, median in enumerate(medians):
        forecast = np.where(known, median, 0.0).astype("float64")
        mean = forecast.sum(axis=-1) / some
        off = np.abs((truth - middle[..., None]) - (forecast - mean[..., None]))
        local[at] = np.where(own_count > 0, np.where(own, off, 0.0).sum(axis=-1) / np.maximum(own_count, 1), np.nan)
        common[at] = np.where(count > 0, np.abs(middle - mean), np.nan)
    return Parts(local, common)


def split_weights(
    losses: Parts,
    origin: NDArray[Any],
    target: NDArray[Any],
    at: NDArray[Any],
    *,
    half_life: float = HALF_LIFE,
    least: int = LEAST,
    scepticism: float = SCEPTICISM,
) -> Parts:
    """Weights of the models at each origin to forecast from, one set for the mean over points and one for what is beyond it.

    The mean is one series, however many points there are: at a long horizon the past holds few independent outcomes of it. So it
    has a race of its own, in which persistence starts with half of the weight; see :func:`choice_weights`.

    Args:
        losses: of :func:`split_losses`.
        origin: ``(origin,)`` dates or indices, ascending.
        target: ``(origin, horizon)`` dates or indices of the targets.
        at: ``(test,)`` origins to forecast from.
        half_life: an outcome counts half after so many origins; infinity: all count the same.
        least: origins with a known outcome that are needed.
        scepticism: prior weight of persistence for the mean.

    Returns:
        two ``(test, horizon, model)``, each row with sum 1. The forecast is ``sum_m local_m increment_m`` plus the same shift for
        all points, :func:`common_shift`.
    """
    count = len(losses.common)
    prior = np.full(count, (1 - scepticism) / max(count - 1, 1))
    prior[0] = scepticism if count > 1 else 1.0
    return Parts(
        choice_weights(losses.local, origin, target, at, half_life=half_life, least=least),
        choice_weights(losses.common, origin, target, at, half_life=half_life, least=least, prior=prior),
    )


def choice_weights(
    losses: Array,
    origin: NDArray[Any],
    target: NDArray[Any],
    at: NDArray[Any],
    *,
    half_life: float = HALF_LIFE,
    least: int = LEAST,
    prior: Array | None = None,
) -> Array:
    """Weights of the models at each origin to forecast from.

    At an origin, what counts are the earlier origins whose target date is not later than it: outcomes that were known by then.
    For each horizon the models run a :func:`race`: a clear leader is chosen alone; where the past cannot tell models apart,
    persistence among them, they are averaged.

    Args:
        losses: ``(model, origin, horizon)`` mean absolute error over points, mm, persistence first; NaN where not known.
        origin: ``(origin,)`` dates or indices, ascending.
        target: ``(origin, horizon)`` dates or indices of the targets.
        at: ``(test,)`` origins to forecast from.
        half_life: an outcome counts half after so many origins; infinity: all count the same.
        least: origins with a known outcome that are needed; with fewer, the weights of the next shorter horizon stand, and where
            there is none, persistence alone.
        prior: ``(model,)`` weights before any outcome, for models that the past cannot tell apart; None: the same for all.

    Returns:
        ``(test, horizon, model)``, each row with sum 1.
    """
    count, _, horizons = losses.shape
    out = np.zeros((len(at), horizons, count))
    start = np.full(count, 1 / count) if prior is None else prior
    known = np.asarray(np.isfinite(losses).all(axis=0))
    for row, now in enumerate(at):
        weights = np.eye(count)[0]
        for step in range(horizons):
            use = np.flatnonzero((origin < now) & (target[:, step] <= now) & known[:, step])
            if use.size >= least:
                weight = 0.5 ** ((np.searchsorted(origin, now) - use) / half_life)
                lag = max(int(np.median(np.searchsorted(origin, target[use, step]) - use)), 1)
                weights = race(losses[:, use, step], weight, use, lag, start)
            out[row, step] = weights
    return out


def common_shift(common: Array, local: Array, sums: Array, count: NDArray[np.integer]) -> Array:
    """What is added to the locally weighted forecast of every point so that the mean over points is that of the common weights.

    Args:
        common: ``(origin, horizon, model)`` weights of the mean over all points.
        local: ``(class, origin, horizon, model)`` weights of what the points of each class do beyond it.
        sums: ``(class, model, origin, horizon)`` sums over the points of a class of each model's median, mm, of the same origins.
        count: ``(origin, horizon)`` points in all classes together.

    Returns:
        ``(origin, horizon)`` mm; 0 where there is no point.
    """
    wanted = np.einsum("ohm,cmoh->oh", common, sums)
    made = np.einsum("cohm,cmoh->oh", local, sums)
    return np.asarray((wanted - made) / np.maximum(count, 1))


def race(losses: Array, weight: Array, place: NDArray[np.intp], lag: int, prior: Array) -> Array:
    """Weights ``(model,)`` by how surely each is behind the best.

    The model with the least weighted mean loss leads. Every other is behind it by a mean difference, paired by origin. Forecasts over
    h dates from origins k dates apart share ``1 - k/h`` of their outcome; with these correlations the variance of the mean is
    ``r s^2``, ``r = w' R w``, where the weighted sample variance estimates ``(1 - r) s^2`` (the small-sample side of Diebold &
    Mariano 1995, J. Bus. Econ. Stat. 13:253, with the correction of Harvey, Leybourne & Newbold 1997 done exactly): the past is
    worth 1/r independent outcomes. Models weigh their prior times ``(1 + t^2 / f)^(-(f + 1) / 2)``, the Student likelihood of being
    no worse at ``f = 1/r - 1`` degrees of freedom: heavy tails where the past is short, so that a model that was good for one season
    only is drawn back towards the others (in the spirit of the model confidence set, Hansen, Lunde & Nason 2011, Econometrica 79:453).

    Args:
        losses: ``(model, origin)`` mean absolute errors, mm, persistence first.
        weight: ``(origin,)`` how much each origin counts.
        place: ``(origin,)`` index of each origin among all dates.
        lag: dates that a forecast reaches ahead.
        prior: ``(model,)`` prior weights.
    """
    weight = weight / weight.sum()
    shared = np.maximum(0.0, 1 - np.abs(place[:, None] - place) / lag)
    r = min(float(weight @ shared @ weight), 1 - 1e-6)
    best = int((losses @ weight).argmin())
    behind = losses - losses[best]
    mean = behind @ weight
    spread = ((behind - mean[:, None]) ** 2) @ weight / (1 - r)
    error = np.sqrt(spread * r)
    t = np.where(mean > 0, mean / np.where(error > 0, error, 1e-300), 0.0)
    hopeless = losses @ weight > HOPELESS * (losses @ weight)[best]
    freedom = max(1 / r - 1, 1.0)
    out = prior * (1 + np.minimum(t, 1e6) ** 2 / freedom) ** (-(freedom + 1) / 2)
    out[hopeless] = 0.0  # heavy tails must not average in a bias of many times the noise
    return np.asarray(out / out.sum())
