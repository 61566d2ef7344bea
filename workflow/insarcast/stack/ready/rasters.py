"""GeoTIFFs with the displacement of each date: one file per date, or bands of a file."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
from affine import Affine

from insarcast.core import InsarcastError, Manifest

from ..alignment.grid import BadFileError, Grid, Layer, open_raster
from ..alignment.static import StaticLayers, raster_layer
from .grid_series import INDICES, Array, Block, GridSeries

MM = {"mm": 1.0, "cm": 10.0, "m": 1000.0}
_BYTES = 64 * 2**20  # read at a time of a file with many bands


def open_rasters(found: Manifest) -> GridSeries:
    """Open the series of a manifest of source ``rasters``: files of unequal extent on one lattice, units and sign as the study says.

    Args:
        found: ``static`` with ``series`` and what :data:`insarcast.stack.ready.grid_series.LAYERS` and line of sight there are;
            ``conventions`` with ``bands`` (file number and band of each date, None for the date that all begin on), ``units``, ``sign``,
            ``nodata``, ``says``.

    Raises:
        InsarcastError: a file is gone, broken, or on another lattice than the first.
    """
    conventions, files = found.conventions, found.static["series"]
    grid, layers = _common_grid(files)
    factor = MM[conventions["units"]] * (1 if conventions["sign"] == "towards" else -1)
    first, places = conventions["bands"][0], list(conventions["bands"])
    if first and _is_blank(files[first[0]], first[1], conventions["nodata"]):
        places[0] = None
    stack = _Bands(layers, places, conventions["nodata"], factor)
    static = StaticLayers(found.static, grid, conventions)
    sigma = None
    if "sigma" in found.static:
        of_sigma = [_placed(path, grid) for path in found.static["sigma"]]
        sigma = _Bands(of_sigma, conventions["sigma_bands"], conventions["nodata"], abs(factor)).read
    names = [name for name in (*INDICES, "mask", "water") if name in found.static]
    extra = {name: raster_layer(found.static[name][0], grid, keep_zero=True) for name in names}
    if "coherence" in extra:
        extra["coherence"] = _shares(found.static["coherence"][0], extra["coherence"])
    if "resid_rms" in extra:
        extra["resid_rms"] = _times(extra["resid_rms"], abs(factor))
    if "height" in static.names:
        extra["height"] = lambda block: static.height(block, _everywhere(block))
    return GridSeries(
        product=conventions["product"],
        dates=found.dates,
        grid=grid,
        displacement=stack.read,
        los=lambda block: static.los(block, _everywhere(block)),
        stated=_stated(conventions),
        sigma=sigma,
        layers=extra,
        wavelength=conventions["wavelength"],
        chunk=_chunk(files[0]),
    )


class _Bands:
    """Displacement, or its standard deviation, of all dates."""

    def __init__(self, files: Sequence[Layer], places: Sequence[list[int] | None], nodata: float | None, factor: float) -> None:
        self.files, self.places, self.nodata, self.factor = files, places, nodata, np.float32(factor)
        self.packed = {number: packing for number, file in enumerate(files) if (packing := _packing(file.path))}

    def read(self, block: Block) -> Array:
        """(time, y, x) mm; 0 on a date that all begin on, where any other date is measured."""
        out = np.full((len(self.places), *_shape(block)), np.nan, np.float32)
        numbers = [number for number, place in enumerate(self.places) if place is not None]
        for file, group in groupby(numbers, lambda number: self.places[number][0]):  # type: ignore[index]
            here = list(group)
            bands = [self.places[number][1] for number in here]  # type: ignore[index]
            rows = max(1, _BYTES // (4 * len(bands) * out.shape[2]))
            for top in range(block[0].start, block[0].stop, rows):
                part = slice(top, min(top + rows, block[0].stop))
                values = self.files[file].read_bands((part, block[1]), self.nodata, bands)
                values *= self.factor
                if file in self.packed:
                    scales, offsets = (
                        np.array([own[band - 1] for band in bands], np.float32)[:, None, None] for own in self.packed[file]
                    )
                    values = values * scales + offsets * self.factor
                out[here, part.start - block[0].start : part.stop - block[0].start] = values
        for number, place in enumerate(self.places):
            if place is None:
                out[number] = np.where(np.isfinite(out).any(0), np.float32(0), np.float32(np.nan))
        return out


def _common_grid(files: Sequence[str]) -> tuple[Grid, list[Layer]]:
    """The union of the files' extents on the first one's lattice, and where each file lies in it."""
    base, placed = Grid.of(files[0]), []
    for path in files:
        own = Grid.of(path)
        try:
            placed.append((Layer(path, *base.offset(own, path)), own))
        except BadFileError as error:
            raise InsarcastError(f"{str(error).rstrip('.')}; or list its date in products.exclude to go on without it.") from None
    top, left = min(layer.row for layer, _ in placed), min(layer.col for layer, _ in placed)
    bottom = max(layer.row + own.ny for layer, own in placed)
    right = max(layer.col + own.nx for layer, own in placed)
    grid = Grid(base.crs, base.transform @ Affine.translation(left, top), bottom - top, right - left)
    return grid, [layer.moved(top, left) for layer, _ in placed]


def _placed(path: str, grid: Grid) -> Layer:
    return Layer(path, *grid.offset(Grid.of(path), path))


def _is_blank(path: str, band: int, nodata: float | None) -> bool:
    """Whether a file that calls 0 nodata holds nothing else: the date that all begin on, whose displacement is 0."""
    grid = Grid.of(path)
    with open_raster(path) as file:
        if 0 not in (nodata, file.nodata):
            return False
    layer, rows = Layer(path, 0, 0), max(1, _BYTES // (4 * grid.nx))
    for top in range(0, grid.ny, rows):
        part = (slice(top, min(top + rows, grid.ny)), slice(0, grid.nx))
        if np.isfinite(layer.read_bands(part, nodata, [band])).any():
            return False
    return True


def _packing(path: str) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Scales and offsets of a file's bands, where integers stand for values; None where the values stand for themselves."""
    with open_raster(path) as file:
        scales, offsets = tuple(map(float, file.scales)), tuple(map(float, file.offsets))
    return None if set(scales) == {1.0} and set(offsets) == {0.0} else (scales, offsets)


