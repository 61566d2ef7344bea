"""Cube and forecasts of a simulated scene against its truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

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
    write_json,
)

from ..grid.picks import read_picks
from ..grid.table import ALL
from ..grid.tally import interval_pairs
from ..grid.truth import Target, find_targets, reference_window
from .cube_errors import CubeErrors
from .ground import NO_TRUTH, Ground, open_ground
from .increment_errors import SOURCES, IncrementErrors
from .words import truth_summary

Array = NDArray[np.float64]
Window = tuple[slice, slice]

_VARIABLES = ("displacement", "filled", "mask", "velocity", "n_unw")
_KEYS = {
    "part": "", "quantity": "", "against": "", "model": "", "origin": "", "horizon": 0, "velocity_class": "",
    "pixels": "used", "kind": ALL, "completeness": ALL,
}  # fmt: skip
_DRAWN_DATES = 4
_MEANINGS = {
    "rms_deformation": ("mm", "rms over dates of the cube minus the true deformation"),
    "rms_visible": ("mm", "rms over dates of the cube minus the true deformation and the atmosphere"),
    "velocity": ("mm yr-1", "true velocity, a line through the cube's dates, in the cube's reference"),
    "velocity_error": ("mm yr-1", "velocity of the cube minus the true one"),
    "displacement": ("mm", "true deformation since the first date, in the cube's reference"),
    "increment": ("mm", "true increment, referred to the reference window of the origin's cube"),
    "increment_visible": ("mm", "the same with the atmosphere"),
}


def compare_truth(
    manifest: Path,
    errors: Path,
    vintages: Sequence[Path],
    full: Path,
    forecasts: Sequence[Path],
    choice: Path,
    scores: Path,
    table: Path,
    numbers: Path,
    maps: Path,
    velocity_classes: Sequence[float],
) -> None:
    """Hold the cube and every forecast of a simulated scene against what the ground did; for scoring only, nothing learns from it.

    Truth is held in two forms: ``deformation``, the ground's motion alone, and ``visible``, with the troposphere, which is all that
    interferograms can see. The cube minus ``visible`` is what processing and decorrelation did; the rest is the atmosphere. Both
    start at 0 at the cube's first date, and the mean over the cube's reference window is subtracted at every date; increments are
    referred to the reference window of the origin's cube. Pixels are matched by coordinates.

    Forecasts are held against truth on the pixels and targets that score_forecasts scored, beside the observation on the same
    ones (``observed``). An increment starts at a date whose atmosphere is part of what was observed: a model that undoes this
    atmosphere is right about the observation's increment and wrong about the ground's. So the place that a forecast ends at is held
    against the truth as well, ``ground``: the last observed displacement plus the increment, against the true deformation since the
    first date at the record's mean atmosphere. A model that is better there, and not only against the observation, knows more of
    the ground.

    Columns of the table: ``part`` (cube or forecast), ``quantity`` (displacement, velocity, increment, position), ``against``
    (observed, deformation, visible, ground), ``model`` (persistence first, ``chosen`` as made at every origin, ``observed``: the newest cube's own
    increments), ``origin`` (or all), ``horizon``, ``velocity_class`` (or all), ``pixels`` (used, or masked: inverted but rejected),
    ``kind`` of ground (or all), ``completeness`` (complete: measured by as many interferograms as any pixel; partly_missing:
    fewer; bridged: a step of its series that no interferogram supports; or all), ``n`` pixels, ``mae``, ``rmse``, ``bias``
    (ours minus truth), in mm or for velocity mm/yr, over all dates after the first; ``skill`` = 1 - MAE / MAE of persistence
    against the same; ``n_interval``, and ``coverage`` of each interval.

    Args:
        manifest: what acquire made: the store of the truth.
        errors: store of score_forecasts.
        vintages: as-of cubes, for velocity and reference.
        full: the newest cube.
        forecasts: stores of calibrate_forecast, persistence first, for the intervals.
        choice: the models chosen at every origin.
        scores: parquet to write.
        table: the same as csv.
        numbers: JSON to write: ``n_pixels`` of the cube, ``n_without_truth``, ``cube``, ``forecast``, ``sentences``, ``sentence``.
        maps: store to write: ``rms_deformation``, ``rms_visible``, ``velocity``, ``velocity_error``, ``kind`` (y, x); ``displacement``
            (time, y, x) at up to 4 dates; ``increment``, ``increment_visible`` (origin, horizon, y, x).
        velocity_classes: edges of the classes, mm/yr.

    Raises:
        InsarcastError: the scene has no truth, or it does not fit the cube.
    """
    store, newest = open_store(errors), open_cube(full)
    stores = [open_store(path) for path in forecasts]
    by_name = {cube.attrs["as_of"]: cube for cube in map(open_cube, vintages)}
    cubes = [by_name[name] for name in store.attrs["vintages"]]
    models = [str(name) for name in store.model.values]
    dates = [str(date) for date in store.origin.values.astype("datetime64[D]")]
    picks = read_picks(choice, dates, models)
    ground = open_ground(manifest, newest)
    targets, _ = find_targets(newest, cubes, store.target_time.values)
    zero = _mean_motion(ground, newest, newest)
    moved = [_mean_motion(ground, newest, cube) for cube in cubes]
    pairs = interval_pairs(stores[0]["quantile"].values.tolist())
    names = velocity_class_names(velocity_classes)
    of_cube = CubeErrors(ground.kinds, int(newest.n_unw.max()))
    of_forecasts = IncrementErrors(len(models), len(cubes), store.sizes["horizon"], len(names) + 1, list(pairs))
    template = _template(store, newest, ground)
    edge = shard_edge(max(store.error[..., 0, 0].size, stores[0].increment[..., 0, 0].size, 4 * newest.sizes["time"]))
    create_store(template, maps, edge)
    lost = 0
    for window in blocks(newest.sizes["y"], newest.sizes["x"], edge):
        place = {"y": window[0], "x": window[1]}
        truth, kind = ground.series(window), ground.kind(window)
        layers = of_cube.add(
            newest[[name for name in _VARIABLES if name in newest]].isel(place).load(), truth - zero[..., None, None], kind
        )
        lost += int((kind == NO_TRUTH).sum())
        increments = np.full((len(SOURCES) - 1, len(cubes), store.sizes["horizon"], *kind.shape), np.nan)
        for target in targets:
            last = target.vintage.displacement[-1].isel(place).values.astype("float64")
            increments[:, target.at, target.step] = _wanted_increments(truth, moved[target.at][..., None, None], target, last)
        part = store[["error", "truth"]].isel(place).load()
        _add_forecasts(of_forecasts, targets, part, stores, pairs, increments, velocity_classes, window)
        drawn = np.searchsorted(newest.time.values, template.time.values)
        write_block(_maps(layers, truth[0, drawn] - zero[0, drawn][:, None, None], increments[:2], kind), maps, window)
    steps = [int(step) for step in store.horizon.values]
    rows = [*of_cube.rows(), *of_forecasts.rows(models, picks, dates, steps, names)]
    result = _frame(rows, list(pairs))
    result.to_parquet(scores, index=False)
    result.to_csv(table, index=False, float_format="%.4f")
    write_json(numbers, truth_summary(result, newest.sizes["y"] * newest.sizes["x"], lost))


def _mean_motion(ground: Ground, newest: xr.Dataset, cube: xr.Dataset) -> Array:
    """(against, time) mean true motion of a cube's reference window at the newest cube's dates, mm, over the pixels it has there."""
    place = reference_window(cube)
    used = np.isfinite(newest.displacement.isel(place).values).all(axis=0)
    found = ground.reference((place["y"], place["x"]), used)
    if not np.isfinite(found).all():
        where = f"row {cube.attrs['reference_row']}, column {cube.attrs['reference_col']}"
        raise InsarcastError(
            f"The truth does not cover the reference window of the cube {cube.attrs['as_of']} ({where}), so nothing can be compared; "
            "set stack.reference.lon and lat inside the simulated scene."
        )
    return found


def _wanted_increments(truth: Array, moved: Array, target: Target, last: Array) -> Array:
    """(deformation, visible and ground, y, x) increments in mm that would be without error.

    Args:
        truth: (against, time, y, x) mm.
        moved: (against, time, 1, 1) what the reference window of the origin's cube did, mm.
        target: the forecast.
        last: (y, x) displacement of the origin's cube at the origin, mm.
    """
    relative = truth - moved
    changes = relative[:, target.end] - relative[:, target.start]
    average = (relative[1] - relative[0]).mean(
        axis=0
    )  # of the atmosphere, minus that of the first date, which every date carries
    return np.concatenate([changes, (relative[0, target.end] + average - last)[None]])


def _add_forecasts(
    errors: IncrementErrors,
    targets: Sequence[Target],
    part: xr.Dataset,
    stores: Sequence[xr.Dataset],
    pairs: dict[int, tuple[int, int]],
    increments: Array,
    edges: Sequence[float],
    window: Window,
) -> None:
    """Add one block of every forecast that was scored there and has a truth."""
    place = {"y": window[0], "x": window[1]}
    for target in targets:
        at, step = target.at, target.step
        observed = part.truth.values[at, step].astype("float64")
        usable = np.isfinite(observed) & np.isfinite(increments[:, at, step]).all(axis=0)
        kinds = velocity_class(target.vintage.velocity.isel(place).values, edges)
        kind = np.where(kinds < 0, len(edges) + 1, kinds)[usable]
        held = [observed[usable], *increments[:, at, step][:, usable]]
        for model, store in enumerate(stores):
            made = store.increment.isel(place)[at, step].values[:, usable].astype("float64")
            ends = {level: (made[low], made[high]) for level, (low, high) in pairs.items()}
            middle = held[0] + part.error.values[model, at, step][usable]
            for source, truth in enumerate(held):
                errors.add_errors(source, model, at, step, kind, middle - truth)
                errors.add_intervals(source, model, at, step, kind, truth, ends)
        for source, truth in enumerate(held[1:], start=1):
            errors.add_errors(source, len(stores), at, step, kind, held[0] - truth)


def _template(store: xr.Dataset, newest: xr.Dataset, ground: Ground) -> xr.Dataset:
    ny, nx = newest.sizes["y"], newest.sizes["x"]
    drawn = np.unique(np.linspace(0, newest.sizes["time"] - 1, _DRAWN_DATES + 1).round().astype(int)[1:])
    steps = (store.sizes["origin"], store.sizes["horizon"])
    dims: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = dict.fromkeys(_MEANINGS, (("y", "x"), (ny, nx)))
    dims["displacement"] = (("time", "y", "x"), (len(drawn), ny, nx))
    dims |= dict.fromkeys(("increment", "increment_visible"), (("origin", "horizon", "y", "x"), (*steps, ny, nx)))
    layers: dict[str, Any] = {
        name: (dims[name][0], blank("float32", *dims[name][1]), {"units": units, "long_name": text})
        for name, (units, text) in _MEANINGS.items()
    }
    flags = {"flag_values": [*ground.kinds, NO_TRUTH], "flag_meanings": " ".join([*ground.kinds.values(), "no_truth"])}
    layers["kind"] = (("y", "x"), blank("uint8", ny, nx), flags)
    coords = {
        name: store.coords[name] for name in ("origin", "horizon", "target_time", "y", "x", "spatial_ref") if name in store.coords
    }
    return xr.Dataset(layers, coords={**coords, "time": newest.time.values[drawn]}, attrs={"insarcast_version": __version__})


def _maps(layers: dict[str, Array], displacement: Array, increments: Array, kind: NDArray[np.uint8]) -> xr.Dataset:
    found: dict[str, Any] = {name: (("y", "x"), values.astype("float32")) for name, values in layers.items()}
    found["displacement"] = (("time", "y", "x"), displacement.astype("float32"))
    for name, values in zip(("increment", "increment_visible"), increments, strict=True):
        found[name] = (("origin", "horizon", "y", "x"), values.astype("float32"))
    return xr.Dataset(found | {"kind": (("y", "x"), kind)})


def _frame(rows: Sequence[dict[str, Any]], levels: Sequence[int]) -> pd.DataFrame:
    """The table; what a row has not is empty text, or NaN."""
    numbers = ["n", "mae", "rmse", "bias", "skill", "n_interval", *(f"coverage{level}" for level in levels)]
    result = pd.DataFrame([_KEYS | row for row in rows], columns=[*_KEYS, *numbers])
    texts = {name: "str" for name, value in _KEYS.items() if isinstance(value, str)}
    return result.astype(texts | {"horizon": "int64", "n": "int64"} | dict.fromkeys(numbers[1:], "float64"))
