"""Score forecasts as maps: how alike they look to what was observed, and where they beat "nothing changes"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from insarcast import __version__
from insarcast.core import blank, blocks, create_store, open_cube, open_store, shard_edge, write_block

from .picks import CHOSEN, read_picks
from .similarity import SCALES, SMALLEST_SIDE, ms_ssim_of, similarity_sums, span_of, ssim_of
from .table import ALL

Array = NDArray[np.float64]

# Of a block without its halo: a multiple of the chunks of the stores and of the pooling.
EDGE = 512
_KEYS = ("model", "origin", "horizon")
_POOLED = ("n", "mae", "improved", "tied")
_LIKENESS = ("correlation", "ssim_increment", "ms_ssim_increment", "ssim", "ms_ssim")
_RANGES = ("data_range_increment", "data_range")
_MOMENTS = ("n", "absolute", "improved", "tied", "first", "second", "first2", "second2", "product")


def score_maps(errors: Path, vintages: Sequence[Path], choice: Path, scores: Path, table: Path, maps: Path) -> None:
    """Score every model's maps: structural similarity, pattern correlation, and the share of the area that beats persistence.

    A map holds the pixels that score_forecasts scored, the same for all models. Its increment is that from origin to target; its
    cumulative displacement since the first date is the last observed one of the as-of cube plus that increment, on both sides,
    so that forecast and observation differ by the error alone. Cumulative maps look alike where most of the motion lies in the
    past, whatever the forecast: read their similarity beside that of persistence, the table's first rows.

    Similarity is SSIM and MS-SSIM of :mod:`~insarcast.evaluate.grid.similarity`, with gaps left out. Its data range is that of the
    training period, the cube of the first origin: largest minus smallest value in mm over its used pixels and dates, of
    displacement, or for increments of the changes over as many steps where no step is bridged. The same range serves every model
    and origin.

    Columns of the table, beside model (persistence first, ``chosen``, the automatic choice as made at every origin, last), origin
    (a date or ``all``) and horizon: ``n`` pixels; ``mae`` mm; ``improved`` and ``tied``, shares of the pixels whose absolute
    error is less than, or equal to, that of persistence; ``correlation`` of forecast and observed increments over pixels (NaN
    where a map is constant); ``ssim_increment``, ``ms_ssim_increment``, ``ssim``, ``ms_ssim``; ``data_range_increment``,
    ``data_range``, mm; ``note``, why a similarity is missing. Rows over all origins pool pixels for n, mae and the shares; the
    others are means over the origins' maps, each weighing the same.

    Memory is bounded by blocks of 512 x 512 pixels with the 80 pixels around them that the coarsest windows reach, over
    all models, origins and horizons.

    Args:
        errors: store of score_forecasts.
        vintages: as-of cubes, for the displacement up to the origin.
        choice: the models chosen at every origin.
        scores: parquet to write.
        table: the same as csv.
        maps: store to write: ``mae`` (model, y, x) mm over origins and horizons; ``mae_difference`` (model, y, x) mm, minus that of
            persistence, negative where the model is better; ``n`` (y, x) scored origins and horizons. NaN where not scored.
    """
    store = open_store(errors)
    by_name = {cube.attrs["as_of"]: cube for cube in map(open_cube, vintages)}
    cubes = [by_name[name] for name in store.attrs["vintages"]]
    models, steps = [str(name) for name in store.model.values], [int(step) for step in store.horizon.values]
    dates = [str(date) for date in store.origin.values.astype("datetime64[D]")]
    picks = read_picks(choice, dates, models)
    ranges = _data_ranges(cubes, steps)
    grid = (store.sizes["y"], store.sizes["x"])
    scales = SCALES if min(grid) >= SMALLEST_SIDE else 1
    shape = tuple(store.sizes[dim] for dim in ("model", "origin", "horizon"))
    moments = {name: np.zeros(shape) for name in _MOMENTS}
    likeness = np.zeros((2, *shape, scales, 4))
    create_store(_template(store), maps, EDGE)
    for window in blocks(*grid, EDGE):
        rows, cols = (span_of(own, size) for own, size in zip(window, grid, strict=True))
        place = {"y": slice(rows.low, rows.high), "x": slice(cols.low, cols.high)}
        part = store[["error", "truth"]].isel(place).load()
        own = (slice(rows.start - rows.low, rows.stop - rows.low), slice(cols.start - cols.low, cols.stop - cols.low))
        write_block(_average(part.error.values[(..., *own)]), maps, window)
        for at, cube in enumerate(cubes):
            last = cube.displacement[-1].isel(place).values.astype("float64")
            for step in range(len(steps)):
                truth = part.truth.values[at, step].astype("float64")
                error = part.error.values[:, at, step].astype("float64")
                valid = np.isfinite(truth)
                if not valid.any():
                    continue
                _add_moments(moments, at, step, error[(slice(None), *own)], truth[own])
                for kind, base in enumerate((np.zeros_like(last), last)):
                    if ranges[kind][step] > 0:
                        known, observed = valid & np.isfinite(base), base + truth
                        likeness[kind, :, at, step] += similarity_sums(
                            observed + error, observed, known, ranges[kind][step], rows, cols, scales
                        )
    result = _table(moments, likeness, picks, ranges, models, dates, steps)
    result.to_parquet(scores, index=False)
    result.to_csv(table, index=False, float_format="%.4f")


def _data_ranges(cubes: Sequence[xr.Dataset], steps: Sequence[int]) -> tuple[list[float], list[float]]:
    """Ranges in mm over the first origin's cube: of changes over each number of steps, and (for each again) of displacement.

    NaN where the cube has no such change, or there is no origin.
    """
    lows, highs = np.full(len(steps) + 1, np.inf), np.full(len(steps) + 1, -np.inf)
    if cubes:
        first = min(cubes, key=lambda cube: cube.time.values[-1])
        names = [name for name in ("displacement", "filled", "mask") if name in first]
        for window in blocks(first.sizes["y"], first.sizes["x"], shard_edge(first.sizes["time"])):
            part = first[names].isel(y=window[0], x=window[1]).load()
            d = part.displacement.values[:, part.mask.values].astype("float64")
            bridged = np.cumsum(part.filled.values[:, part.mask.values], axis=0) if "filled" in part else np.zeros(d.shape)
            changes = [(d[step:] - d[:-step])[bridged[step:] == bridged[:-step]] for step in steps]
            for index, values in enumerate([*changes, d]):
                lows[index] = np.fmin(lows[index], np.fmin.reduce(values, axis=None, initial=np.inf))
                highs[index] = np.fmax(highs[index], np.fmax.reduce(values, axis=None, initial=-np.inf))
    ranges = [float(high - low) if high >= low else math.nan for low, high in zip(lows, highs, strict=True)]
    return ranges[:-1], ranges[-1:] * len(steps)


def _template(store: xr.Dataset) -> xr.Dataset:
    shape = (store.sizes["model"], store.sizes["y"], store.sizes["x"])
    meanings = {
        "mae": "mean absolute error of the increment over origins and horizons",
        "mae_difference": "the same minus that of persistence; negative: better",
    }
    layers: dict[str, Any] = {
        name: (("model", "y", "x"), blank("float32", *shape), {"units": "mm", "long_name": text})
        for name, text in meanings.items()
    }
    layers["n"] = (("y", "x"), blank("int32", *shape[1:]), {"units": "1", "long_name": "scored origins and horizons"})
    coords = {name: store.coords[name] for name in ("model", "y", "x", "spatial_ref") if name in store.coords}
    return xr.Dataset(layers, coords=coords, attrs={"insarcast_version": __version__})


def _average(error: NDArray[np.float32]) -> xr.Dataset:
    """Maps of one block from errors (model, origin, horizon, y, x)."""
    known = np.isfinite(error[0])
    n = known.sum(axis=(0, 1))
    total = np.where(known, np.abs(error), 0.0).sum(axis=(1, 2), dtype="float64")
    mae = np.where(n > 0, total / np.maximum(n, 1), np.nan)
    dims = ("model", "y", "x")
    return xr.Dataset(
        {
            "mae": (dims, mae.astype("float32")),
            "mae_difference": (dims, (mae - mae[0]).astype("float32")),
            "n": (("y", "x"), n.astype("int32")),
        }
    )


def _add_moments(moments: dict[str, Array], at: int, step: int, error: Array, truth: Array) -> None:
    """Add one map's sums over pixels, for every model; ``error`` (model, y, x), the first of persistence."""
    valid = np.isfinite(truth)
    miss, second = error[:, valid], truth[valid]
    size, first = np.abs(miss), miss + second
    sums = {
        "n": np.full(len(miss), miss.shape[1]),
        "absolute": size.sum(axis=1),
        "improved": (size < size[0]).sum(axis=1),
        "tied": (size == size[0]).sum(axis=1),
        "first": first.sum(axis=1),
        "second": np.full(len(miss), second.sum()),
        "first2": (first**2).sum(axis=1),
        "second2": np.full(len(miss), (second**2).sum()),
        "product": first @ second,
    }
    for name, values in sums.items():
        moments[name][:, at, step] += values


