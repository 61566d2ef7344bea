"""Intervals of ready series that cover."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from insarcast.core import append_points

from .series_stores import open_forecasts, point_slices


def calibrate_series(
    forecasts: Sequence[Path], series: Path, calibrated: Path, velocity_classes: Sequence[float], min_origins: int
) -> None:
    """Provisional."""
    (model, store), *_ = open_forecasts(forecasts).items()
    keep = np.flatnonzero(store.role.values != "past")
    for points in point_slices(store.sizes["point"]):
        part = store.isel(point=points, origin=keep).load()
        made = part.assign(own=part.increment, calibrated=(("origin", "horizon"), np.zeros(part.target_time.shape, bool)))
        append_points(made.assign_attrs({**store.attrs, "sentences": []}), calibrated)
