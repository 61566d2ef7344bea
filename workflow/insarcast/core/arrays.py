"""Arrays of a store, without xarray: how they are laid out, packed, created and opened."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Hashable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import zarr

CHUNK = 128


def compressors() -> tuple[Any, ...]:
    """LZ4 after shuffling bits: noisy float32 becomes as small as with Zstandard and is packed and read twice as fast."""
    from zarr.codecs import BloscCodec

    return (BloscCodec(cname="lz4", clevel=5, shuffle="bitshuffle"),)


def create_array(
    path: Path,
    name: str,
    shape: tuple[int, ...],
    dtype: npt.DTypeLike,
    dims: Sequence[Hashable],
    attributes: dict[str, Any],
    *,
    chunks: tuple[int, ...],
    shards: tuple[int, ...],
    compressors: Sequence[Any],
) -> zarr.Array[Any]:
    """An empty array in the group at ``path``; its fill value is NaN where its type has one."""
    import zarr

    kind = np.dtype(dtype)
    forget_arrays()
    return zarr.create_array(
        store=str(path), name=name, shape=shape, dtype=kind, chunks=chunks, shards=shards, compressors=compressors,
        fill_value=np.nan if kind.kind == "f" else 0, dimension_names=[str(dim) for dim in dims],
        attributes=json.loads(json.dumps(attributes, default=lambda value: value.tolist())), zarr_format=3,
    )  # fmt: skip


@lru_cache(maxsize=64)
def opened_array(path: Path, name: str) -> tuple[zarr.Array[Any], tuple[str, ...]]:
    """An array of a store that is being filled, and its dims; opened once."""
    import zarr

    array = zarr.open_array(str(path / name), mode="r+" if os.access(path, os.W_OK) else "r", zarr_format=3)
    metadata: Any = array.metadata
    return array, metadata.dimension_names


def forget_arrays() -> None:
    """Before a store is written anew where another one was."""
    opened_array.cache_clear()


def grouped(layers: int, ny: int, nx: int, edge: int) -> dict[str, Any]:
    """Layout of an array (layer, y, x) in shards of ``layers`` x ``edge`` x ``edge``.

    It does not depend on how many layers there are: a group of layers is the same files in a longer array.
    """
    cy, cx = min(CHUNK, ny), min(CHUNK, nx)
    shards = (layers, cy * math.ceil(min(edge, ny) / cy), cx * math.ceil(min(edge, nx) / cx))
    return {"chunks": (layers, cy, cx), "shards": shards, "compressors": compressors()}


def read_layers(path: Path, name: str, layers: npt.ArrayLike, block: tuple[slice, slice]) -> npt.NDArray[Any]:
    """Some layers of a block of an array (layer, y, x), group by group: layers of groups that are not asked for are not read.

    Args:
        path: the store.
        name: the array.
        layers: ascending numbers of the layers.
        block: rows and columns.
    """
    array, _ = opened_array(path, name)
    wanted = np.asarray(layers, np.int64)
    size = array.chunks[0]
    rows, cols = block
    out = np.empty((len(wanted), rows.stop - rows.start, cols.stop - cols.start), array.dtype)
    for number in np.unique(wanted // size):
        here = np.flatnonzero(wanted // size == number)
        first, last = int(wanted[here[0]]), int(wanted[here[-1]]) + 1
        values = np.asarray(array[first:last, rows, cols])
        out[here[0] : here[-1] + 1] = values if last - first == len(here) else values[wanted[here] - first]
    return out