def _table(
    moments: dict[str, Array],
    likeness: Array,
    picks: Sequence[int],
    ranges: tuple[list[float], list[float]],
    models: Sequence[str],
    dates: Sequence[str],
    steps: Sequence[int],
) -> pd.DataFrame:
    """Rows of each model and origin, then those over all origins; the automatic choice takes the numbers of its picks."""
    scores = [*zip(models, [[which] * len(dates) for which in range(len(models))], strict=True), (CHOSEN, list(picks))]
    rows: list[dict[str, Any]] = []
    for model, which in scores:
        for step, horizon in enumerate(steps):
            maps = [
                {"origin": date, **_map_row(moments, likeness, (which[at], at, step), (ranges[0][step], ranges[1][step]))}
                for at, date in enumerate(dates)
                if moments["n"][0, at, step] > 0
            ]
            rows += [{"model": model, "horizon": horizon, **row} for row in (*maps, *_over_origins(maps))]
    columns = [*_KEYS, *_POOLED, *_LIKENESS, *_RANGES, "note"]
    order = {date: index for index, date in enumerate([*dates, ALL])}
    rows.sort(key=lambda row: ([name for name, _ in scores].index(row["model"]), order[row["origin"]], row["horizon"]))
    result = pd.DataFrame(rows, columns=columns)
    return result.astype({"model": "str", "origin": "str", "note": "str", "horizon": "int64", "n": "int64"})


