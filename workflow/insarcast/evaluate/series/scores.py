"""Score the forecasts of a ready series from rolling origins, retrospectively."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast import __version__
from insarcast.core import InsarcastError, blank, open_store, velocity_class, velocity_class_names, write_json
from insarcast.core.series_past import NOISE_CLASSES, Past, look_back, noise_class

from .noise_floor import DateNoise, date_noise, describe_noise
from .point_store import create_points, write_points
from .significance import significance_table
from .stores import Forecasts, load_points, read_cells, read_forecasts, read_series
from .table import pit_table, series_table
from .tally import Partition, SeriesTally
from .words import Left, unscored_sentences

Array = NDArray[np.float64]


def score_series(
    series: Path,
    forecasts: Sequence[Path],
    choice: Sequence[Path],
    clusters: Sequence[Path],
    scores: Path,
    table: Path,
    significance: Path,
    pit: Path,
    errors: Path,
    noise: Path,
    velocity_classes: Sequence[float],
    dates: int | None,
    seed: int,
) -> None:
    """Score every model from the test origins on the same cells: persistence first, in retrospect.

    A cell is a point, an origin and a horizon. It counts where the series was measured at both ends, no release join and no
    bridged step lies between, and every model has a forecast. Truth is the increment from origin to target. Classes of points come
    from dates up to the first test origin alone. Memory is bounded by chunks of points; sums are kept by origin.

    ``scores``, ``table`` (the same rows): model, label, horizon (steps; 0: all horizons pooled), velocity_class, cluster,
    noise_class (each ``all`` or a class; never two classes at a time), then, in mm, every cell of the row weighing the same:

    - n (cells), n_origins; mae, rmse, mse (mm2), sd (of the errors), bias (forecast minus truth);
    - r2 (1 - squared errors over squares about the mean of the increments), pcc (Pearson's correlation of forecast and true
      increments over all cells; not known for persistence, which does not vary), mu (100 (1 - MAE / mean absolute increment), for
      persistence 0), mase (errors over the point's mean absolute step in the training dates; Hyndman and Koehler 2006);
    - crps (:func:`~insarcast.evaluate.series.crps.crps_of_quantiles`; an approximation from the quantiles);
    - skill = 1 - MAE / MAE of persistence, skill_low and skill_high: its 5th and 95th percentile in 1000 draws of a circular
      block bootstrap over origins, blocks as long as the horizon (0: the longest), the same draws for all models; NaN with fewer
      origins than two blocks, or four. With two or three blocks it is a rough guide, and too narrow rather than too wide;
    - coverage50, width50, coverage90, width90 of the calibrated intervals, coverage90_low and coverage90_high as above;
      own_coverage50, own_width50, own_coverage90, own_width90 of the model's own, before calibration; n_interval (cells with all
      quantiles, which crps and these rest on);
    - spread_skill (Spearman's correlation of stated sd and absolute error over cells, in fine bins).

    ``significance``: model, against, horizon (0: pooled), dm (Diebold-Mariano on the absolute errors averaged over points, one
    value per origin; negative: the model is better), p (two-sided), p_bh (Benjamini-Hochberg over the table, of the larger of p and
    p_cosine), n_origins, difference (of mean absolute errors, mm), p_cosine (of a test that keeps its level with overlapping
    forecasts too, :func:`~insarcast.evaluate.series.significance.cosine_test`), kernel (``rectangular`` or ``bartlett``), chosen_on
    (``past`` or ``test``: what made ``against`` the best simple model; empty for persistence). See
    :func:`~insarcast.evaluate.series.significance.diebold_mariano`.

    ``pit``: model, horizon (0: pooled), low, high (levels of consecutive quantiles), share (of outcomes between them; one that
    equals a quantile lies below it), expected (high - low), n.

    ``errors``: ``error`` (model, origin, horizon, point), median forecast minus truth, ``truth`` (origin, horizon, point), mm, NaN
    where not scored; ``velocity_class``, ``noise_class`` (point) indices of the attributes' names, -1 not known; ``past_velocity``
    (point) mm/yr; ``noise_variance`` (point) mm2; coordinates model, origin, horizon, target_time, index (position in the series);
    attribute ``unscored``: sentences on what was left out and why, ``cells`` and ``scored`` how many.

    ``noise``: noise_mm, floor_mae_mm by horizon, skill_at_most by horizon, noise_points_mm (percentiles over points), n_points,
    method, sentence; see :mod:`~insarcast.evaluate.series.noise_floor`. From all dates that the models were tried on, the tested
    ones too: no forecast knows it.

    Args:
        series: cube of points, the truth.
        forecasts: stores of calibrate_series, persistence first, what is made of several models last.
        choice: auto.json of combine_series with the skill at earlier origins, or nothing.
        clusters: store of cluster_series, or nothing.
        scores: parquet to write.
        table: the same as csv.
        significance: parquet to write.
        pit: parquet to write.
        errors: store to write.
        noise: JSON to write.
        velocity_classes: edges of the classes, mm/yr.
        dates: last dates that the models were tried on, which the noise is of; None: all.
        seed: of the bootstrap.

    Raises:
        InsarcastError: the stores are not of the same points, dates and lead times, or of another series; persistence is missing;
            or no cell can be scored.
    """
    if not forecasts or forecasts[0].stem != "persistence":
        raise InsarcastError(
            "Scores are relative to persistence, which has no forecast; put persistence first in forecast.models."
        )
    cube = read_series(series)
    given = read_forecasts(cube, forecasts)
    past, date = _look(cube, given, dates)
    partitions = [
        Partition("velocity_class", velocity_class_names(velocity_classes), velocity_class(past.velocity, velocity_classes)),
        *_clusters(clusters, cube, given),
        Partition("noise_class", NOISE_CLASSES, noise_class(past.noise)),
    ]
    tally = SeriesTally(len(given.models), len(given.starts), len(given.horizons), given.levels, partitions)
    left = Left(given.models)
    create_points(_template(given, past, date.variance, partitions), errors, given.chunk)
    scored = np.zeros((len(given.horizons), len(given.index)), "int64")
    for window in given.chunks():
        values, segment = load_points(cube, given.index[window])
        cells = read_cells(given, values, segment, window)
        left.add(cells, given.targets >= 0)
        scored[:, window] = cells.scored.sum(axis=0)
        miss = np.where(cells.scored, cells.medians - cells.truth, np.nan)
        truth = np.where(cells.scored, cells.truth, np.nan)
        dims = ("origin", "horizon", "point")
        layers = {"error": (("model", *dims), miss.astype("float32")), "truth": (dims, truth.astype("float32"))}
        write_points(xr.Dataset(layers), errors, window)
        scale, member = past.scale[window], tally.membership(window)
        tally.add_truth(cells.truth, cells.scored, scale, member)
        for which, store in enumerate(given.stores):
            tally.add_medians(which, cells.medians[which].astype("float64"), cells.truth, cells.scored, scale, member)
            fan, own = (_quantiles(store[name].isel(point=window)) for name in ("increment", "own"))
            tally.add_quantiles(which, fan, own, cells.truth, cells.scored, member)
            tally.add_spread(which, store.sd.isel(point=window).values, miss[which], cells.scored, window)
    if not tally.shared["n"][..., 0].any():
        raise InsarcastError(f"No forecast of {series} can be scored: {' '.join(left.reasons()) or 'there is no point.'}")
    _note(errors, {"unscored": unscored_sentences(left), "cells": left.cells, "scored": int(scored.sum())})
    labels = [str(store.attrs.get("label", store.attrs["model"])) for store in given.stores]
    result = series_table(tally, given.models, labels, given.horizons, seed)
    result.to_parquet(scores, index=False)
    result.to_csv(table, index=False, float_format="%.4f")
    absolute, count = tally.sums["absolute"][..., 0], tally.shared["n"][..., 0]
    tests = significance_table(absolute, count, given.models, given.horizons, _past_skill(choice))
    tests.to_parquet(significance, index=False)
    pit_table(tally, given.models, given.horizons).to_parquet(pit, index=False)
    mae = {
        horizon: absolute[0, :, step].sum() / count[:, step].sum()
        for step, horizon in enumerate(given.horizons)
        if count[:, step].any()
    }
    write_json(noise, describe_noise(date, scored, given.horizons, mae))


def _look(cube: xr.Dataset, given: Forecasts, dates: int | None) -> tuple[Past, DateNoise]:
    """What the past of the first test origin says of every point, and the noise of one of the last ``dates``."""
    days = (cube.time.values - cube.time.values[0]) / np.timedelta64(1, "D")
    stop, start = int(given.starts.min()) + 1, max(len(days) - (dates or len(days)), 0)
    pasts, noises = [Past(*np.zeros((3, 0)))], [DateNoise(*np.zeros((2, 0)))]
    for window in given.chunks():
        values, segment = load_points(cube, given.index[window])
        pasts.append(look_back(values[start:stop], segment[start:stop], days[start:stop]))
        noises.append(date_noise(values[start:], segment[start:], days[start:]))
    past = Past(*(np.concatenate(parts) for parts in zip(*pasts, strict=True)))
    return past, DateNoise(*(np.concatenate(parts) for parts in zip(*noises, strict=True)))


def _clusters(paths: Sequence[Path], cube: xr.Dataset, given: Forecasts) -> list[Partition]:
    """Labels of cluster_series, numbered from 1."""
    parts = []
    for path in paths:
        label = open_store(path).label.values.astype("int64")
        if len(label) != cube.sizes["point"]:
            raise InsarcastError(
                f"{path} has clusters of {len(label)} points, but the series has {cube.sizes['point']}; delete it."
            )
        names = [str(number + 1) for number in range(int(label.max(initial=-1)) + 1)]
        parts.append(Partition("cluster", names, label[given.index]))
    return parts


def _template(given: Forecasts, past: Past, variance: Array, partitions: Sequence[Partition]) -> xr.Dataset:
    first = given.stores[0]
    shape = (*given.targets.shape, len(given.index))
    kinds = {part.column: part for part in partitions}
    meaning = {"units": "mm", "sign": "positive towards the satellite"}
    dims = ("origin", "horizon", "point")
    return xr.Dataset(
        {
            "error": (
                ("model", *dims),
                blank("float32", len(given.models), *shape),
                {**meaning, "long_name": "median forecast minus truth"},
            ),
            "truth": (dims, blank("float32", *shape), {**meaning, "long_name": "increment from origin to target"}),
        },
        coords={
            "model": np.array(given.models, object),
            "origin": first.origin.values,
            "horizon": first.horizon.values,
            "target_time": (("origin", "horizon"), first.target_time.values),
            "index": ("point", given.index),
            "past_velocity": ("point", past.velocity.astype("float32"), {"units": "mm yr-1"}),
            "noise_variance": ("point", variance.astype("float32"), {"units": "mm2"}),
            **{
                name: ("point", kinds[name].kind.astype("int8"), {"names": list(kinds[name].names)})
                for name in ("velocity_class", "noise_class")
            },
        },
        attrs={"insarcast_version": __version__},
    )


def _quantiles(layer: xr.DataArray) -> Array:
    return np.asarray(layer.transpose("quantile", "origin", "horizon", "point").values, "float64")


def _note(store: Path, attrs: Mapping[str, Any]) -> None:
    """Add attributes to a store."""
    import zarr

    zarr.open_group(store, mode="r+").update_attributes(dict(attrs))


def _past_skill(choice: Sequence[Path]) -> Mapping[str, Mapping[str, Any]] | None:
    found: Any = json.loads(choice[0].read_text(encoding="utf-8")).get("past_skill") if choice else None
    return found if isinstance(found, dict) else None
