"""Score the forecasts from the past against what happened."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
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

from .picks import CHOSEN, read_picks
from .table import ALL, score_table
from .tally import Tally, interval_pairs, neighbour_variance
from .truth import Target, date_variance, find_targets, formal_variance, increment

_VARIABLES = ["displacement", "filled", "sigma"]


def score_forecasts(
    raws: Sequence[Path],
    forecasts: Sequence[Path],
    vintages: Sequence[Path],
    full: Path,
    choice: Path,
    clusters: Sequence[Path],
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

    Rows by cluster pool the velocity classes. Every origin has clusters of its own, found in its past: those of one number in
    different origins are the same in rank only, the first the fastest subsiding, and rows over all origins pool equal ranks.

    Columns of the table, beside model, origin (a date or ``all``), horizon, velocity_class (of the as-of cube, or ``all``) and
    cluster (``1``, ``2`` and so on, or ``all``):
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
        clusters: stores of labels, one per as-of cube and named like it; empty where the study has no clusters.
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
    picks = read_picks(choice, dates, models)
    labels = _labels(clusters, names)
    newest = open_cube(full)
    targets, unscored = find_targets(newest, cubes, stores[0].target_time.values[: len(cubes)])
    template = _template(stores, names, unscored)
    sizes = template.error.sizes
    grid = (sizes["y"], sizes["x"])
    classes = velocity_class_names(velocity_classes)
    ranks = [str(rank + 1) for rank in range(max((int(store.attrs["k"]) for store in labels), default=0))]
    tallies = [
        Tally((len(stores), len(cubes), sizes["horizon"], len(groups) + 1), grid, block)
        for groups in ([classes, ranks] if ranks else [classes])
    ]
    edge = shard_edge(max(template.error[..., 0, 0].size, stores[0].increment[..., 0, 0].size, newest.sizes["time"]))
    create_store(template, errors, edge)
    for window in blocks(*grid, edge):
        maps = _score_window(tallies, stores, owns, newest, targets, velocity_classes, labels, window)
        write_block(maps, errors, window)
    levels = list(interval_pairs(stores[0]["quantile"].values.tolist()))
    steps = [int(step) for step in stores[0].horizon.values]
    tables = []
    for tally, groups in zip(tallies, (classes, ranks), strict=False):
        if tally.sums:
            tally.choose(picks)
        tables.append(score_table(tally, [*models, CHOSEN], dates, steps, groups, levels, seed))
    result = _join(tables)
    result.to_parquet(scores, index=False)
    result.to_csv(table, index=False, float_format="%.4f")


def _labels(clusters: Sequence[Path], names: Sequence[str]) -> list[xr.Dataset]:
    """Stores of labels in the order of the origins; empty where there are none at all."""
    by_name = {path.stem: path for path in clusters}
    for name in names if clusters else []:
        if name not in by_name:
            raise InsarcastError(f"{clusters[0].parent} holds no clusters of {name}; delete the folder and run again.")
    return [open_store(by_name[name]) for name in names] if clusters else []


def _join(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One table: every model's rows by velocity class, then those by cluster."""
    first, *others = tables
    first.insert(4, "cluster", ALL)
    by_cluster = [table[table["velocity_class"] != ALL].rename(columns={"velocity_class": "cluster"}) for table in others]
    for part in by_cluster:
        part.insert(3, "velocity_class", ALL)
    joined = pd.concat([first, *by_cluster], ignore_index=True) if by_cluster else first
    order = {model: index for index, model in enumerate(dict.fromkeys(joined["model"]))}
    whole: pd.DataFrame = joined.sort_values("model", key=lambda names: names.map(order), kind="stable", ignore_index=True)
    return whole.astype({"velocity_class": "str", "cluster": "str"})


def _template(stores: Sequence[xr.Dataset], names: Sequence[str], unscored: Sequence[str]) -> xr.Dataset:
    first = stores[0].isel(origin=slice(0, len(names)))
    space = (len(names), first.sizes["horizon"], first.sizes["y"], first.sizes["x"])
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
        attrs={"vintages": list(names), "unscored": list(unscored), "insarcast_version": __version__},
    )


def _score_window(
    tallies: Sequence[Tally],
    stores: Sequence[xr.Dataset],
    owns: Sequence[xr.Dataset],
    newest: xr.Dataset,
    targets: Sequence[Target],
    edges: Sequence[float],
    labels: Sequence[xr.Dataset],
    window: tuple[slice, slice],
) -> xr.Dataset:
    """Add one window of pixels to the tallies, by velocity class and by cluster; returns its maps of errors and truth."""
    place = {"y": window[0], "x": window[1]}
    part = newest[[name for name in _VARIABLES if name in newest]].isel(place).load()
    levels = stores[0]["quantile"].values
    half, pairs = int(np.flatnonzero(levels == 0.5)[0]), interval_pairs(levels.tolist())
    shape = (*tallies[0].shape[:3], *part.displacement.shape[1:])
    error, truths = np.full(shape, np.nan, "float32"), np.full(shape[1:], np.nan, "float32")
    noise = date_variance(part)
    rows, cols = np.mgrid[window[0], window[1]]
    for target in targets:
        at, step = target.at, target.step
        here = target.vintage.isel(place)
        forecasts = [[s.increment.isel(place)[at, step].values for s in group] for group in (stores, owns)]
        truth = increment(part, target)
        usable = here.mask.values & np.isfinite(truth)
        for forecast in forecasts[0]:
            usable &= np.isfinite(forecast[half])
        truths[at, step][usable] = truth[usable]
        misses = [made[half][usable].astype("float64") - truth[usable] for made in forecasts[0]]
        for model, miss in enumerate(misses):
            error[model, at, step][usable] = miss
        velocity = here.velocity.values
        formal = formal_variance(part, target) if "sigma" in part else np.full_like(truth, np.nan)
        detrended = np.where(usable, truth - np.nan_to_num(velocity) * target.days / 365.25, np.nan)
        groupings = [velocity_class(velocity, edges), *(store.label.isel(place).values for store in labels[at : at + 1])]
        for tally, found in zip(tallies, groupings, strict=True):
            kinds = np.where(found < 0, tally.shape[3] - 1, found).astype("int64")
            kind, block = kinds[usable], tally.block_of(rows[usable], cols[usable])
            tally.add_pixels(at, step, kind, block)
            for model, (made, own) in enumerate(zip(*forecasts, strict=True)):
                tally.add_errors(model, at, step, kind, block, misses[model])
                calibrated = float(stores[model].calibrated[at, step])
                tally.add("calibrated", model, at, step, kind, np.full(kind.size, calibrated))
                known = np.isfinite(made).all(axis=0)[usable]
                tally.add("interval", model, at, step, kind, known.astype("float64"))
                for percent, ends in pairs.items():
                    for name, quantiles in (("", made), ("own_", own)):
                        bottom, top = (quantiles[which][usable][known].astype("float64") for which in ends)
                        inside = (bottom <= truth[usable][known]) & (truth[usable][known] <= top)
                        tally.add(f"{name}coverage{percent}", model, at, step, kind[known], inside.astype("float64"))
                        tally.add(f"{name}width{percent}", model, at, step, kind[known], top - bottom)
            tally.add_noise("noise", at, step, kind, formal[usable])
            tally.add_noise("noise_date", at, step, kind, noise[usable])
            shared, which = neighbour_variance(detrended, kinds)
            tally.add_noise("noise_pixel", at, step, which, shared)
    dims = ("origin", "horizon", "y", "x")
    return xr.Dataset({"error": (("model", *dims), error), "truth": (dims, truths)})
