"""What the aligned interferograms hold, told block by block: coverage, coherence, and where a reference may lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import InsarcastError, blocks, give_back_memory, shard_edge

from ..alignment.reading import read_pairs
from .pin import pinned_reference, write_pin
from .quality import Network
from .reference import Reference, choose_reference, reference_from_config

Float = npt.NDArray[np.float64]

_UNIT = 2**24


def survey_pairs(data: xr.Dataset, n_dates: int) -> tuple[Float, Float]:
    """Coverage and mean coherence of each interferogram over the valid area: pixels with at least as many interferograms as dates.

    Coherence is summed in integers, so that the sums are the same whatever the blocks.
    """
    give_back_memory()
    n = data.sizes["pair"]
    every = np.arange(n)
    inside, total, coherent = np.zeros(n, np.int64), 0, np.zeros(n, np.int64)
    for block in blocks(data.sizes["y"], data.sizes["x"], shard_edge(n)):
        valid = np.isfinite(read_pairs(data, "phase", every, block))
        valid &= valid.sum(0) >= min(n_dates, n)
        inside += valid.sum((1, 2))
        total += int(valid.any(0).sum())
        if "coherence" in data:
            coherence = read_pairs(data, "coherence", every, block)
            for number, here in enumerate(valid):
                counted = np.rint(np.nan_to_num(coherence[number][here]).astype(np.float64) * _UNIT)
                coherent[number] += int(counted.sum(dtype=np.int64))
    if total == 0:
        raise InsarcastError(
            f"No pixel is measured by as many interferograms as there are dates ({n_dates}); the products hardly overlap: "
            "check their extents and nodata."
        )
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = coherent / _UNIT / inside if "coherence" in data else np.full(n, np.nan)
    return inside / total, mean


def find_reference(
    data: xr.Dataset, found: Network, settings: dict[str, Any], vintage: str = "full", pin: Path | None = None
) -> Reference:
    """The reference that the study names, the one pinned earlier, or the one that the kept interferograms speak for.

    Args:
        data: aligned interferograms of the vintage.
        found: its network after the gates.
        settings: ``lon``, ``lat``, ``window``, ``min_coherence``.
        vintage: only ``full`` sets a pin.
        pin: file of the pin; None: none is looked at or set.
    """
    lon, lat, window = settings["lon"], settings["lat"], settings["window"]
    if (lon is None) != (lat is None):
        raise InsarcastError("stack.reference has only one of lon and lat; give both, or neither to choose by evidence.")
    if lon is not None:
        return reference_from_config(data, lon, lat, window)
    if pin is not None and (pinned := pinned_reference(data, found, settings, pin, vintage)):
        return pinned
    chosen = choose_reference(
        data, found.kept, found.kept_pairs, found.kept_days, window=window, min_coherence=settings["min_coherence"]
    )
    if pin is not None and vintage == "full":
        write_pin(data, found, settings, chosen, pin)
    return chosen
