"""Try a model on a ready series: rolling origins over all points, or a share of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast import __version__
from insarcast.core import InsarcastError, open_cube, write_store
from insarcast.models import TrainingData, make_model, model_entry

from .origins import planned_dates
from .rolling import Rolling, backtest


def backtest_series(
    series: Path,
    forecast: Path,
    model: str,
    settings: dict[str, Any],
    protocol: dict[str, Any],
    quantiles: list[float],
    batch: int,
    seed: int,
    device: str,
) -> None:
    """Forecast a cube of points from every origin of the study's ``backtest``: past, test and newest.

    A ready series has been inverted, filtered and referenced with all of its dates, so this is a trial in retrospect: no model sees
    a value after its origin, but the values before it may owe something to later acquisitions.

    Args:
        series: cube of points, as read_series leaves it.
        forecast: store to write, see :func:`insarcast.forecast.backtest`; with the coordinate ``index`` (point) in ``series``.
        model: registered name.
        settings: what the study sets for the model.
        protocol: the study's ``backtest``.
        quantiles: levels to write; 0.5 is added.
        batch: which of ``protocol["batches"]`` shares of the points to take. A model that learns from all points takes all.
        seed: seed of everything random.
        device: where models are trained.

    Raises:
        InsarcastError: the model is made for grids, no point is complete, or there are too few dates.
    """
    entry = model_entry(model)
    if entry.view == "grid":
        raise InsarcastError(
            f"forecast.models names {model}, which forecasts tiles of a grid; {series.parents[2].name} holds points: leave it out there."
        )
    cube = open_cube(series)
    data, index = usable_points(cube, protocol, str(series))
    rolling = Rolling.of(len(data.time), protocol, str(series))
    tests = rolling.roles.count("test")
    if protocol["horizons"] > tests:
        raise InsarcastError(
            f"{series}: backtest.horizons asks for {protocol['horizons']} steps, but only {tests} dates follow the first test origin; lower "
            f"it to {tests} at most, or lower backtest.train."
        )
    local = entry.scope == "series"
    if local:
        share = np.array_split(np.arange(index.size), protocol["batches"])[batch]
        data, index = data.take(share), index[share]
    start = perf_counter()
    made = backtest(
        lambda: make_model(model, **settings),
        data,
        rolling,
        list(range(1, protocol["horizons"] + 1)),
        quantiles,
        local=local,
        apart=entry.view == "series" and entry.apart,
        refit=protocol["refit"],
        seed=seed,
        device=device,
    )
    print(f"{model}: {len(rolling.indices)} origins, {data.points} points, {perf_counter() - start:.1f} s")
    made = made.assign_coords(index=("point", index))
    attrs = {
        "model": model,
        "label": entry.label,
        "seed": seed,
        "first_date": str(data.time[0]),
        "insarcast_version": __version__,
    }
    write_store(made.assign_attrs(attrs), forecast)


def usable_points(cube: xr.Dataset, protocol: Mapping[str, Any], where: str) -> tuple[TrainingData, NDArray[np.intp]]:
    """The points and dates that the study's ``backtest`` asks for, and the points' positions in the cube.

    The calendar goes on after the last date, so that the newest origin has targets.

    Raises:
        InsarcastError: no point is left.
    """
    dates = protocol["dates"]
    cube = cube.isel(time=slice(-min(dates, cube.sizes["time"]), None)) if dates else cube
    known = np.isfinite(cube.displacement.values)
    keep = cube.mask.values & (known.all(axis=0) if protocol["complete"] else known.any(axis=0))
    if not keep.any():
        raise InsarcastError(
            f"{where}: none of the {cube.sizes['point']} points has a value on each of the last {cube.sizes['time']} dates; set "
            "backtest.complete: false, or lower backtest.dates."
        )
    time = cube.time.values.astype("datetime64[D]")
    part = cube.assign(mask=("point", keep))
    data = TrainingData.from_points(part.load(), np.concatenate([time, planned_dates(time, protocol["horizons"])]))
    return data, np.flatnonzero(keep)
