"""Loop closure: what three interferograms say of each other's unwrapping."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import blank, blocks, code_hash, create_store, open_store, read_layers

from ..alignment.groups import EDGE, LAYERS, Group, Groups, as_number, kept, key_of, room

_SAMPLE = 50_000


def find_triplets(pairs: Sequence[tuple[int, int]]) -> npt.NDArray[np.int64]:
    """All closed triplets of a network.

    Args:
        pairs: date numbers (first, second) of each interferogram, first < second.

    Returns:
        (n_triplets, 3) interferogram numbers of (12, 23, 13), ordered by their last, middle and first date.
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
    found.sort(key=lambda loop: (pairs[loop[1]][1], pairs[loop[1]][0], pairs[loop[0]][0]))
    return np.array(found, np.int64).reshape(-1, 3)


def date_numbers(
    date1: npt.NDArray[np.datetime64], date2: npt.NDArray[np.datetime64]
) -> tuple[npt.NDArray[np.datetime64], list[tuple[int, int]]]:
    """Ascending dates of a network, and each interferogram as numbers of its two dates."""
    dates = np.unique(np.concatenate([date1, date2]))
    first, second = np.searchsorted(dates, date1), np.searchsorted(dates, date2)
    return dates, list(zip(first.tolist(), second.tolist(), strict=True))


def close_loops(ifgs: Path, closure: Path, network: Path, cache: str | None = None, mem_mb: int = 4000) -> None:
    """Close every triplet and gather the facts of every interferogram; decisions are left to each vintage.

    Writes ``closure.zarr`` with dims (triplet, y, x), triplets ordered by their last, middle and first date: ``closure`` = phase12
    + phase23 - phase13 in rad, and per triplet its ``median`` (an interferogram's constant is arbitrary until it is referenced)
    and the ``rms`` about it; and ``network.parquet``: one row per interferogram with days, perpendicular baseline, share of the
    grid measured and mean coherence. Triplets stay in the cache; the next time only those with a new interferogram are closed.

    Args:
        ifgs: aligned interferograms.
        closure: store to write.
        network: table to write.
        cache: folder that keeps the triplets; None: nothing is kept.
        mem_mb: memory to stay within, MB.
    """
    data = open_store(ifgs)
    dates, pairs = date_numbers(data.date1.values, data.date2.values)
    loops = find_triplets(pairs)
    ny, nx = data.sizes["y"], data.sizes["x"]
    known = "key" in data.coords
    names = [str(name) for name in (data.key.values if known else range(len(pairs)))]
    with kept(cache if known else None, closure) as folder:
        code = code_hash("close_loops")
        keys = [key_of(code, *(names[side] for side in loop)) for loop in loops]
        store = Groups(folder / "closure", (ny, nx), ["closure"])
        fresh = sum(key not in store for key in keys)
        print(f"{fresh} triplets closed, {len(keys) - fresh} kept", flush=True)
        groups = store.cut(keys)
        for batch in _batches([group for group in groups if not store.is_kept(group)], store, loops, room(mem_mb, 4)):
            _close(batch, store, loops, ifgs, ny, nx)
        template = xr.Dataset(
            {
                "closure": (("triplet", "y", "x"), blank(np.float32, len(loops), ny, nx), {"units": "rad"}),
                "pairs": (("triplet", "side"), loops),
            }
            | {
                name: ("triplet", np.array([as_number(store.facts[key][name]) for key in keys]), {"units": "rad"})
                for name in ("median", "rms")
            },
            coords={"y": data.y, "x": data.x}
            | {f"date{k + 1}": ("triplet", dates[[_dates_of(loop, pairs)[k] for loop in loops]]) for k in range(3)},
        )
        create_store(
            template.rio.write_crs(data.rio.crs, inplace=True), closure, EDGE, {"closure": LAYERS} if len(loops) else None
        )
        store.link(groups, closure)
        store.drop_others(groups)
    _write_network(data, network)


