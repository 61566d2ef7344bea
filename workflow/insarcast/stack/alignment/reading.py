"""Blocks of interferograms, read without xarray where the store is one that align_products wrote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import read_layers

Block = tuple[slice, slice]


def read_pairs(data: xr.Dataset, name: str, pairs: Sequence[int] | npt.NDArray[np.int64], block: Block) -> npt.NDArray[Any]:
    """(n_pairs, y, x) of a variable.

    Twice as fast as through dask: a chunk of a few dozen interferograms is unpacked once and copied once.

    Args:
        data: aligned interferograms as opened, or the part of them that a vintage sees.
        name: ``phase`` or ``coherence``.
        pairs: ascending numbers within ``data``.
        block: rows and columns.
    """
    source = data.encoding.get("source")
    if source is None or "number" not in data.coords:
        return np.asarray(data[name].isel(pair=np.asarray(pairs, np.int64), y=block[0], x=block[1]).values)
    return read_layers(Path(source), name, data.number.values[np.asarray(pairs, np.int64)], block)
