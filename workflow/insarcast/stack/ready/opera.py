"""Series of OPERA DISP-S1: one file per acquisition, each against a reference date that moves on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.windows import Window

from insarcast.core import Manifest, open_hdf5, read_part

from ..grid import BadFileError, Grid, open_raster
from .grid_series import Array, Block, GridSeries, Layer
from .windows import grid_of, layer_of, stated

_RECOMMENDED = 0.9  # share of the dates at which a pixel must be recommended, as opera-utils' export to MintPy has it
_NONE = np.uint8(255)
_COHERENCES = 12  # files whose temporal coherence is averaged: those of one ministack are alike

Bytes = npt.NDArray[np.uint8]


def open_opera(found: Manifest) -> GridSeries:
    """Open what :func:`insarcast.acquire.opera.find_opera` found.

    Displacement is added up along the chain of references. A date on which the product does not recommend a pixel (water, unwrapped apart,
    or low quality) keeps its value; the steps to and from it count as bridged, and a pixel that is recommended on fewer than 90 % of the
    dates is none to use.
    """
    said, grid = found.conventions, grid_of(found)
    paths, rows = found.static["series"], said["rows"]
    has = set(said["layers"])
    masks = _Masks(paths, said["links"], rows)

    def displacement(block: Block) -> Array:
        return _add_up(paths, said["links"], rows, said["corrections"], block)

    layers: dict[str, Layer] = {}
    if "recommended_mask" in has:
        layers["mask"] = masks.use
    if "water_mask" in has:
        land = layer_of(paths[-1], "water_mask")
        layers["water"] = lambda block: (land(block) == 0).astype(np.float32)
    if "temporal_coherence" in has:
        chosen = [paths[at] for at in np.unique(np.linspace(0, len(paths) - 1, _COHERENCES).round().astype(int))]
        layers["temporal_coherence"] = lambda block: _mean(chosen, "temporal_coherence", block)
    if "height" in found.static:
        layers["height"] = lambda block: _raster(found.static["height"][0], grid, block, 1, zero_is_nothing=False)
    return GridSeries(
        dates=found.dates,
        grid=grid,
        displacement=displacement,
        los=tuple(said["los"]) if said["los"] else _vectors(found.static["los"][0], grid),
        filled=masks.bridged if "recommended_mask" in has else None,
        layers=layers,
        **stated(said),
    )


def _add_up(
    paths: Sequence[str],
    links: Sequence[tuple[int | None, int | None]],
    rows: Sequence[int],
    corrections: Sequence[str],
    block: Block,
) -> Array:
    """(time, y, x) mm since the first date of the chain; NaN from where the way to a date passes one without a value."""
    shape = (block[0].stop - block[0].start, block[1].stop - block[1].start)
    total = np.zeros((len(links), *shape), np.float32)
    for at, (start, number) in enumerate(links):
        if start is None or number is None:
            continue
        with open_hdf5(paths[number]) as file:
            values = read_part(file, "displacement", block).astype(np.float32)
            for name in corrections:
                values -= np.nan_to_num(read_part(file, f"corrections/{name}", block).astype(np.float32))
        np.add(total[start], np.float32(1000) * values, out=total[at])
    first = [at for at, (start, number) in enumerate(links) if start == 0 and number is not None]
    total[0][np.isnan(total[first]).all(axis=0)] = np.nan
    return total if list(rows) == list(range(len(links))) else total[list(rows)]


class _Masks:
    """The products' recommended masks of the block that was read last: a mask and the bridged steps ask for the same one."""

    def __init__(self, paths: Sequence[str], links: Sequence[tuple[int | None, int | None]], rows: Sequence[int]) -> None:
        self._files = [paths[number] if (number := links[row][1]) is not None else None for row in rows]
        self._last: tuple[Block, Bytes] | None = None

    def _read(self, block: Block) -> Bytes:
        """(time, y, x): 1 recommended, 0 not, 255 where the date has no product of its own."""
        last = self._last
        if last is None or last[0] != block:
            shape = (block[0].stop - block[0].start, block[1].stop - block[1].start)
            masks = np.full((len(self._files), *shape), _NONE, np.uint8)
            for at, path in enumerate(self._files):
                if path is not None:
                    with open_hdf5(path) as file:
                        masks[at] = read_part(file, "recommended_mask", block) == 1
            self._last = last = (block, masks)
        return last[1]

    def use(self, block: Block) -> Array:
        """(y, x): 1 where enough dates are recommended, else 0."""
        masks = self._read(block)
        dates = sum(path is not None for path in self._files)
        return np.asarray((masks == 1).sum(axis=0) >= _RECOMMENDED * dates, np.float32)

    def bridged(self, block: Block) -> npt.NDArray[np.bool_]:
        """(time, y, x) True where the date or the one before is not recommended."""
        bad: npt.NDArray[np.bool_] = self._read(block) == 0
        out = bad.copy()
        out[1:] |= bad[:-1]
        out[0] = False
        return out


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
    """Unit vectors ground -> satellite of the static layers: bands east, north, up; 0 where there is none."""
    return lambda block: np.stack([_raster(path, grid, block, band) for band in (1, 2, 3)])


def _raster(path: str, grid: Grid, block: Block, band: int, *, zero_is_nothing: bool = True) -> Array:
    """A band of a static layer on the grid of the products, which may be a part of it.

    Raises:
        BadFileError: it is on another CRS or lies between the pixels, or is broken.
    """
    row, col = grid.offset(Grid.of(path), path)
    out = np.full((block[0].stop - block[0].start, block[1].stop - block[1].start), np.nan, np.float32)
    with open_raster(path) as file:
        if file.count < band:
            raise BadFileError(f"{path} has {file.count} bands, but east, north and up are three; fetch the static layers again.")
        top, left = max(block[0].start - row, 0), max(block[1].start - col, 0)
        bottom, right = min(block[0].stop - row, file.height), min(block[1].stop - col, file.width)
        if bottom <= top or right <= left:
            return out
        try:
            values = file.read(band, window=Window(left, top, right - left, bottom - top)).astype(np.float32)
        except rasterio.errors.RasterioError:
            raise BadFileError(f"{path} is broken or truncated: its pixels cannot be read; fetch it again.") from None
        values[~np.isfinite(values) | (values == (0 if zero_is_nothing else file.nodata))] = np.nan
    r, c = top + row - block[0].start, left + col - block[1].start
    out[r : r + values.shape[0], c : c + values.shape[1]] = values
    return out