def _batches(groups: list[Group], store: Groups, loops: npt.NDArray[np.int64], most: int) -> list[list[Group]]:
    """Groups whose new triplets are closed together: each interferogram is read once for all of them, as far as memory allows."""
    found: list[list[Group]] = []
    for group in groups:
        if found and 4 * EDGE * EDGE * len(_sides([*found[-1], group], store, loops)) <= most:
            found[-1].append(group)
        else:
            found.append([group])
    return found


def _sides(groups: list[Group], store: Groups, loops: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Interferograms that the new triplets of groups need."""
    return np.unique(np.concatenate([loops[_new(group, store)].ravel() for group in groups]))


def _new(group: Group, store: Groups) -> list[int]:
    """Numbers of the triplets of a group that are not kept."""
    return [group.number * LAYERS + k for k, key in enumerate(group.keys) if key not in store]


def _close(batch: list[Group], store: Groups, loops: npt.NDArray[np.int64], ifgs: Path, ny: int, nx: int) -> None:
    """Close the new triplets of some groups, block by block."""
    sides = _sides(batch, store, loops)
    stride = max(1, int(np.ceil(np.sqrt(ny * nx / _SAMPLE))))
    new = {group: _new(group, store) for group in batch}
    samples = {group: [np.empty((len(new[group]), 0), np.float32)] for group in batch}
    for group in batch:
        store.begin(group)
    for block in blocks(ny, nx, EDGE):
        phase = read_layers(ifgs, "phase", sides, block)
        rows, cols = slice(-block[0].start % stride, None, stride), slice(-block[1].start % stride, None, stride)
        for group in batch:
            out = np.empty((len(group.keys), *phase.shape[1:]), np.float32)
            store.read_kept(group, "closure", block, out)
            for number in new[group]:
                one, two, three = (phase[place] for place in np.searchsorted(sides, loops[number]))
                out[number - group.number * LAYERS] = one + two - three
            store.fill(group, block, {"closure": out})
            picked = out[[number - group.number * LAYERS for number in new[group]]][:, rows, cols]
            samples[group].append(picked.reshape(len(picked), math.prod(picked.shape[1:])))
    for group in batch:
        pooled = np.concatenate(samples.pop(group), axis=1)
        keys = [group.keys[number - group.number * LAYERS] for number in new[group]]
        store.finish(group, {key: _facts(values) for key, values in zip(keys, pooled, strict=True)})


def _dates_of(loop: npt.NDArray[np.int64], pairs: Sequence[tuple[int, int]]) -> tuple[int, int, int]:
    (one, two), (_, three) = pairs[loop[0]], pairs[loop[1]]
    return one, two, three


def _facts(values: npt.NDArray[np.float32]) -> dict[str, float]:
    """Median and rms about it, from at most some 50,000 pixels on a regular lattice."""
    known = values[np.isfinite(values)].astype(np.float64)
    if not len(known):
        return {"median": np.nan, "rms": np.nan}
    median = np.median(known)
    return {"median": float(median), "rms": float(np.sqrt(np.mean((known - median) ** 2)))}


def _write_network(data: xr.Dataset, network: Path) -> None:
    import pandas as pd

    count, coherence = _measured(data)
    pd.DataFrame(
        {
            "date1": data.date1.values,
            "date2": data.date2.values,
            "days": (data.date2.values - data.date1.values) / np.timedelta64(1, "D"),
            "baseline": data.baseline.values,
            "coverage": count / (data.sizes["y"] * data.sizes["x"]),
            "coherence": coherence,
        }
    ).to_parquet(network, index=False)


def _measured(data: xr.Dataset) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Pixels that each interferogram measures and its mean coherence there: from its alignment, or of the store as it is."""
    if "n_measured" in data.coords:
        return data.n_measured.values, data.mean_coherence.values
    valid, coherent = np.zeros(data.sizes["pair"], np.int64), np.zeros(data.sizes["pair"])
    for block in blocks(data.sizes["y"], data.sizes["x"], EDGE):
        part = data.isel(y=block[0], x=block[1])
        phase = part.phase.values
        valid += np.isfinite(phase).sum((1, 2))
        if "coherence" in part:
            coherent += np.where(np.isfinite(phase), np.nan_to_num(part.coherence.values), 0).sum((1, 2), dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return valid, coherent / valid if "coherence" in data else np.full(len(valid), np.nan)
