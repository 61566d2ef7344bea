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

from .series_stores import open_forecasts, point_sample, point_slices
from .stacking import error_moments, simplex_weights

Array = NDArray[np.float64]
# Earlier origins with a known outcome that weights of a horizon need; with fewer, those of the next shorter horizon stand.
MIN_ORIGINS = 5


def combine_series(forecasts: Sequence[Path], auto: Path, stacking: Path, choice: Path, seed: int) -> None:
    """Make the automatic choice and the stacking of the models of a ready series.

    Both learn from the past origins alone, as far as their outcomes were known on the first test origin.
    """
    stores = open_forecasts(forecasts)
    first = next(iter(stores.values()))
    medians, observed = read_sample(stores)
    cells = learning_cells(first)
    names = list(stores)
    stack = stacking_weights(medians, observed, cells)
    errors = np.stack([np.abs(m - observed) for m in medians.values()])
    pick = np.zeros_like(stack)
    chosen, skills = {}, {n: {} for n in names}
    for step, h in enumerate(first.horizon.values):
        here = cells[:, step]
        mae = np.nanmean(errors[:, here, step], axis=(1, 2))
        half = np.flatnonzero(here)
        halves = [np.nanmean(errors[:, part, step], axis=(1, 2)) for part in np.array_split(half, 2)]
        sk = 1 - mae / mae[0]
        sound = np.all([1 - m / m[0] >= 0 for m in halves], axis=0)
        best = int(np.argmax(np.where(sound, sk, -1)))
        pick[step, best] = 1
        chosen[str(h)] = names[best]
        for n, v in zip(names, sk, strict=True):
            skills[n][str(h)] = float(v)
    shape = (first.sizes["origin"], *stack.shape)
    attrs = {"seed": seed}
    write_combination(
        stores, np.broadcast_to(pick, shape), auto, {**attrs, "model": "auto", "label": "the model that did best before"}
    )
    write_combination(
        stores, np.broadcast_to(stack, shape), stacking, {**attrs, "model": "stacking", "label": "weighted mean of the models"}
    )
    write_json(
        choice,
        {
            "model": chosen,
            "past_skill": skills,
            "weights": {
                str(h): dict(zip(names, map(float, w), strict=True)) for h, w in zip(first.horizon.values, stack, strict=True)
            },
            "sentence": "",
        },
    )


def learning_cells(store: xr.Dataset) -> NDArray[np.bool_]:
    """``(origin, horizon)`` past origins whose outcome was known on the first test origin."""
    first = store.origin.values[store.role.values == "test"][0]
    known: NDArray[np.bool_] = store.target_time.values <= first
    return np.asarray(known & (store.role.values == "past")[:, None])


def stacking_weights(
    medians: Mapping[str, NDArray[np.floating]], observed: NDArray[np.floating], cells: NDArray[np.bool_]
) -> Array:
    """Weights of the models by horizon.

    Args:
        medians: by model, ``(origin, horizon, point)`` mm.
        observed: ``(origin, horizon, point)`` mm.
        cells: ``(origin, horizon)`` what may be learnt from.

    Returns:
        ``(horizon, model)``, each row with sum 1; the same for all models where no horizon has enough origins.
    """
    values = np.stack(list(medians.values()))
    weights = np.full((observed.shape[1], len(values)), 1 / len(values))
    for step in range(observed.shape[1]):
        here = cells[:, step] & np.isfinite(observed[:, step]).any(axis=1)
        moments, count = error_moments(values[:, here, step], observed[here, step])
        if here.sum() >= MIN_ORIGINS and count:
            weights[step] = simplex_weights(moments)
        elif step:
            weights[step] = weights[step - 1]
    return weights


def write_combination(stores: Mapping[str, xr.Dataset], weights: Array, path: Path, attrs: Mapping[str, Any]) -> None:
    """Write a weighted mean of forecasts, quantile by quantile.

    Averaging quantiles keeps the shape of the laws, and is not wider than they are, where averaging densities would add the
    models' disagreement (Lichtendahl, Grushka-Cockayne & Winkler 2013, Management Science 59:1594-1611); calibration follows anyway.
    Where a model has no forecast of a point, the others share its weight.

    Args:
        stores: forecasts by model.
        weights: ``(origin, horizon, model)``, not negative, with sum 1.
        path: store to write, like a model's own.
        attrs: its attributes.
    """
    first = next(iter(stores.values()))
    for points in point_slices(first.sizes["point"]):
        template = first.isel(point=points).load()
        total = np.zeros(template.sd.shape)
        increment, sd = np.zeros(template.increment.shape), np.zeros(template.sd.shape)
        for which, store in enumerate(stores.values()):
            weight = weights[:, :, which, None]
            if not weight.any():
                continue
            part = store[["increment", "sd"]].isel(point=points).load()
            known = np.isfinite(part.increment.values).all(axis=2)
            here = np.where(known, weight, 0.0)
            total += here
            increment += np.where(known, here, 0.0)[:, :, None] * np.where(known[:, :, None], part.increment.values, 0.0)
            sd += here * np.where(known, np.nan_to_num(part.sd.values), 0.0)
        nothing = total <= 0
        total[nothing] = np.nan
        made = template.assign(
            increment=(template.increment.dims, (increment / total[:, :, None]).astype("float32"), template.increment.attrs),
            sd=(template.sd.dims, (sd / total).astype("float32"), template.sd.attrs),
        )
        append_points(made.assign_attrs({**attrs, "insarcast_version": __version__}), path)


def read_sample(stores: Mapping[str, xr.Dataset]) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.float32]]:
    """Medians by model and what happened, ``(origin, horizon, point)`` mm, of points on a regular stride."""
    first = next(iter(stores.values()))
    some = point_sample(first.sizes["point"])
    medians = {model: store.increment.sel(quantile=0.5).isel(point=some).values for model, store in stores.items()}
    return medians, first.observed.isel(point=some).values
