"""Forecast a cube from every origin, block of pixels by block of pixels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from insarcast import __version__
from insarcast.core import InsarcastError, Split, blocks, create_store, shard_edge, write_block, write_store
from insarcast.models import Forecaster, TrainingData, make_model, model_entry

from .layers import forecast_layers, forecast_template
from .origins import Start, read_starts
from .past import run_past


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

    Raises:
        InsarcastError: unknown model, or too short a history.
    """
    if model_entry(model).view != "series":
        raise InsarcastError(
            f"The model {model} forecasts tiles of a grid, not single series; its forecasts are made by train_tiles."
        )
    steps = list(range(1, horizons + 1))
    levels = sorted({0.5, *quantiles})
    starts = read_starts(vintages, full, horizons, history)
    attrs = {"model": model, "label": model_entry(model).label, "seed": seed, "insarcast_version": __version__}
    template = forecast_template(starts, steps, levels, attrs)
    ny, nx = template.sizes["y"], template.sizes["x"]
    edge = shard_edge(template.increment[..., 0, 0].size)
    create_store(template, forecast, edge)
    for block in blocks(ny, nx, edge):
        write_block(_forecast_block(make_model(model), starts, steps, levels, seed, block), forecast, block)
    earlier = run_past(make_model(model), starts, steps, history, seed)
    write_store(earlier.assign_attrs(attrs), past)


def _forecast_block(
    model: Forecaster, starts: Sequence[Start], steps: list[int], levels: list[float], seed: int, block: tuple[slice, slice]
) -> xr.Dataset:
    """``increment`` and ``sd`` of one block."""
    layers = []
    for start in starts:
        window = start.cube[["displacement", "filled", "mask"]].isel(y=block[0], x=block[1]).load()
        data = TrainingData.from_cube(window, start.calendar)
        model.fit(data, Split(start.origin, (start.origin,), tuple(steps)), seed=seed)
        layers.append(forecast_layers(model, data, start.origin, steps, levels))
    increments, sds = zip(*layers, strict=True)
    return xr.Dataset(
        {
            "increment": (("origin", "horizon", "quantile", "y", "x"), np.stack(increments)),
            "sd": (("origin", "horizon", "y", "x"), np.stack(sds)),
        }
    )
