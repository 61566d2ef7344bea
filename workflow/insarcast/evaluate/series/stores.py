"""Forecasts of a ready series side by side, and what happened: the cells on which all models are held against the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast.core import InsarcastError, open_cube, open_store
from insarcast.core.series_past import segments

Array = NDArray[np.float64]

# Of the medians of all models in one chunk of points.
_CHUNK_BYTES = 2**28
_MOST_POINTS = 2**14


@dataclass(frozen=True, eq=False)
class Forecasts:
    """The stores of calibrate_series, known to be of one series.

    Attributes:
        stores: one per model, cut to the test origins.
        models: their names, persistence first.
        index: ``(point,)`` position of each point in the series.
        starts: ``(origin,)`` index of the origin's date.
        targets: ``(origin, horizon)`` index of the target's date, -1 where the series does not reach it.
        horizons: steps ahead.
        levels: of the quantiles.
    """

    stores: Sequence[xr.Dataset]
    models: Sequence[str]
    index: NDArray[np.int64]
    starts: NDArray[np.int64]
    targets: NDArray[np.int64]
    horizons: Sequence[int]
    levels: Sequence[float]

    @property
    def chunk(self) -> int:
        """Points in a chunk that memory holds for all models."""
        most = _CHUNK_BYTES // (4 * len(self.stores) * self.targets.size)
        return min(_MOST_POINTS, max(1024, most // 1024 * 1024))  # the stores have 1024 in a chunk

    def chunks(self) -> Iterator[slice]:
        """All points, chunk by chunk."""
        for start in range(0, len(self.index), self.chunk):
            yield slice(start, min(start + self.chunk, len(self.index)))


class Cells(NamedTuple):
    """Forecasts and truth of a chunk of points.

    Attributes:
        truth: ``(origin, horizon, point)`` increment, mm, NaN where not known.
        broken: ``(origin, horizon, point)`` measured at both ends, but a release join or a bridged step lies between.
        medians: ``(model, origin, horizon, point)`` mm.
        scored: ``(origin, horizon, point)`` the truth is known, and every model has a forecast.
    """

    truth: Array
    broken: NDArray[np.bool_]
    medians: NDArray[np.float32]
    scored: NDArray[np.bool_]


def read_forecasts(series: xr.Dataset, paths: Sequence[Path]) -> Forecasts:
    """Open the stores and see that they are of the same points, origins, horizons and quantiles of ``series``.

    Raises:
        InsarcastError: one is not, or lacks the median, or none has a test origin.
    """
    stores = [open_store(path) for path in paths]
    for store, path in zip(stores, paths, strict=True):
        for name in ("increment", "sd", "observed", "own"):
            if name not in store:
                raise InsarcastError(f"{path} has no variable '{name}'; it is no calibrated forecast: delete it and run again.")
    first = stores[0]
    for name, what in (("index", "points"), ("origin", "dates"), ("horizon", "lead times"), ("quantile", "quantiles")):
        for store, path in zip(stores, paths, strict=True):
            if not np.array_equal(store[name].values, first[name].values):
                raise InsarcastError(
                    f"{path} forecasts other {what} than {paths[0]}, so the models cannot be compared; delete both and run again."
                )
    index = first["index"].values.astype("int64")
    levels = [round(float(level), 9) for level in first["quantile"].values]
    if 0.5 not in levels:
        raise InsarcastError(f"{paths[0]} holds no median; add 0.5 to forecast.quantiles.")
    time = series.time.values.astype("datetime64[D]")
    tested = np.flatnonzero(first.role.values.astype(object) == "test")
    if not len(tested):
        raise InsarcastError(f"{paths[0]} holds no forecast from a test date; lower backtest.train.")
    starts = _positions(time, first.origin.values[tested])
    if (starts < 0).any() or (len(index) and index.max() >= series.sizes["point"]):
        raise InsarcastError(
            f"{paths[0]} forecasts dates or points that the series does not have; delete the folder and run again."
        )
    targets = _positions(time, first.target_time.values[tested])
    cut = [store.isel(origin=tested) for store in stores]
    models = [str(store.attrs["model"]) for store in stores]
    return Forecasts(cut, models, index, starts, targets, [int(step) for step in first.horizon.values], levels)


def _positions(time: NDArray[np.datetime64], wanted: NDArray[Any]) -> NDArray[np.int64]:
    """Index of each date, -1 where there is none."""
    days = wanted.astype("datetime64[D]")
    place = np.minimum(np.searchsorted(time, days), len(time) - 1)
    return np.where(time[place] == days, place, -1)


def read_series(path: Path) -> xr.Dataset:
    """Open a cube of points.

    Raises:
        InsarcastError: it is no cube, or one of a grid.
    """
    series = open_cube(path)
    if "point" not in series.dims:
        raise InsarcastError(f"{path} holds a grid, not points; it is no ready series.")
    return series


def load_points(series: xr.Dataset, index: NDArray[np.int64]) -> tuple[Array, NDArray[np.int64]]:
    """Displacement ``(time, point)`` in mm of some points, NaN where not measured, and their runs of dates without a break."""
    part = series[[name for name in ("displacement", "jump", "filled") if name in series]].isel(point=index).load()
    breaks = np.zeros(part.displacement.shape, bool)
    for name in ("jump", "filled"):
        if name in part:
            breaks |= part[name].values
    return part.displacement.values.astype("float64"), segments(breaks)


def read_cells(forecasts: Forecasts, values: Array, segment: NDArray[np.int64], window: slice) -> Cells:
    """Truth and medians of the points of a chunk.

    Args:
        forecasts: the models.
        values: ``(time, point)`` displacement of the chunk's points, mm.
        segment: ``(time, point)`` their runs of dates.
        window: the chunk.

    Raises:
        InsarcastError: the truth that the forecasts were made with is another.
    """
    known = forecasts.targets >= 0
    ends = np.where(known, forecasts.targets, 0)
    starts = np.broadcast_to(forecasts.starts[:, None], ends.shape)
    change = np.where(known[..., None], values[ends] - values[starts], np.nan)
    broken = np.isfinite(change) & (segment[ends] != segment[starts])
    truth = np.where(broken, np.nan, change)
    middle = forecasts.levels.index(0.5)
    medians = np.stack(
        [store.increment.isel(quantile=middle, point=window).values.astype("float32") for store in forecasts.stores]
    )
    observed = forecasts.stores[0].observed.isel(point=window).values
    both = np.isfinite(observed) & np.isfinite(truth)
    if (np.isfinite(observed) & ~np.isfinite(truth)).any() or (np.abs(observed - truth)[both] > 0.01).any():
        raise InsarcastError(
            "The forecasts were made from another displacement series than the one they are held against; "
            "delete the folders forecast/series and combine of this cube and run again."
        )
    return Cells(truth, broken, medians, np.isfinite(truth) & np.isfinite(medians).all(axis=0))
