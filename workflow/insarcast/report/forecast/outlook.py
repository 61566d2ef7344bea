"""The operational forecast: what the chosen model expects after the newest date."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..displacement.numbers import iso, used_only, used_pixels
from ..drawing.frame import frame_of
from . import sentences

Layer = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Outlook:
    """A forecast from one origin to one date; maps are (y, x), NaN where the cube is not used.

    Attributes:
        model: registered name.
        origin, target: dates, ISO.
        steps: horizon in acquisition steps.
        change: median change in mm along the line of sight, + towards the satellite.
        low, high: ends of the widest symmetric interval in mm, or None for a forecast without intervals.
        level: nominal level of that interval in %.
    """

    model: str
    origin: str
    target: str
    steps: int
    change: Layer
    low: Layer | None
    high: Layer | None
    level: int

    @property
    def half(self) -> Layer | None:
        """Half of the interval's width, mm."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2

    @property
    def peak(self) -> tuple[int, int] | None:
        """Row and column of the largest change; None where nothing is forecast."""
        size = np.abs(self.change)
        return (
            None
            if np.isnan(size).all()
            else (lambda at: (int(at[0]), int(at[1])))(np.unravel_index(np.nanargmax(size), size.shape))
        )


def outlooks(store: xr.Dataset, cube: xr.Dataset) -> list[Outlook]:
    """The forecast from the newest origin to every horizon."""
    used = used_pixels(cube)
    newest = store.isel(origin=-1)
    quantiles = [float(q) for q in newest["quantile"].values]
    low, high = min(quantiles), max(quantiles)
    found = []
    for index, steps in enumerate(newest.horizon.values):
        layers = newest.increment.isel(horizon=index).values.astype(float)
        at = {q: np.where(used, layers[i], np.nan) for i, q in enumerate(quantiles)}
        middle = at[min(quantiles, key=lambda q: abs(q - 0.5))]
        paired = low < 0.5 < high and abs(low + high - 1) < 1e-6 and bool(np.isfinite(at[high] - at[low]).any())
        target = iso(newest.target_time.values[[index]])[0]
        found.append(
            Outlook(
                str(store.attrs["model"]), iso(store.origin.values[[-1]])[0], target, int(steps), middle,
                at[low] if paired else None, at[high] if paired else None, round(100 * (high - low)),
            )
        )  # fmt: skip
    return found


def place_of(cube: xr.Dataset, outlook: Outlook) -> tuple[float, float]:
    """Longitude and latitude of the largest change."""
    assert outlook.peak is not None
    row, col = outlook.peak
    return frame_of(cube).to_lonlat(float(cube.x.values[col]), float(cube.y.values[row]))


def expected_words(data: xr.Dataset, last: Outlook, asked: bool) -> str:
    """The sentence on the largest expected change; ``asked``: by a model that the study names."""
    if last.peak is None:
        return "There is no forecast: no pixel is used."
    row, col = last.peak
    low = None if last.low is None else float(last.low[row, col])
    high = None if last.high is None else float(last.high[row, col])
    lon, lat = place_of(data, last)
    change = float(last.change[row, col])
    fastest = at_fastest(data, last)
    return sentences.expected(last.model, last.origin, last.target, change, low, high, last.level, lon, lat, asked, fastest)


def at_fastest(data: xr.Dataset, last: Outlook) -> tuple[float, float | None, float | None] | None:
    """Change, low and high in mm at the pixel with the largest velocity; None where that is the pixel of the largest change."""
    speed = np.abs(used_only(data, data.velocity))
    speed = np.where(np.isfinite(last.change), speed, np.nan)
    if np.isnan(speed).all():
        return None
    at = np.unravel_index(np.nanargmax(speed), speed.shape)
    if last.peak is None or tuple(map(int, at)) == last.peak:
        return None
    low, high = (None if layer is None else float(layer[at]) for layer in (last.low, last.high))
    return float(last.change[at]), low, high