def _map_row(
    moments: dict[str, Array], likeness: Array, where: tuple[int, int, int], ranges: tuple[float, float]
) -> dict[str, Any]:
    """Scores of one map."""
    m = {name: float(values[where]) for name, values in moments.items()}
    n = m["n"]
    sums = [likeness[(kind, *where)] for kind in (0, 1)]
    found = {
        "ssim_increment": ssim_of(sums[0]),
        "ms_ssim_increment": ms_ssim_of(sums[0]),
        "ssim": ssim_of(sums[1]),
        "ms_ssim": ms_ssim_of(sums[1]),
    }
    return {
        "n": int(n),
        "mae": m["absolute"] / n,
        "improved": m["improved"] / n,
        "tied": m["tied"] / n,
        "correlation": _correlation(m),
        **found,
        "data_range_increment": ranges[0],
        "data_range": ranges[1],
        "note": _note(found, ranges, len(sums[0])),
    }


def _correlation(m: dict[str, float]) -> float:
    """Pearson's, from sums; NaN where the scatter of a map is nothing beside its size, that is a constant map."""
    n = m["n"]
    spread = [m[f"{name}2"] / n - (m[name] / n) ** 2 for name in ("first", "second")]
    if any(value <= 1e-12 * m[f"{name}2"] / n for value, name in zip(spread, ("first", "second"), strict=True)):
        return math.nan
    return (m["product"] / n - m["first"] * m["second"] / n**2) / math.sqrt(spread[0] * spread[1])


def _note(found: dict[str, float], ranges: tuple[float, float], scales: int) -> str:
    """Why a similarity is missing; nothing where none is."""
    notes = []
    if not all(value > 0 for value in ranges):
        notes.append("The cube of the first origin has no range of values, which similarity is relative to.")
    if scales < SCALES:
        notes.append(f"No MS-SSIM: its five scales need a scene of {SMALLEST_SIDE} pixels or more on both sides.")
    elif math.isnan(found["ms_ssim"]) and ranges[1] > 0:
        notes.append("No MS-SSIM: the scored pixels leave a scale without a window.")
    if math.isnan(found["ssim"]) and ranges[1] > 0:
        notes.append("No SSIM: no window has half of its weight on scored pixels.")
    return " ".join(notes)


def _over_origins(maps: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The row over all origins: pixels pooled, similarities averaged over maps that have one; none without a map."""
    if not maps:
        return []
    n = np.array([row["n"] for row in maps], "float64")
    row: dict[str, Any] = {name: float(n @ [each[name] for each in maps] / n.sum()) for name in _POOLED[1:]}
    for name in _LIKENESS:
        values = np.array([each[name] for each in maps])
        row[name] = float(values[np.isfinite(values)].mean()) if np.isfinite(values).any() else math.nan
    notes = dict.fromkeys(each["note"] for each in maps if each["note"])
    return [{"origin": ALL, "n": int(n.sum()), **row, **{name: maps[0][name] for name in _RANGES}, "note": " ".join(notes)}]