def _chunk(path: str) -> tuple[int, int]:
    """Rows and columns that a file stores together."""
    with open_raster(path) as file:
        rows, cols = file.block_shapes[0]
    return int(rows), int(cols)


def _stated(conventions: dict[str, Any]) -> str:
    sign = {"towards": "towards", "away": "away from"}[conventions["sign"]]
    units, positive = (_by(key, conventions) for key in ("units", "sign"))
    return f"Units ({conventions['units']}) are {units}; sign (positive {sign} the satellite): {positive}."


def _by(key: str, conventions: dict[str, Any]) -> str:
    """Who says the units or the sign."""
    files, study = (key in conventions[who] for who in ("says", "asked"))
    if study:
        return "as the study says, and the files say the same" if files else "as the study says; the files say nothing of it"
    return "as the files say" if files else "as is usual, for neither the study nor the files say it"


def _shares(path: str, layer: Any) -> Any:
    """Coherence: bytes stand for shares of 255."""
    with open_raster(path) as file:
        scale = np.float32(1 / 255 if file.dtypes[0] == "uint8" else 1)
    return _times(layer, scale)


def _times(layer: Any, factor: float | np.float32) -> Any:
    return lambda block: layer(block) * np.float32(factor)


def _everywhere(block: Block) -> Any:
    return np.ones(_shape(block), np.bool_)


def _shape(block: Block) -> tuple[int, int]:
    return block[0].stop - block[0].start, block[1].stop - block[1].start
