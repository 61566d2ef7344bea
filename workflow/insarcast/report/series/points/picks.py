"""A few telling points: the fastest, a usual one and the noisiest of those that are forecast."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .numbers import Points, noise_of

KINDS = {"A": "fastest", "B": "median", "C": "noisiest"}


def pick_points(points: Points, store: xr.Dataset) -> dict[str, int]:
    """Letters and points: A the fastest of the forecast points, B the one with the median speed, C the noisiest.

    Each is another point; where fewer are forecast there are fewer letters.
    """
    forecast = np.zeros(points.total, bool)
    known = np.isfinite(store.increment.isel(origin=-1, horizon=0).values).any(axis=0)
    forecast[store["index"].values.astype(int)[known]] = True
    open_ = forecast & points.used
    speed, noise = np.abs(points.velocity), np.nan_to_num(noise_of(points), nan=-1.0)
    usual = np.abs(speed - np.median(speed[open_])) if open_.any() else speed
    picks: dict[str, int] = {}
    for letter, score in (("A", speed), ("C", noise), ("B", -usual)):
        if not open_.any():
            break
        at = int(np.argmax(np.where(open_, score, -np.inf)))
        picks[letter], open_[at] = at, False
    return dict(sorted(picks.items()))
