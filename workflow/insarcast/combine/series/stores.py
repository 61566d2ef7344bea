"""Raw forecasts of ready series: opened as one, whatever shares of the points they were made in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast.core import InsarcastError, open_store

# Points in memory at once.
POINTS = 20_000
# Enough points to learn a weight or a quantile from.
SAMPLE = 20_000


def open_forecasts(paths: Sequence[Path]) -> dict[str, xr.Dataset]:
    """Forecasts by model, in the order of the paths; the shares of a model's points put together.

    Raises:
        InsarcastError: the models were tried on different points or dates.
    """
    parts: dict[str, list[xr.Dataset]] = {}
    for path in paths:
        store = open_store(path)
        parts.setdefault(str(store.attrs["model"]), []).append(store)
    whole = {
        model: stores[0] if len(stores) == 1 else xr.concat(stores, "point", data_vars="minimal", coords="minimal", join="exact")
        for model, stores in parts.items()
    }
    name, first = next(iter(whole.items()))
    for model, store in whole.items():
        if not all(np.array_equal(store[key].values, first[key].values) for key in ("index", "origin", "horizon", "quantile")):
            raise InsarcastError(
                f"{model} and {name} were tried on different points or dates; delete {paths[0].parent} and run again."
            )
    return whole


def point_slices(points: int) -> Iterator[slice]:
    """Shares of the points that fit into memory."""
    yield from (slice(first, min(first + POINTS, points)) for first in range(0, points, POINTS))


def point_sample(points: int) -> NDArray[np.intp]:
    """At most :data:`SAMPLE` points at a regular stride."""
    return np.arange(0, points, max(1, -(-points // SAMPLE)))
