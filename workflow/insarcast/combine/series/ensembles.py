"""What is made of several models of a ready series: the automatic choice, and stacking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast import __version__
from insarcast.core import append_points, write_json

from .choice import common_shift, split_losses, split_weights
from .classes import moving_classes, past_of
from .stacking import error_moments, simplex_weights
from .stores import open_forecasts, point_sample, point_slices
from .words import choice_sentence_of_series

Array = NDArray[np.float64]
# Earlier origins with a known outcome that weights of a horizon need; with fewer, those of the next shorter horizon stand.
MIN_ORIGINS = 5
# Points that a velocity class needs for weights of its own.
LEAST = 5


def combine_series(
    forecasts: Sequence[Path],
    series: Path,
    auto: Path,
    stacking: Path,
    choice: Path,
    velocity_classes: Sequence[float],
    half_life: float | None,
    seed: int,
) -> None:
    """Make the automatic choice and the stacking of the models of a ready series, each velocity class by itself.

    Most points of a city hardly move; weights that are best on average over all of them may be absurd where the ground sinks. So
    the points of each class of past velocity have weights of their own; a class with fewer than 5 points joins the next slower one.

    The automatic choice learns with every outcome: at each origin it weighs the models by what was known then, see
    :func:`~insarcast.combine.series.choice.split_weights`; the mean of all points is chosen apart. Stacking has one set of weights
    by class and horizon, from the past origins whose outcome was known on the first test origin, see :func:`stacking_weights`.

    Args:
        forecasts: stores of backtest_series of all models, persistence first.
        series: cube of points, for the velocity before the first test.
        auto: store to write, like a model's own; so its calibration sees the choices of the past origins too.
        stacking: the same.
        choice: JSON to write: ``model`` (the leading one, by horizon, on the first test origin, in the class of most points) and
            ``newest`` (at the newest origin); ``past_skill`` by model and horizon, 1 - MAE / MAE of persistence at the past origins
            whose outcome was known on the first test origin; ``weights`` of the automatic choice by model and horizon, on average
            over the test origins and points, for what points do beyond their mean, and ``weights_of_the_mean``; ``stacking``
            likewise; ``n_classes``; ``n_origins`` past origins by horizon; ``sentence``.
        velocity_classes: edges of the classes, mm/yr.
        half_life: origins after which an outcome counts half; None: all count the same.
        seed: seed of the models.
    """
    stores = open_forecasts(forecasts)
    names, first = list(stores), next(iter(stores.values()))
    labels = {name: str(store.attrs["label"]) for name, store in stores.items()}
    medians, observed = read_sample(stores)
    stacked = np.stack(list(medians.values()))
    classes = moving_classes(past_of(series, first), velocity_classes, LEAST)
    own = classes[point_sample(first.sizes["point"])]
    share = np.bincount(classes) / classes.size
    cells = learning_cells(first)
    origin, target, roles = first.origin.values, first.target_time.values, first.role.values
    life = half_life or np.inf
    by_class = [
        split_weights(split_losses(stacked, observed, own == kind), origin, target, origin, half_life=life)
        for kind in range(share.size)
    ]
    local, common = np.stack([part.local for part in by_class]), by_class[0].common
    even = np.stack([stacking_weights(stacked[..., own == k], observed[..., own == k], cells) for k in range(share.size)])
    attrs = {"seed": seed, "first_date": first.attrs["first_date"]}
    shift = common_shift(common, local, *_sums(stacked, own, share.size))
    write_combination(stores, local, classes, auto, {**attrs, "model": "auto", "label": "the models that did best before"}, shift)
    weights = np.broadcast_to(even[:, None], local.shape)
    write_combination(stores, weights, classes, stacking, {**attrs, "model": "stacking", "label": "weighted mean of all models"})
    steps = [int(step) for step in first.horizon.values]
    main = int(share.argmax())
    leads = {
        role: {step: names[int(local[main, at, which].argmax())] for which, step in enumerate(steps)}
        for role, at in (("test", int(np.flatnonzero(roles == "test")[0])), ("newest", len(roles) - 1))
    }
    learnt = {
        step: int((cells[:, which] & np.isfinite(observed[:, which]).any(axis=1)).sum()) for which, step in enumerate(steps)
    }
    write_json(
        choice,
        {
            "model": leads["test"],
            "newest": leads["newest"],
            "past_skill": _by_model(names, steps, past_skill(stacked, observed, cells)),
            "weights": _by_model(
                names, steps, np.einsum("c,cohm->mh", share, local[:, roles == "test"]) / (roles == "test").sum()
            ),
            "weights_of_the_mean": _by_model(names, steps, common[roles == "test"].mean(axis=0).T),
            "stacking": _by_model(names, steps, np.einsum("c,chm->mh", share, even)),
            "n_classes": int(share.size),
            "n_origins": learnt,
            "sentence": choice_sentence_of_series(leads["test"], labels, max(learnt.values())),
        },
    )


def learning_cells(store: xr.Dataset) -> NDArray[np.bool_]:
    """``(origin, horizon)`` past origins whose outcome was known on the first test origin."""
    first = store.origin.values[store.role.values == "test"][0]
    known: NDArray[np.bool_] = store.target_time.values <= first
    return np.asarray(known & (store.role.values == "past")[:, None])


def stacking_weights(medians: NDArray[np.floating], observed: NDArray[np.floating], cells: NDArray[np.bool_]) -> Array:
    """Weights of the models by horizon.

    Args:
        medians: ``(model, origin, horizon, point)`` mm.
        observed: ``(origin, horizon, point)`` mm.
        cells: ``(origin, horizon)`` what may be learnt from.

    Returns:
        ``(horizon, model)``, each row with sum 1; the same for all models where no horizon has enough origins.
    """
    weights = np.full((observed.shape[1], len(medians)), 1 / len(medians))
    for step in range(observed.shape[1]):
        here = cells[:, step] & np.isfinite(observed[:, step]).any(axis=1)
        moments, count = error_moments(medians[:, here, step], observed[here, step])
        if here.sum() >= MIN_ORIGINS and count:
            weights[step] = simplex_weights(moments)
        elif step:
            weights[step] = weights[step - 1]
    return weights


def past_skill(medians: NDArray[np.floating], observed: NDArray[np.floating], cells: NDArray[np.bool_]) -> Array:
    """``(model, horizon)`` skill against the first model, persistence, where all have a forecast; NaN where there is nothing.

    Args:
        medians: ``(model, origin, horizon, point)`` mm.
        observed: ``(origin, horizon, point)`` mm.
        cells: ``(origin, horizon)`` what may be learnt from.
    """
    errors = np.abs(medians - observed)
    known = np.isfinite(errors).all(axis=0) & cells[..., None]
    total = np.where(known, errors, 0.0).sum(axis=(1, 3), dtype="float64")
    return np.where(total[0] > 0, 1 - total / np.where(total[0] > 0, total[0], 1.0), np.nan)


def _sums(medians: NDArray[np.floating], classes: NDArray[np.integer], count: int) -> tuple[Array, NDArray[np.int64]]:
    """``(class, model, origin, horizon)`` sums over the points that all models forecast, mm; and ``(origin, horizon)`` how many."""
    known = np.isfinite(medians).all(axis=0)
    sums = [np.where(known & (classes == kind), medians, 0.0).sum(axis=-1, dtype="float64") for kind in range(count)]
    return np.stack(sums), known.sum(axis=-1)


def _by_model(names: Sequence[str], steps: Sequence[int], values: Array) -> dict[str, dict[int, float | None]]:
    """JSON of ``values`` (model, horizon); null where not known."""
    return {
        name: {step: float(value) if np.isfinite(value) else None for step, value in zip(steps, row, strict=True)}
        for name, row in zip(names, values, strict=True)
    }


def write_combination(
    stores: Mapping[str, xr.Dataset],
    weights: Array,
    classes: NDArray[np.integer],
    path: Path,
    attrs: Mapping[str, Any],
    shift: Array | None = None,
) -> None:
    """Write a weighted mean of forecasts, quantile by quantile.

    Averaging quantiles keeps the shape of the laws, and is not wider than they are, where averaging densities would add the
    models' disagreement (Lichtendahl, Grushka-Cockayne & Winkler 2013, Management Science 59:1594-1611); calibration follows anyway.
    Where a model has no forecast of a point, the others share its weight.

    Args:
        stores: forecasts by model.
        weights: ``(class, origin, horizon, model)``, not negative, with sum 1.
        classes: ``(point,)`` class of each point.
        path: store to write, like a model's own.
        attrs: its attributes.
        shift: ``(origin, horizon)`` mm, added to the forecasts of all points.
    """
    first = next(iter(stores.values()))
    for points in point_slices(first.sizes["point"]):
        template = first.isel(point=points).load()
        total = np.zeros(template.sd.shape)
        increment, sd = np.zeros(template.increment.shape), np.zeros(template.sd.shape)
        for which, store in enumerate(stores.values()):
            if not weights[..., which].any():
                continue
            weight = np.moveaxis(weights[classes[points], :, :, which], 0, -1)
            part = store[["increment", "sd"]].isel(point=points).load()
            known = np.isfinite(part.increment.values).all(axis=2)
            here = np.where(known, weight, 0.0)
            total += here
            increment += np.where(known, here, 0.0)[:, :, None] * np.where(known[:, :, None], part.increment.values, 0.0)
            sd += here * np.where(known, np.nan_to_num(part.sd.values), 0.0)
        nothing = total <= 0
        total[nothing] = np.nan
        increment /= total[:, :, None]
        if shift is not None:
            increment += shift[:, :, None, None]
        made = template.assign(
            increment=(template.increment.dims, increment.astype("float32"), template.increment.attrs),
            sd=(template.sd.dims, (sd / total).astype("float32"), template.sd.attrs),
        )
        append_points(made.assign_attrs({**attrs, "insarcast_version": __version__}), path)


def read_sample(stores: Mapping[str, xr.Dataset]) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.float32]]:
    """Medians by model and what happened, ``(origin, horizon, point)`` mm, of points on a regular stride."""
    first = next(iter(stores.values()))
    some = point_sample(first.sizes["point"])
    medians = {model: store.increment.sel(quantile=0.5).isel(point=some).values for model, store in stores.items()}
    return medians, first.observed.isel(point=some).values
