"""Loop closure: what three interferograms say of each other's unwrapping."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import add_to_store, blank, blocks, create_store, open_store, shard_edge, write_block

_SAMPLE = 50_000


def find_triplets(pairs: Sequence[tuple[int, int]]) -> npt.NDArray[np.int64]:
    """All closed triplets of a network.

    Args:
        pairs: date numbers (first, second) of each interferogram, first < second.

    Returns:
        (n_triplets, 3) interferogram numbers of (12, 23, 13), ordered by their dates.
    """
    number = {pair: index for index, pair in enumerate(pairs)}
    later: dict[int, list[int]] = {}
    for first, second in sorted(pairs):
        later.setdefault(first, []).append(second)
    found = [
        (number[one, two], number[two, three], number[one, three])
        for one, seconds in sorted(later.items())
        for two in seconds
        for three in later.get(two, [])
        if (one, three) in number
    ]
    return np.array(found, np.int64).reshape(-1, 3)


def date_numbers(
    date1: npt.NDArray[np.datetime64], date2: npt.NDArray[np.datetime64]
) -> tuple[npt.NDArray[np.datetime64], list[tuple[int, int]]]:
    """Ascending dates of a network, and each interferogram as numbers of its two dates."""
    dates = np.unique(np.concatenate([date1, date2]))
    first, second = np.searchsorted(dates, date1), np.searchsorted(dates, date2)
    return dates, list(zip(first.tolist(), second.tolist(), strict=True))


def close_loops(ifgs: Path, closure: Path, network: Path) -> None:
    """Close every triplet and gather the facts of every interferogram; decisions are left to each vintage.

    Writes ``closure.zarr`` with dims (triplet, y, x): ``closure`` = phase12 + phase23 - phase13 in rad, and per triplet its
    ``median`` (an interferogram's constant is arbitrary until it is referenced) and the ``rms`` about it; and
    ``network.parquet``: one row per interferogram with days, perpendicular baseline, share of the grid measured and mean coherence.

    Args:
        ifgs: aligned interferograms.
        closure: store to write.
        network: table to write.
    """
    data = open_store(ifgs)
    dates, pairs = date_numbers(data.date1.values, data.date2.values)
    loops = find_triplets(pairs)
    ny, nx, edge = data.sizes["y"], data.sizes["x"], shard_edge(max(len(pairs), len(loops)))
    template = xr.Dataset(
        {
            "closure": (("triplet", "y", "x"), blank(np.float32, len(loops), ny, nx), {"units": "rad"}),
            "pairs": (("triplet", "side"), loops),
        },
        coords={"y": data.y, "x": data.x}
        | {f"date{k + 1}": ("triplet", dates[[_dates_of(loop, pairs)[k] for loop in loops]]) for k in range(3)},
    )
    create_store(template.rio.write_crs(data.rio.crs, inplace=True), closure, edge)
    stride = max(1, int(np.ceil(np.sqrt(ny * nx / _SAMPLE))))
    samples, valid, coherent = [], np.zeros(len(pairs), np.int64), np.zeros(len(pairs))
    for block in blocks(ny, nx, edge):
        part = data.isel(y=block[0], x=block[1])
        phase = part.phase.values
        valid += np.isfinite(phase).sum((1, 2))
        if "coherence" in part:
            coherent += np.where(np.isfinite(phase), np.nan_to_num(part.coherence.values), 0).sum((1, 2), dtype=np.float64)
        if len(loops):
            loop = phase[loops[:, 0]] + phase[loops[:, 1]] - phase[loops[:, 2]]
            write_block(xr.Dataset({"closure": (("triplet", "y", "x"), loop)}), closure, block)
            rows, cols = slice(-block[0].start % stride, None, stride), slice(-block[1].start % stride, None, stride)
            samples.append(loop[:, rows, cols].reshape(len(loops), -1))
    _write_medians(samples, len(loops), closure)
    _write_network(data, valid, coherent, network)


def _dates_of(loop: npt.NDArray[np.int64], pairs: Sequence[tuple[int, int]]) -> tuple[int, int, int]:
    (one, two), (_, three) = pairs[loop[0]], pairs[loop[1]]
    return one, two, three


def _write_medians(samples: list[npt.NDArray[np.float32]], count: int, closure: Path) -> None:
    """Median and rms about it per triplet, from at most some 50,000 pixels on a regular lattice."""
    median, rms = np.full(count, np.nan), np.full(count, np.nan)
    pooled = np.concatenate(samples, axis=1) if samples else np.empty((count, 0))
    for index in range(count):
        values = pooled[index][np.isfinite(pooled[index])].astype(np.float64)
        if len(values):
            median[index] = np.median(values)
            rms[index] = np.sqrt(np.mean((values - median[index]) ** 2))
    facts = xr.Dataset({"median": ("triplet", median, {"units": "rad"}), "rms": ("triplet", rms, {"units": "rad"})})
    add_to_store(facts, closure)


def _write_network(data: xr.Dataset, valid: npt.NDArray[np.int64], coherent: npt.NDArray[np.float64], network: Path) -> None:
    import pandas as pd

    with np.errstate(invalid="ignore"):
        coherence = coherent / valid if "coherence" in data else np.full(len(valid), np.nan)
    pd.DataFrame(
        {
            "date1": data.date1.values,
            "date2": data.date2.values,
            "days": (data.date2.values - data.date1.values) / np.timedelta64(1, "D"),
            "baseline": data.baseline.values,
            "coverage": valid / (data.sizes["y"] * data.sizes["x"]),
            "coherence": coherence,
        }
    ).to_parquet(network, index=False)
