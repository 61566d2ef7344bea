"""Series of OPERA DISP-S1: one file per acquisition, each against a reference date that moves on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from insarcast.core import Manifest, open_hdf5, read_part

from ..alignment.grid import BadFileError, Grid, open_raster
from ..alignment.grid import Layer as Raster
from ..alignment.static import raster_layer
from .grid_series import Array, Block, GridSeries, Layer
from .windows import chunk_of, grid_of, layer_of, stated

_ZERO = 1e-6  # m: displacement of a product at its own reference is zero up to rounding
_COHERENCES = 12  # files whose temporal coherence is averaged: those of one ministack are alike


def open_opera(found: Manifest) -> GridSeries:
    """Open what :func:`insarcast.acquire.ready.opera.find_opera` found.

    Displacement is added up along the chain of references. Where a product does not recommend a pixel (water, unwrapped apart, or of low
    quality) its date is NaN, as opera-utils leaves it; but what hangs on that date is added to the product's own value, which it has.

    Displacement is zero at the product's reference point, the delays beside it are zero nowhere: taken off as they are, they would lift the
    reference and with it every pixel. So a delay is taken off less its own value at the reference of its product, where that is zero.
    """
    said, grid = found.conventions, grid_of(found)
    paths, links, rows = found.static["series"], said["links"], said["rows"]
    has = set(said["layers"])
    files = [paths[number] if (number := links[row][1]) is not None else None for row in rows]

    @cache
    def at_zero() -> list[float]:
        return [_at_zero(path, zero, said["corrections"]) for path, zero in zip(paths, said["zeros"], strict=True)]

    def displacement(block: Block) -> Array:
        values = _add_up(paths, links, rows, said["corrections"], at_zero(), block)
        for at, path in enumerate(files if "recommended_mask" in has else ()):
            if path is not None:
                with open_hdf5(path) as file:
                    values[at][read_part(file, "recommended_mask", block) != 1] = np.nan
        return values

    layers: dict[str, Layer] = {}
    if "water_mask" in has:
        land = layer_of(paths[-1], "water_mask")
        layers["water"] = lambda block: np.asarray(land(block) == 0, np.float32)
    if "temporal_coherence" in has:
        chosen = [paths[at] for at in np.unique(np.linspace(0, len(paths) - 1, _COHERENCES).round().astype(int))]
        layers["temporal_coherence"] = lambda block: _mean(chosen, "temporal_coherence", block)
    if "height" in found.static:
        layers["height"] = raster_layer(found.static["height"][0], grid, keep_zero=True)
    return GridSeries(
        dates=found.dates,
        grid=grid,
        displacement=displacement,
        los=tuple(said["los"]) if said["los"] else _vectors(found.static["los"][0], grid),
        layers=layers,
        chunk=chunk_of(paths[0], "displacement"),
        **stated(said),
    )


def _add_up(
    paths: Sequence[str],
    links: Sequence[tuple[int | None, int | None]],
    rows: Sequence[int],
    corrections: Sequence[str],
    at_zero: Sequence[float],
    block: Block,
) -> Array:
    """(time, y, x) mm since the first date of the chain; NaN from where the way to a date passes one without a value.

    ``at_zero`` is what the corrections of each file have at its reference, in m.
    """
    shape = (block[0].stop - block[0].start, block[1].stop - block[1].start)
    total = np.zeros((len(links), *shape), np.float32)
    for at, (start, number) in enumerate(links):
        if start is None or number is None:
            continue
        with open_hdf5(paths[number]) as file:
            values = read_part(file, "displacement", block).astype(np.float32)
            for name in corrections:
                values -= np.nan_to_num(read_part(file, f"corrections/{name}", block).astype(np.float32))
            values += np.float32(at_zero[number])
        np.add(total[start], np.float32(1000) * values, out=total[at])
    first = [at for at, (start, number) in enumerate(links) if start == 0 and number is not None]
    total[0][np.isnan(total[first]).all(axis=0)] = np.nan
    return total if list(rows) == list(range(len(links))) else total[list(rows)]


def _at_zero(path: str, zero: Sequence[int] | None, corrections: Sequence[str]) -> float:
    """Sum of the corrections of a file at its reference, in m; 0 where that is outside, or not zero before anything is taken off."""
    if zero is None or not corrections:
        return 0.0
    at = tuple(slice(place, place + 1) for place in zero)
    with open_hdf5(path) as file:
        if not abs(float(read_part(file, "displacement", at)[0, 0])) <= _ZERO:
            return 0.0
        return float(
            sum(np.nan_to_num(read_part(file, f"corrections/{name}", at).astype(np.float32))[0, 0] for name in corrections)
        )


def _mean(paths: Sequence[str], name: str, block: Block) -> Array:
    """Mean of a layer over files, of those that have a value."""
    shape = (block[0].stop - block[0].start, block[1].stop - block[1].start)
    total, count = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for path in paths:
        values = layer_of(path, name)(block)
        count += np.isfinite(values)
        total += np.nan_to_num(values)
    count[count == 0] = np.nan
    return np.asarray(total / count, np.float32)


def _vectors(path: str, grid: Grid) -> Layer:
    """Unit vectors ground -> satellite of the static layers: bands east, north, up; 0 where there is none.

    Raises:
        BadFileError: they are no three bands, on another CRS, or between the pixels.
    """
    with open_raster(path) as file:
        if file.count != 3:
            raise BadFileError(f"{path} has {file.count} bands, but east, north and up are three; fetch the static layers again.")
    vectors = Raster(path, *grid.offset(Grid.of(path), path))
    return lambda block: vectors.read_bands(block, 0.0, [1, 2, 3])
