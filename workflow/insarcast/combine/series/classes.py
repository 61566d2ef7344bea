"""Which points of a ready series are alike: by how fast they moved and how noisy they were before the first test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast.core import open_cube, velocity_class
from insarcast.core.series_past import NOISE_CLASSES, Past, look_back, noise_class, segments


def past_of(series: Path, store: xr.Dataset) -> Past:
    """Velocity and noise of the points of a forecast, on its dates up to the first test origin and no later.

    Args:
        series: cube of points.
        store: forecasts of backtest_series, with ``role``, ``index`` and the attribute ``first_date``.
    """
    cube = open_cube(series)
    first = store.origin.values[store.role.values == "test"][0]
    used = (cube.time.values <= first) & (cube.time.values >= np.datetime64(store.attrs["first_date"]))
    part = cube.isel(time=np.flatnonzero(used), point=store["index"].values).load()
    breaks = part.filled.values | part.jump.values if "jump" in part else part.filled.values
    days = np.asarray((part.time.values - part.time.values[0]) / np.timedelta64(1, "D"), "float64")
    return look_back(part.displacement.values.astype("float64"), segments(breaks), days)


def noise_and_velocity(past: Past, edges: Sequence[float]) -> tuple[NDArray[np.int64], int]:
    """``(point,)`` class of velocity and noise together, the last one for points of which either is not known; and how many there are.

    Args:
        past: of the points.
        edges: of the velocity classes, mm/yr.
    """
    speed, noise = velocity_class(past.velocity, edges), noise_class(past.noise)
    kinds = (len(edges) + 1) * len(NOISE_CLASSES)
    both = np.where((speed < 0) | (noise < 0), kinds, speed * len(NOISE_CLASSES) + noise)
    return both.astype("int64"), kinds + 1


def moving_classes(past: Past, edges: Sequence[float], least: int) -> NDArray[np.int64]:
    """``(point,)`` class of velocity, 0 the slowest; a class of fewer than ``least`` points joins the next slower one.

    Where the slowest class itself has too few, the next faster one joins it. Points of unknown velocity are of the slowest.

    Args:
        past: of the points.
        edges: of the classes, mm/yr.
        least: points that a class needs.
    """
    kind = np.maximum(velocity_class(past.velocity, edges), 0)
    for fast in range(len(edges), 0, -1):
        if (kind == fast).sum() < least:
            kind[kind == fast] = fast - 1
    while (kind == kind.min()).sum() < least and kind.max() > kind.min():
        kind[kind == kind.min()] = kind[kind > kind.min()].min()
    return np.asarray(np.unique(kind, return_inverse=True)[1].reshape(kind.shape).astype("int64"))
