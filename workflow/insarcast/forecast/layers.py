"""A raw forecast as maps: the template of its store, and one origin's layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast.core import blank
from insarcast.models import Forecaster, TrainingData

from .origins import Start
from .past import SPREAD, spread

Layers = tuple[NDArray[np.float32], NDArray[np.float32]]


def forecast_template(
    starts: Sequence[Start],
    steps: list[int],
    levels: list[float],
    attrs: dict[str, object],
    window: tuple[slice, slice] = (slice(None), slice(None)),
) -> xr.Dataset:
    """The store of a raw forecast on a window of the grid, its layers blank."""
    place = starts[-1].cube[["mask"]].isel(y=window[0], x=window[1])
    empty = blank("float32", len(starts), len(steps), len(levels), place.sizes["y"], place.sizes["x"])
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
            "y": place.y,
            "x": place.x,
        },
        attrs={**attrs, "vintages": [start.vintage for start in starts]},
    )
    return template.rio.write_crs(place.rio.crs, inplace=True) if place.rio.crs is not None else template


def forecast_layers(
    model: Forecaster, data: TrainingData, origin: np.datetime64, steps: Sequence[int], levels: Sequence[float]
) -> Layers:
    """``increment`` (horizon, quantile, y, x) and ``sd`` (horizon, y, x), mm, of a fitted model from one origin."""
    asked = sorted({*levels, *SPREAD})
    quantiles = model.predict(data, [origin], steps, asked).increment.values[0]
    low, high = (asked.index(level) for level in SPREAD)
    increment = quantiles[:, [asked.index(level) for level in levels]]
    return _maps(data, increment), _maps(data, spread(quantiles[:, low], quantiles[:, high]))


def _maps(data: TrainingData, values: NDArray[np.float64]) -> NDArray[np.float32]:
    return data.to_grid(values.astype("float32"))
