"""What the aligned interferograms hold, told block by block: coverage, coherence, and where a reference may lie."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import InsarcastError, blocks, shard_edge

from .quality import Network
from .reference import Reference, choose_reference, reference_from_config

Float = npt.NDArray[np.float64]


def survey_pairs(data: xr.Dataset, n_dates: int) -> tuple[Float, Float]:
    """Coverage and mean coherence of each interferogram over the valid area: pixels with at least as many interferograms as dates."""
    n = data.sizes["pair"]
    inside, total, coherent = np.zeros(n, np.int64), 0, np.zeros(n)
    for block in blocks(data.sizes["y"], data.sizes["x"], shard_edge(n)):
        part = data.isel(y=block[0], x=block[1])
        valid = np.isfinite(part.phase.values)
        area = valid.sum(0) >= min(n_dates, n)
        inside += (valid & area).sum((1, 2))
        total += int(area.sum())
        if "coherence" in data:
            coherent += np.where(valid & area, np.nan_to_num(part.coherence.values), 0).sum((1, 2), dtype=np.float64)
    if total == 0:
        raise InsarcastError(
            f"No pixel is measured by as many interferograms as there are dates ({n_dates}); the products hardly overlap: "
            "check their extents and nodata."
        )
    with np.errstate(invalid="ignore", divide="ignore"):
        coherence = coherent / inside if "coherence" in data else np.full(n, np.nan)
    return inside / total, coherence


def find_reference(data: xr.Dataset, found: Network, settings: dict[str, Any]) -> Reference:
    """The reference that the study names, or the one that the kept interferograms speak for."""
    lon, lat, window = settings["lon"], settings["lat"], settings["window"]
    if (lon is None) != (lat is None):
        raise InsarcastError("stack.reference has only one of lon and lat; give both, or neither to choose by evidence.")
    if lon is not None:
        return reference_from_config(data, lon, lat, window)
    kept = found.kept
    count, mean = np.zeros((data.sizes["y"], data.sizes["x"]), np.int64), None
    if "coherence" in data:
        mean = np.zeros(count.shape)
    for block in blocks(*count.shape, shard_edge(len(kept))):
        part = data.isel(pair=kept, y=block[0], x=block[1])
        valid = np.isfinite(part.phase.values)
        count[block] = valid.sum(0)
        if mean is not None:
            with np.errstate(invalid="ignore", divide="ignore"):
                mean[block] = np.where(valid, np.nan_to_num(part.coherence.values), 0).sum(0, dtype=np.float64) / count[block]
    return choose_reference(
        data, kept, count, mean, found.kept_pairs, found.kept_days, window=window, min_coherence=settings["min_coherence"]
    )
