"""Time series of LiCSBAS: cum.h5 and cum_filt.h5, the flat files beside them, and NetCDF that was made of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from insarcast.core import InsarcastError, Manifest, open_hdf5, read_part

from .grid_series import Array, Block, GridSeries, Layer
from .windows import chunk_of, grid_of, layer_of, read_dates, stated

_LOS = ("los_east", "los_north", "los_up")
_ZERO_IS_NOTHING = ("coherence", "n_unw", *_LOS)


def open_licsbas(found: Manifest) -> GridSeries:
    """Open what :func:`insarcast.acquire.ready.licsbas.find_licsbas` found.

    Displacement in mm, positive towards the satellite, NaN where nothing was inverted.
    """
    said, grid = found.conventions, grid_of(found)
    path, rows = found.static["series"][0], said["rows"]
    cum, turn = said.get("cum", "cum"), _upside_down(grid.ny) if said.get("flipped") else _as_it_is
    layers = {
        layer: turn(layer_of(path, name, zero_is_nothing=layer in _ZERO_IS_NOTHING)) for layer, name in said["layers"].items()
    }
    layers |= {layer: _flat(files[0], grid.nx, layer) for layer, files in found.static.items() if layer != "series"}

    def displacement(block: Block) -> Array:
        return np.asarray(read_dates(path, cum, rows, block), np.float32)

    def filled(block: Block) -> npt.NDArray[np.bool_]:
        """Steps that no interferogram supports: any between the date before, of those that are used, and this one."""
        with open_hdf5(path) as file:
            gaps = read_part(file, "gap", (slice(min(rows), max(rows)), *block)) == 1
        out = np.zeros((len(rows), *gaps.shape[1:]), bool)
        for at in range(1, len(rows)):
            out[at] = gaps[rows[at - 1] - rows[0] : rows[at] - rows[0]].any(axis=0)
        return out

    vectors = [layers.pop(name) for name in _LOS if name in layers]
    return GridSeries(
        dates=found.dates,
        grid=grid,
        displacement=turn(displacement),
        los=tuple(said["los"]) if said["los"] else lambda block: np.stack([read(block) for read in vectors]),
        filled=filled if said["gaps"] and rows == sorted(rows) else None,
        layers=layers,
        chunk=chunk_of(path, cum),
        **stated(said),
    )


def _as_it_is(read: Layer) -> Layer:
    return read


def _upside_down(ny: int) -> Callable[[Layer], Layer]:
    """Reading a file whose rows go from south to north."""

    def turn(read: Layer) -> Layer:
        return lambda block: read((slice(ny - block[0].stop, ny - block[0].start), block[1]))[..., ::-1, :]

    return turn


def _flat(path: str, nx: int, layer: str) -> Layer:
    """A flat file of float32, little-endian, a row of pixels after the other."""

    def read(block: Block) -> Array:
        try:
            rows = np.memmap(path, "<f4", "r").reshape(-1, nx)
        except (OSError, ValueError):
            raise InsarcastError(
                f"{path} is no longer what it was ({Path(path).name}: rows of {nx} float32); bring it back."
            ) from None
        values = np.array(rows[block], np.float32)
        values[~np.isfinite(values) | ((values == 0) & (layer in _ZERO_IS_NOTHING))] = np.nan
        return values

    return read
