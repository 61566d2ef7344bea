"""Windows of a grid: which are read at a time, and what the readers of HDF5 formats read of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from affine import Affine
from rasterio.crs import CRS

from insarcast.core import InsarcastError, Manifest, open_hdf5, read_part

from ..alignment.grid import Grid
from .grid_series import Array, Block, Layer


def grid_of(found: Manifest) -> Grid:
    """The grid that acquire wrote into the manifest.

    Raises:
        InsarcastError: the manifest is of another version.
    """
    try:
        grid = found.conventions["grid"]
        return Grid(CRS.from_user_input(grid["crs"]), Affine(*grid["transform"]), grid["ny"], grid["nx"])
    except KeyError as error:
        raise InsarcastError(
            f"The manifest of the {found.source} series has no {error}; it is of another version, so delete it and run again."
        ) from None


def read_dates(path: str, name: str, rows: Sequence[int], block: Block) -> npt.NDArray[Any]:
    """(time, y, x) of a dataset at chosen positions in time, in their order; what lies between is read with them, at once.

    Args:
        path: HDF5 file.
        name: dataset (time, y, x).
        rows: positions in time.
        block: rows and columns.
    """
    first, last = min(rows), max(rows) + 1
    with open_hdf5(path) as file:
        values = read_part(file, name, (slice(first, last), *block))
    order = np.asarray(rows) - first
    return values if np.array_equal(order, np.arange(len(values))) else values[order]


def chunk_of(path: str, name: str) -> tuple[int, int] | None:
    """Rows and columns that a file stores together; None where it stores them one after the other."""
    with open_hdf5(path) as file:
        chunks = file[name].chunks if name in file else None
    return None if chunks is None else (int(chunks[-2]), int(chunks[-1]))


def layer_of(path: str, name: str, *, zero_is_nothing: bool = False) -> Layer:
    """A dataset (y, x) as a layer: float32, NaN where it holds none, or 0 where that means the same."""

    def read(block: Block) -> Array:
        with open_hdf5(path) as file:
            values = read_part(file, name, block).astype(np.float32)
        values[~np.isfinite(values) | ((values == 0) & zero_is_nothing)] = np.nan
        return values

    return read


def stated(conventions: Mapping[str, Any]) -> dict[str, Any]:
    """What all formats say alike, as arguments of :class:`.grid_series.GridSeries`."""
    reference = conventions["reference"]
    return {
        "product": conventions["product"],
        "stated": conventions["stated"],
        "wavelength": conventions["wavelength"],
        "baselines": conventions["baselines"],
        "reference": None if reference is None else (reference[0], reference[1]),
        "done": tuple(conventions["done"]),
    }


def reading_windows(shape: tuple[int, int], n_dates: int, edge: int, chunk: tuple[int, int] | None, most: int) -> Iterator[Block]:
    """Windows of whole shards of at most about ``most`` bytes of displacement, shaped so that what a file stores together is read once.

    Args:
        shape: rows and columns.
        n_dates: dates.
        edge: of a shard, in pixels.
        chunk: rows and columns that the files store together; None: rows.
        most: bytes; one shard at least is read at a time.
    """
    ny, nx = shape
    shards = max(1, most // (4 * n_dates * edge * edge))
    tall = 1 if chunk is None or chunk[1] >= nx else min(max(1, chunk[0] // edge), shards)
    rows, cols = edge * tall, edge * max(1, shards // tall)
    if cols >= nx:
        rows = edge * max(tall, shards // -(-nx // edge))
    for top in range(0, ny, rows):
        for left in range(0, nx, cols):
            yield slice(top, min(top + rows, ny)), slice(left, min(left + cols, nx))
