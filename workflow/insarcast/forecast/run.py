"""Forecast a cube from every origin, block of pixels by block of pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from insarcast import __version__
from insarcast.core import InsarcastError, Split, blocks, create_store, shard_edge, write_block, write_store
from insarcast.models import Forecaster, TrainingData, make_model, model_entry

from .layers import forecast_layers, forecast_template
from .origins import Start, read_starts
from .past import Sample, run_past

_LAYERS = ["displacement", "filled", "mask"]


def forecast_cube(
    vintages: Sequence[Path],
    full: Path,
    forecast: Path,
    past: Path,
    model: str,
    horizons: int,
    quantiles: Sequence[float],
    history: int,
    seed: int,
    settings: dict[str, Any] | None = None,
) -> None:
    """Forecast from the last date of each as-of cube, and from the newest date, whose future nobody knows yet.

    Args:
        vintages: as-of cubes; each is all that its forecast sees, but for the dates of later acquisitions.
        full: the newest cube: the acquisition calendar, and the operational forecast from its last date.
        forecast: store to write: ``increment`` (origin, horizon, quantile, y, x) and ``sd`` (origin, horizon, y, x), mm in the
            line of sight, positive towards the satellite: displacement at the target minus the last observed one. ``sd`` is half
            the distance between the 15.9 % and 84.1 % quantiles. NaN where the cube's mask rejects the pixel.
        past: store to write: the same model from earlier origins, see :func:`insarcast.forecast.past.run_past`.
        model: registered name.
        horizons: lead times 1 to this many acquisition steps.
        quantiles: levels to write; 0.5 is added.
        history: least number of dates up to and with an origin.
        seed: seed of everything random.
        settings: what the study sets for the model.

    A model that learns from all points is fitted on the pixels of a regular stride, at each origin anew.

    Raises:
        InsarcastError: unknown model, one that no grid can have here, or too short a history.
    """
    entry = model_entry(model)
    if entry.view == "grid":
        raise InsarcastError(
            f"The model {model} forecasts tiles of a grid, not single series; its forecasts are made by train_tiles."
        )
    if entry.view == "graph" or not entry.apart:
        raise InsarcastError(
            f"forecast.models names {model}, which looks at all points of a ready series (egms, points) together; a grid is forecast block "
            "by block: leave it out there."
        )
    steps = list(range(1, horizons + 1))
    levels = sorted({0.5, *quantiles})
    starts = read_starts(vintages, full, horizons, history)
    attrs = {"model": model, "label": model_entry(model).label, "seed": seed, "insarcast_version": __version__}
    template = forecast_template(starts, steps, levels, attrs)
    ny, nx = template.sizes["y"], template.sizes["x"]
    edge = shard_edge(template.increment[..., 0, 0].size)
    create_store(template, forecast, edge)
    new = partial(make_model, model, **(settings or {}))
    models = _pooled(new, starts, steps, seed) if entry.scope == "global" else [new() for _ in starts]
    for block in blocks(ny, nx, edge):
        write_block(_forecast_block(models, starts, steps, levels, block, seed, entry.scope != "global"), forecast, block)
    earlier = run_past(new(), starts, steps, history, seed)
    write_store(earlier.assign_attrs(attrs), past)


def _pooled(new: Callable[[], Forecaster], starts: Sequence[Start], steps: list[int], seed: int) -> list[Forecaster]:
    """A model that learns from all points, for each origin, fitted on pixels of a regular stride."""
    stride = Sample.of(starts).stride
    thin = {"y": slice(None, None, stride), "x": slice(None, None, stride)}
    fitted = []
    for start in starts:
        data = TrainingData.from_cube(start.cube[_LAYERS].isel(thin).load(), start.calendar)
        fitted.append(new().fit(data, Split(start.origin, (start.origin,), tuple(steps)), seed=seed))
    return fitted


def _forecast_block(
    models: Sequence[Forecaster],
    starts: Sequence[Start],
    steps: list[int],
    levels: list[float],
    block: tuple[slice, slice],
    seed: int,
    local: bool,
) -> xr.Dataset:
    """``increment`` and ``sd`` of one block; a local model notes the end of its training first."""
    layers = []
    for model, start in zip(models, starts, strict=True):
        window = start.cube[_LAYERS].isel(y=block[0], x=block[1]).load()
        data = TrainingData.from_cube(window, start.calendar)
        if local:
            model.fit(data, Split(start.origin, (start.origin,), tuple(steps)), seed=seed)
        layers.append(forecast_layers(model, data, start.origin, steps, levels))
    increments, sds = zip(*layers, strict=True)
    return xr.Dataset(
        {
            "increment": (("origin", "horizon", "quantile", "y", "x"), np.stack(increments)),
            "sd": (("origin", "horizon", "y", "x"), np.stack(sds)),
        }
    )
