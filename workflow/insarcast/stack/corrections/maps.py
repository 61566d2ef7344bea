"""Delay maps of a vintage's dates, from whichever source, as what they add to the displacement."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from affine import Affine

from insarcast.core import InsarcastError

from ..alignment.grid import Grid
from .gacos import read_gacos

Float = npt.NDArray[np.float64]
Block = tuple[slice, slice]


class DelayMaps:
    """Reads blocks of the delays that a date list needs.

    Delays count as departures from the mean of all dates that have one, so that a date without a file keeps its own departure and nothing
    else; where all have one this is the plain difference to the first date.

    Args:
        delays: JSON of :func:`insarcast.acquire.find_delays`.
        static: aligned interferograms, for ``los`` and ``height``.
        dates: ``yyyymmdd`` of the vintage.
        settings: ``missing``, ``time``.

    Raises:
        InsarcastError: dates without a file, unless ``missing`` is ``keep``; or none has one.
    """

    def __init__(self, delays: Path, static: xr.Dataset, dates: list[str], settings: dict[str, Any]) -> None:
        record = json.loads(Path(delays).read_text(encoding="utf-8"))
        self.method: str = record["method"]
        self._files: dict[str, list[str]] = record["files"]
        self._static, self._dates, self._time = static, dates, settings["time"]
        self._grid = _grid(static)
        self.missing = [date for date in dates if date not in self._files]
        if len(self.missing) > len(dates) - 2 or (self.missing and settings["missing"] == "stop"):
            raise InsarcastError(
                f"{len(self.missing)} of {len(dates)} dates have no delay of {self.method}: {', '.join(self.missing)}; fetch them, list "
                f"the dates in products.exclude, or set stack.troposphere.missing to keep (at least two dates need a delay)."
            )
        self._heights = _range(static) if self.method == "era5" else (0.0, 0.0)

    def read(self, block: Block) -> Float:
        """What the delays add to a block of displacement: (n_dates, y, x) mm, positive towards the satellite, 0 at the first date."""
        here = self._static.isel(y=block[0], x=block[1])
        up = here.los.sel(enu="up").values.astype(np.float64) if "los" in here else None
        known = {date: self._one(date, block, here, up) for date in self._dates if date in self._files}
        mean = np.mean(list(known.values()), 0)
        zero = np.zeros_like(mean)
        departures = np.stack([known[date] - mean if date in known else zero for date in self._dates])
        # Where one map has a hole no date is corrected: a series of both kinds would have a jump in it.
        departures[:, np.isnan(mean)] = np.nan
        return np.asarray(departures - departures[0], np.float64)

    def _one(self, date: str, block: Block, here: xr.Dataset, up: Float | None) -> Float:
        if self.method == "gacos":
            return read_gacos(self._files[date], self._grid, block, up, float(self._static.attrs.get("wavelength", np.nan)))
        from .era5 import read_column

        if up is None or "height" not in here:
            raise InsarcastError("stack.troposphere.method is era5, which needs heights (products.dem) and the line of sight.")
        column = read_column(tuple(self._files[date]), date, self._time, *self._heights)
        lon, lat = _places(here)
        return -column.at(lat, lon, here.height.values.astype(np.float64)) / up * 1000


def _grid(static: xr.Dataset) -> Grid:
    """The lattice of the pixels' centres."""
    x, y = static.x.values, static.y.values
    dx, dy = (x[-1] - x[0]) / max(len(x) - 1, 1) or 1.0, (y[-1] - y[0]) / max(len(y) - 1, 1) or -1.0
    return Grid(static.rio.crs, Affine(dx, 0, x[0] - dx / 2, 0, dy, y[0] - dy / 2), len(y), len(x))


def _places(here: xr.Dataset) -> tuple[Float, Float]:
    """Longitude and latitude of every pixel, degrees."""
    x, y = np.meshgrid(here.x.values, here.y.values)
    if here.rio.crs.is_geographic:
        return x, y
    from pyproj import Transformer

    lon, lat = Transformer.from_crs(here.rio.crs, "EPSG:4326", always_xy=True).transform(x, y)
    return np.asarray(lon, np.float64), np.asarray(lat, np.float64)


def _range(static: xr.Dataset) -> tuple[float, float]:
    """Lowest and highest height of the scene, m."""
    from insarcast.core import blocks

    if "height" not in static:
        return 0.0, 0.0
    low, high = np.inf, -np.inf
    for block in blocks(static.sizes["y"], static.sizes["x"], 1024):
        height = static.height.isel(y=block[0], x=block[1]).values
        known = height[np.isfinite(height)]
        if known.size:
            low, high = min(low, float(known.min())), max(high, float(known.max()))
    return (low, high) if np.isfinite(low) else (0.0, 0.0)
