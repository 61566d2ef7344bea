"""What is expected of points: one forecast, spread over all points of the cube."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...displacement.numbers import iso
from ..scores.reading import drawn_store, read_series_scores
from .numbers import Array, Points, read_points


@dataclass(frozen=True, eq=False)
class Ahead:
    """A forecast of the points from one origin to one horizon; arrays are over all points of the cube, NaN where there is none.

    Attributes:
        origin, target: dates, ISO.
        steps: horizon in acquisition steps.
        change: median change in mm, + towards the satellite.
        low, high: ends of the widest symmetric interval in mm.
        level: nominal level of that interval, %.
    """

    origin: str
    target: str
    steps: int
    change: Array
    low: Array
    high: Array
    level: int

    @property
    def half(self) -> Array:
        return (self.high - self.low) / 2

    @property
    def known(self) -> NDArray[np.bool_]:
        return np.asarray(np.isfinite(self.change))

    @property
    def peak(self) -> int | None:
        """The point with the largest change; None where nothing is forecast."""
        return int(np.nanargmax(np.abs(self.change))) if self.known.any() else None


def quoted_forecast(
    series: Path, calibrated: Sequence[Path], auto: Sequence[Path], scores: Path, model: str | None
) -> tuple[Points, xr.Dataset, str]:
    """The points, the forecast whose scores are quoted, and its model.

    Args:
        series: the point cube.
        calibrated: calibrated forecasts, one store per model.
        auto: ``auto.json``, or nothing where there is one model only.
        scores: table of scores.
        model: the study's ``report.model``; None: the automatic choice.
    """
    scored = read_series_scores([scores], auto, model).scored
    return read_points(series), drawn_store(calibrated, scored), scored


def spread_out(store: xr.Dataset, values: Any, total: int) -> Array:
    """Values (..., point) of a forecast store as (..., point of the cube)."""
    array = np.asarray(values, float)
    found = np.full((*array.shape[:-1], total), np.nan)
    found[..., store["index"].values.astype(int)] = array
    return found


def ahead(store: xr.Dataset, points: Points, horizon: int = -1, origin: int = -1) -> Ahead:
    """The forecast from one origin (default: the newest) to one horizon, both by position."""
    part = store.isel(origin=origin, horizon=horizon)
    levels = [float(q) for q in store["quantile"].values]
    low, high = min(levels), max(levels)
    at = dict(zip(levels, spread_out(store, part.increment.values, points.total), strict=True))
    middle = min(levels, key=lambda q: abs(q - 0.5))
    date, target = iso(store.origin.values[[origin]])[0], iso(store.target_time.values[[origin]][0][[horizon]])[0]
    return Ahead(date, target, int(store.horizon.values[horizon]), at[middle], at[low], at[high], round(100 * (high - low)))
