"""Where a reference may lie: windows that all interferograms measure alike and coherently, found band by band."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr
import zarr
from scipy.ndimage import correlate1d, minimum_filter

from insarcast.core import blank, blocks, create_store, give_back_memory, write_block

from ..alignment.groups import EDGE
from ..alignment.reading import read_pairs

Ints = npt.NDArray[np.int64]

_MOST = 20_000
_UNIT = 10_000  # coherence is counted in integers: sums over a window are the same wherever a band begins
_LAYERS = 256  # interferograms in memory at a time


@dataclass(frozen=True)
class Candidates:
    """Windows that the reference is chosen from.

    Attributes:
        rows, cols: their centre pixels, row by row, at most some 20,000.
        coherence: mean coherence of each window, or None.
        limit: the coherence they were held to where none reaches the one asked for.
    """

    rows: Ints
    cols: Ints
    coherence: npt.NDArray[np.float64] | None
    limit: float | None


def find_candidates(data: xr.Dataset, kept: Sequence[int], window: int, min_coherence: float) -> Candidates:
    """Find the windows of which every pixel is measured by as many interferograms as any pixel is.

    What is counted per pixel lies in a temporary store: memory is that of a band of rows.

    Args:
        data: aligned interferograms (``phase``, ``coherence``).
        kept: numbers of the interferograms that are used.
        window: edge of the square in pixels.
        min_coherence: least mean coherence of a window; where none has it, the best tenth.
    """
    give_back_memory()
    with tempfile.TemporaryDirectory() as folder:
        most = _count(data, kept, Path(folder))
        # Candidates per coherence, in units of 1e-4; without coherence all count as 0.
        histogram = np.zeros(_UNIT + 1, np.int64)
        for _, complete, sums in _bands(Path(folder), window, most):
            histogram += np.bincount(sums[complete] // window**2, minlength=_UNIT + 1)
        limit, relaxed = 0, None
        if "coherence" in data:
            limit = round(min_coherence * _UNIT)
            if not histogram[limit:].any() and histogram.any():
                best = np.cumsum(histogram[::-1])[::-1]
                limit = int(np.flatnonzero(best >= 0.1 * histogram.sum())[-1])
                relaxed = limit / _UNIT
        total = int(histogram[limit:].sum()) if most else 0
        stride, seen = max(1, -(-total // _MOST)), 0
        rows, cols, means = [], [], []
        for top, complete, sums in _bands(Path(folder), window, most):
            row, col = np.nonzero(complete & (sums // window**2 >= limit))
            pick = slice(-seen % stride, None, stride)
            seen += len(row)
            rows.append(row[pick] + top)
            cols.append(col[pick])
            means.append(sums[row[pick], col[pick]] / (window**2 * _UNIT))
    empty = np.empty(0, np.int64)
    return Candidates(
        np.concatenate(rows) if most else empty,
        np.concatenate(cols) if most else empty,
        np.concatenate(means) if "coherence" in data and most else None,
        relaxed,
    )


def read_points(data: xr.Dataset, kept: Sequence[int], rows: Ints, cols: Ints, name: str = "phase") -> npt.NDArray[np.float32]:
    """(n_kept, n_points) values at single pixels; only blocks that hold one are read, one after the other."""
    out = np.empty((len(kept), len(rows)), np.float32)
    for block in blocks(data.sizes["y"], data.sizes["x"], EDGE):
        here = np.flatnonzero(
            (rows >= block[0].start) & (rows < block[0].stop) & (cols >= block[1].start) & (cols < block[1].stop)
        )
        for start in range(0, len(kept) if len(here) else 0, _LAYERS):
            part = read_pairs(data, name, kept[start : start + _LAYERS], block)
            out[start : start + _LAYERS, here] = part[:, rows[here] - block[0].start, cols[here] - block[1].start]
    return out


def _count(data: xr.Dataset, kept: Sequence[int], folder: Path) -> int:
    """Count per pixel the interferograms and their mean coherence; the most of any pixel."""
    ny, nx = data.sizes["y"], data.sizes["x"]
    layers = {name: (("y", "x"), blank(np.int32, ny, nx)) for name in ("count", "mean")}
    create_store(xr.Dataset(layers), folder / "counts.zarr", EDGE)
    most = 0
    for block in blocks(ny, nx, EDGE):
        shape = (block[0].stop - block[0].start, block[1].stop - block[1].start)
        count, total = np.zeros(shape, np.int32), np.zeros(shape, np.float64)
        for start in range(0, len(kept), _LAYERS):
            some = kept[start : start + _LAYERS]
            valid = np.isfinite(read_pairs(data, "phase", some, block))
            count += valid.sum(0, dtype=np.int32)
            if "coherence" in data:
                for layer, there in zip(read_pairs(data, "coherence", some, block), valid, strict=True):
                    total += np.where(there, np.nan_to_num(layer), 0)
        most = max(most, int(count.max()))
        mean = np.rint(total / np.maximum(count, 1) * _UNIT).astype(np.int32)
        write_block(xr.Dataset({"count": (("y", "x"), count), "mean": (("y", "x"), mean)}), folder / "counts.zarr", block)
    return most


def _bands(folder: Path, window: int, most: int) -> Iterator[tuple[int, npt.NDArray[np.bool_], npt.NDArray[np.integer]]]:
    """First row of a band, its complete windows, and the sum of the coherence over each window, 0 outside the grid.

    An even window reaches one pixel further down and right, as in Reference.slices.
    """
    store = zarr.open_group(str(folder / "counts.zarr"), mode="r", zarr_format=3)
    counts, means = store["count"], store["mean"]
    assert isinstance(counts, zarr.Array)
    assert isinstance(means, zarr.Array)
    ny, origin = counts.shape[0], -1 if window % 2 == 0 else 0
    for top in range(0, ny if most else 0, EDGE):
        bottom = min(top + EDGE, ny)
        first, last = max(top - window, 0), min(bottom + window, ny)
        own = slice(top - first, bottom - first)
        count = np.asarray(counts[first:last])
        complete = minimum_filter(count, window, mode="constant", cval=-1, origin=origin)[own] == most
        sums: npt.NDArray[np.integer] = np.asarray(means[first:last], np.int32 if window < 400 else np.int64)
        for axis in (0, 1):
            sums = correlate1d(sums, np.ones(window, sums.dtype), axis, mode="constant", origin=origin)
        yield top, complete, sums[own]
