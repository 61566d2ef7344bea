"""Score the forecasts from the past against what happened."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from insarcast import __version__
from insarcast.core import (
    InsarcastError,
    blank,
    blocks,
    create_store,
    open_cube,
    open_store,
    shard_edge,
    velocity_class,
    velocity_class_names,
    write_block,
)

from .table import score_table
from .tally import Tally, interval_pairs, neighbour_variance
from .truth import Target, date_variance, find_targets, formal_variance, increment

CHOSEN = "chosen"
_VARIABLES = ["displacement", "filled", "sigma"]


def score_forecasts(
    raws: Sequence[Path],
    forecasts: Sequence[Path],
    vintages: Sequence[Path],
    full: Path,
    choice: Path,
    scores: Path,
    table: Path,
    errors: Path,
    velocity_classes: Sequence[float],
    block: int,
    seed: int,
) -> None:
    """Score every model on the pixels that all of them forecast and the newest cube observed.

    A pixel counts where the as-of cube's mask allows it, the newest cube has a displacement, and no bridged step lies between
    origin and target. Truth is the increment in the newest cube, referred to the as-of cube's reference window.

    The last model of the table, ``chosen``, is the automatic choice: at each origin the model that did best before it. Only this
    row says how well the choice does on unseen values; the newest choice has seen the targets that the table scores.

    Columns of the table, beside model, origin (a date or ``all``), horizon and velocity_class (of the as-of cube, or ``all``):
    ``n`` pixels; ``mae``, ``rmse``, ``bias`` (forecast minus truth), mm; ``skill`` = 1 - MAE / MAE of persistence with its 95 %
    block bootstrap interval ``skill_low``, ``skill_high`` (blocks of pixels are drawn, not dates: it does not tell how other dates
    would have gone); ``n_interval`` pixels with an interval, ``calibrated`` share of calibrated ones, ``coverage50``, ``width50``
    (mm), ``coverage90``, ``width90`` and, before calibration, ``own_coverage50`` and so on; and the standard deviations, mm, of the
    noise in the truth: ``noise`` (formal, of the increment, at most; without the atmosphere), ``noise_date`` (empirical, of one
    date, with the atmosphere: what no forecast of a single date can undercut), ``noise_pixel`` (empirical, of the increment: what
    neighbouring pixels do not share).

    Args:
        raws: stores of forecast_cube, one per model, persistence first.
        forecasts: stores of calibrate_forecast, in the same order.
        vintages: as-of cubes, for mask, velocity and reference.
        full: the newest cube, the truth.
        choice: the models chosen at every origin.
        scores: parquet to write.
        table: the same as csv.
        errors: store to write: ``error`` (model, origin, horizon, y, x), median forecast minus truth, and ``truth``
            (origin, horizon, y, x), mm; NaN where not scored; attribute ``unscored``: sentences on targets that the newest cube
            should hold and cannot be scored. Where nothing can be scored, the table is empty.
        velocity_classes: edges of the classes, mm/yr.
        block: edge in pixels of the blocks of the bootstrap.
        seed: its seed.

    Raises:
        InsarcastError: the choice names no model, or one without a forecast, for an origin; or a model is called ``chosen``.
    """
    stores, owns = [open_store(path) for path in forecasts], [open_store(path) for path in raws]
    names = [name for name in stores[0].attrs["vintages"] if name != "full"]
    by_name = {cube.attrs["as_of"]: cube for cube in map(open_cube, vintages)}
    cubes = [by_name[name] for name in names]
    dates = [str(cube.time.values[-1].astype("datetime64[D]")) for cube in cubes]
    models = [str(store.attrs["model"]) for store in stores]
    picks = _picks(choice, dates, models)
    newest = open_cube(full)
    targets, unscored = find_targets(newest, cubes, stores[0].target_time.values[: len(cubes)])
    template = _template(stores, len(cubes), unscored)
    sizes = template.error.sizes
    grid = (sizes["y"], sizes["x"])
    shape = (len(stores), len(cubes), sizes["horizon"], len(velocity_classes) + 2)
    tally = Tally(shape, grid, block)
    edge = shard_edge(max(template.error[..., 0, 0].size, stores[0].increment[..., 0, 0].size, newest.sizes["time"]))
    create_store(template, errors, edge)
    for window in blocks(*grid, edge):
        maps = _score_window(tally, stores, owns, newest, targets, velocity_classes, window)
        write_block(maps, errors, window)
    if tally.sums:
        tally.choose(picks)
    levels = list(interval_pairs(stores[0]["quantile"].values.tolist()))
    steps = [int(step) for step in stores[0].horizon.values]
    result = score_table(tally, [*models, CHOSEN], dates, steps, velocity_class_names(velocity_classes), levels, seed)
    result.to_parquet(scores, index=False)
    result.to_csv(table, index=False, float_format="%.4f")


def _picks(choice: Path, origins: Sequence[str], models: Sequence[str]) -> list[int]:
    """Index of the model that was chosen at each origin."""
    if CHOSEN in models:
        raise InsarcastError(f"A model is called '{CHOSEN}', the name of the automatic choice in the scores; rename it.")
    named = {str(item["origin"]): str(item["model"]) for item in json.loads(choice.read_text(encoding="utf-8"))["by_origin"]}
    for origin in origins:
        if named.get(origin) not in models:
            raise InsarcastError(f"{choice} chooses no model with a forecast at {origin}; delete the file and run again.")
    return [models.index(named[origin]) for origin in origins]


def _template(stores: Sequence[xr.Dataset], origins: int, unscored: Sequence[str]) -> xr.Dataset:
    first = stores[0].isel(origin=slice(0, origins))
    space = (origins, first.sizes["horizon"], first.sizes["y"], first.sizes["x"])
    meaning = {
        "units": "mm",
        "long_name": "median forecast minus truth, along the line of sight",
        "sign": "positive towards the satellite",
    }
    coords = {
        name: first.coords[name] for name in ("origin", "horizon", "target_time", "y", "x", "spatial_ref") if name in first.coords
    }
    return xr.Dataset(
        {
            "error": (("model", "origin", "horizon", "y", "x"), blank("float32", len(stores), *space), meaning),
            "truth": (
                ("origin", "horizon", "y", "x"),
                blank("float32", *space),
                meaning | {"long_name": "increment in the newest cube, referred to the reference point of the origin's cube"},
            ),
        },
        coords={**coords, "model": [str(store.attrs["model"]) for store in stores]},
        attrs={"unscored": list(unscored), "insarcast_version": __version__},
    )


def _score_window(
    tally: Tally,
    stores: Sequence[xr.Dataset],
    owns: Sequence[xr.Dataset],
    newest: xr.Dataset,
    targets: Sequence[Target],
    edges: Sequence[float],
    window: tuple[slice, slice],
) -> xr.Dataset:
    """Add one window of pixels to the tally; returns its maps of errors and truth."""
    place = {"y": window[0], "x": window[1]}
    part = newest[[name for name in _VARIABLES if name in newest]].isel(place).load()
    levels = stores[0]["quantile"].values
    half, pairs = int(np.flatnonzero(levels == 0.5)[0]), interval_pairs(levels.tolist())
    last = tally.shape[3] - 1
    shape = (*tally.shape[:3], *part.displacement.shape[1:])
    error, truths = np.full(shape, np.nan, "float32"), np.full(shape[1:], np.nan, "float32")
    noise = date_variance(part)
    rows, cols = np.mgrid[window[0], window[1]]
    for target in targets:
        here = target.vintage.isel(place)
        forecasts = [[s.increment.isel(place)[target.at, target.step].values for s in group] for group in (stores, owns)]
        truth = increment(part, target)
        usable = here.mask.values & np.isfinite(truth)
        for forecast in forecasts[0]:
            usable &= np.isfinite(forecast[half])
        velocity = here.velocity.values
        kinds = velocity_class(velocity, edges)
        kinds[kinds < 0] = last
        kind, block = kinds[usable], tally.block_of(rows[usable], cols[usable])
        at, step = target.at, target.step
        tally.add_pixels(at, step, kind, block)
        truths[at, step][usable] = truth[usable]
        for model, (made, own) in enumerate(zip(*forecasts, strict=True)):
            miss = made[half][usable].astype("float64") - truth[usable]
            error[model, at, step][usable] = miss
            tally.add_errors(model, at, step, kind, block, miss)
            known = np.isfinite(made).all(axis=0)[usable]
            tally.add("interval", model, at, step, kind, known.astype("float64"))
            calibrated = float(stores[model].calibrated[at, step])
            tally.add("calibrated", model, at, step, kind, np.full(kind.size, calibrated))
            for percent, (low, high) in pairs.items():
                for name, quantiles in (("", made), ("own_", own)):
                    bottom, top = (quantiles[which][usable][known].astype("float64") for which in (low, high))
                    inside = (bottom <= truth[usable][known]) & (truth[usable][known] <= top)
                    tally.add(f"{name}coverage{percent}", model, at, step, kind[known], inside.astype("float64"))
                    tally.add(f"{name}width{percent}", model, at, step, kind[known], top - bottom)
        formal = formal_variance(part, target) if "sigma" in part else np.full_like(truth, np.nan)
        tally.add_noise("noise", at, step, kind, formal[usable])
        tally.add_noise("noise_date", at, step, kind, noise[usable])
        detrended = np.where(usable, truth - np.nan_to_num(velocity) * target.days / 365.25, np.nan)
        shared, which = neighbour_variance(detrended, kinds)
        tally.add_noise("noise_pixel", at, step, which, shared)
    dims = ("origin", "horizon", "y", "x")
    return xr.Dataset({"error": (("model", *dims), error), "truth": (dims, truths)})
