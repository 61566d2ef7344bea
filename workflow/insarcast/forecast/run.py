"""Forecast a cube from every origin, block of pixels by block of pixels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast import __version__
from insarcast.core import Split, blank, blocks, create_store, shard_edge, write_block, write_store
from insarcast.models import Forecaster, TrainingData, make_model, model_entry

from .origins import Start, read_starts
from .past import SPREAD, run_past, spread


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
    steps = list(range(1, horizons + 1))
    levels = sorted({0.5, *quantiles})
    starts = read_starts(vintages, full, horizons, history)
    attrs = {"model": model, "label": model_entry(model).label, "seed": seed, "insarcast_version": __version__}
    template = _template(starts, steps, levels, attrs)
    ny, nx = template.sizes["y"], template.sizes["x"]
    edge = shard_edge(template.increment[..., 0, 0].size)
    create_store(template, forecast, edge)
    for block in blocks(ny, nx, edge):
        write_block(_forecast_block(make_model(model), starts, steps, levels, seed, block), forecast, block)
    earlier = run_past(make_model(model), starts, steps, history, seed)
    write_store(earlier.assign_attrs(attrs), past)


def _template(starts: Sequence[Start], steps: list[int], levels: list[float], attrs: dict[str, object]) -> xr.Dataset:
    cube = starts[-1].cube
    shape = (len(starts), len(steps), len(levels), cube.sizes["y"], cube.sizes["x"])
    empty = blank("float32", *shape)
    meaning = {"units": "mm", "sign": "positive towards the satellite"}
    targets = [[start.calendar[len(start.time) - 1 + step] for step in steps] for start in starts]
    template = xr.Dataset(
        {
            "increment": (("origin", "horizon", "quantile", "y", "x"), empty, meaning),
            "sd": (("origin", "horizon", "y", "x"), empty[:, :, 0], {"units": "mm"}),
        },
        coords={
            "origin": np.array([start.origin for start in starts], "datetime64[ns]"),
            "horizon": np.array(steps, "int64"),
            "quantile": np.array(levels),
            "target_time": (("origin", "horizon"), np.array(targets, "datetime64[ns]")),
            "y": cube.y,
            "x": cube.x,
        },
        attrs={**attrs, "vintages": [start.vintage for start in starts]},
    )
    return template.rio.write_crs(cube.rio.crs, inplace=True) if cube.rio.crs is not None else template


def _forecast_block(
    model: Forecaster, starts: Sequence[Start], steps: list[int], levels: list[float], seed: int, block: tuple[slice, slice]
) -> xr.Dataset:
    """``increment`` and ``sd`` of one block."""
    asked = sorted({*levels, *SPREAD})
    keep = [asked.index(level) for level in levels]
    low, high = (asked.index(level) for level in SPREAD)
    increments, sds = [], []
    for start in starts:
        window = start.cube[["displacement", "filled", "mask"]].isel(y=block[0], x=block[1]).load()
        data = TrainingData.from_cube(window, start.calendar)
        model.fit(data, Split(start.origin, (start.origin,), tuple(steps)), seed=seed)
        quantiles = model.predict(data, [start.origin], steps, asked).increment.values[0]
        increments.append(_layers(data, quantiles[:, keep]))
        sds.append(_layers(data, spread(quantiles[:, low], quantiles[:, high])))
    return xr.Dataset(
        {
            "increment": (("origin", "horizon", "quantile", "y", "x"), np.stack(increments)),
            "sd": (("origin", "horizon", "y", "x"), np.stack(sds)),
        }
    )


def _layers(data: TrainingData, values: NDArray[np.float64]) -> NDArray[np.float32]:
    return data.to_grid(values.astype("float32"))
