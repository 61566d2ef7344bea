"""Layers that do not change in time, in one file or in many with different extents: heights, line of sight, water."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from affine import Affine
from rasterio.windows import Window

from .grid import BadFileError, Grid, Layer, open_raster, read_window
from .warp import Warp

Array = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Block = tuple[slice, slice]
Reader = Callable[[Block], Array]


@dataclass(frozen=True)
class _Source:
    """What one product has of a layer.

    Attributes:
        read: block -> (band, y, x), NaN where the product has nothing.
        rows: first row and the one after the last, in the common grid; may lie outside it.
        cols: the same for the columns.
        warped: whether it lies on another lattice.
    """

    read: Reader
    rows: tuple[int, int]
    cols: tuple[int, int]
    warped: bool = False

    def area(self, grid: Grid) -> int:
        """Pixels of the grid that the file's rectangle covers."""
        height = min(self.rows[1], grid.ny) - max(self.rows[0], 0)
        width = min(self.cols[1], grid.nx) - max(self.cols[0], 0)
        return max(height, 0) * max(width, 0)

    def covers_any(self, holes: Mask, block: Block) -> bool:
        """Whether the file's rectangle holds one of a block's holes."""
        top, left = max(self.rows[0] - block[0].start, 0), max(self.cols[0] - block[1].start, 0)
        bottom, right = max(self.rows[1] - block[0].start, 0), max(self.cols[1] - block[1].start, 0)
        return bool(holes[top:bottom, left:right].any())


class StaticLayers:
    """Reads blocks of what a manifest's ``static`` and ``conventions`` say.

    A layer in several files is filled from the one that covers most of the grid, then from the next, and only where an
    interferogram measured something: so a block opens as few files as it needs, however many there are.

    Args:
        static: name -> files: ``dem``; ``los_east``, ``los_north``, ``los_up``, or ``lv_theta`` and ``lv_phi``; ``water``.
        grid: the common grid.
        conventions: ``los`` (enu, for all pixels), ``angles`` (``hyp3``), ``static_nodata`` (name -> value).
    """

    def __init__(self, static: dict[str, list[str]], grid: Grid, conventions: dict[str, Any]) -> None:
        self.grid = grid
        nodata = conventions.get("static_nodata") or {}
        self._los = conventions.get("los")
        self._layers: dict[str, list[_Source]] = {}
        if "dem" in static:
            self._layers["height"] = self._sources([[path] for path in static["dem"]], [nodata.get("dem")])
        if conventions.get("angles") == "hyp3" and "lv_theta" in static:
            files = zip(static["lv_theta"], static["lv_phi"], strict=True)
            # Between two angles there may be the jump of 2 pi: they are never interpolated.
            marks = [nodata.get("lv_theta"), nodata.get("lv_phi")]
            self._layers["los"] = self._sources(files, marks, nearest=True, then=unit_vector)
        elif "los_east" in static:
            names = ("los_east", "los_north", "los_up")
            self._layers["los"] = self._sources(
                zip(*(static[name] for name in names), strict=True), [nodata.get(n) for n in names]
            )
        if "water" in static:
            self._layers["water"] = self._sources([[path] for path in static["water"]], [255.0], nearest=True, keep_zero=True)

    @property
    def names(self) -> list[str]:
        """Layers that there are, of ``height``, ``los``, ``water``."""
        return [*self._layers, *(["los"] if self._los is not None and "los" not in self._layers else [])]

    def water(self, block: Block, measured: Mask) -> Mask:
        """(y, x) pixels that a water mask calls water (HyP3: 0); where no mask says anything there is none."""
        return np.asarray(self._mosaic("water", block, measured)[0] == 0)

    def height(self, block: Block, measured: Mask) -> Array:
        """(y, x) heights in m."""
        height: Array = self._mosaic("height", block, measured)[0]
        return height

    def los(self, block: Block, measured: Mask) -> Array:
        """(enu, y, x) unit vector ground -> satellite."""
        if "los" in self._layers:
            return self._mosaic("los", block, measured)
        vector = np.asarray(self._los, np.float32)[:, None, None]
        return np.broadcast_to(vector, (3, *measured.shape)).copy()

    def _mosaic(self, name: str, block: Block, measured: Mask) -> Array:
        """A block of a layer: the first file fills it, the next fill what is left."""
        sources = self._layers[name]
        if len(sources) == 1:
            return sources[0].read(block)
        bands = 3 if name == "los" else 1
        out = np.full((bands, *measured.shape), np.nan, np.float32)
        for source in sources:
            holes = measured & np.isnan(out).any(0)
            if not holes.any():
                break
            if source.covers_any(holes, block):
                out[:, holes] = source.read(block)[:, holes]
        return out

    def _sources(
        self,
        products: Sequence[Sequence[str]] | Iterator[tuple[str, ...]],
        nodata: Sequence[float | None],
        *,
        nearest: bool = False,
        keep_zero: bool = False,
        then: Callable[[Array], Array] | None = None,
    ) -> list[_Source]:
        """The files of a layer, product by product: those on the grid's lattice, largest first, then the others so.

        Files that lie elsewhere are left out.
        """
        sources = []
        for paths in products:
            placed = [_place(path, self.grid, mark, nearest, keep_zero) for path, mark in zip(paths, nodata, strict=True)]
            sources.append(_together(placed, then))
        found = [source for source in sources if source.area(self.grid)] or sources[:1]
        return sorted(found, key=lambda source: (source.warped, -source.area(self.grid)))


def unit_vector(angles: Array) -> Array:
    """Unit vector ground -> satellite from HyP3's look vector angles.

    ``E = cos(theta) cos(phi)``, ``N = cos(theta) sin(phi)``, ``U = sin(theta)``: theta is the elevation above the horizon (90
    degrees minus the incidence angle), phi is counted from east, anticlockwise.

    Args:
        angles: (2, y, x) theta and phi in rad.

    Returns:
        (3, y, x) east, north, up; NaN where an angle is.
    """
    theta, phi = angles.astype(np.float64)
    up = np.where(np.isnan(phi), np.nan, np.sin(theta))
    return np.stack([np.cos(theta) * np.cos(phi), np.cos(theta) * np.sin(phi), up]).astype(np.float32)


def raster_layer(path: str, grid: Grid, *, nearest: bool = True, keep_zero: bool = True) -> Reader:
    """A single layer of a file, block -> (y, x), as it is where it lies on the grid's lattice and warped onto it elsewhere.

    Args:
        path: the file.
        grid: the common grid.
        nearest: warped by the nearest pixel, or bilinear.
        keep_zero: 0 is a value even where the file calls it nodata.
    """
    source = _place(path, grid, None, nearest, keep_zero)
    return lambda block: source.read(block)[0]


def _together(parts: list[_Source], then: Callable[[Array], Array] | None) -> _Source:
    """The bands of one product as one source."""

    def read(block: Block) -> Array:
        bands = np.concatenate([part.read(block) for part in parts])
        return then(bands) if then else bands

    return _Source(read, parts[0].rows, parts[0].cols, parts[0].warped)


def _place(path: str, grid: Grid, nodata: float | None, nearest: bool, keep_zero: bool) -> _Source:
    """A file that is read as it is where it lies on the grid's lattice, and warped onto it elsewhere."""
    whole = (slice(0, grid.ny), slice(0, grid.nx))

    def warped(extent: Block) -> _Source:
        rows, cols = ((axis.start, axis.stop) for axis in extent)
        return _Source(lambda block: _warped(path, grid, block, nodata, nearest, keep_zero)[None], rows, cols, warped=True)

    try:
        own = Grid.of(path)
    except BadFileError:  # a file that does not open says so again when it is warped
        return warped(whole)
    try:
        row, col = grid.offset(own, path)
    except BadFileError:
        return warped(Warp(own, grid).extent)
    layer = Layer(path, row, col)
    return _Source(lambda block: layer.read(block, nodata, keep_zero=keep_zero)[None], (row, row + own.ny), (col, col + own.nx))


def _warped(path: str, grid: Grid, block: Block, nodata: float | None, nearest: bool, keep_zero: bool) -> Array:
    """A block of a file on another lattice, bilinear or the nearest pixel; NaN outside it."""
    from rasterio.enums import Resampling
    from rasterio.vrt import WarpedVRT

    ny, nx = block[0].stop - block[0].start, block[1].stop - block[1].start
    corner = grid.transform @ Affine.translation(block[1].start, block[0].start)
    with open_raster(path) as file:
        # GDAL knows one mark: the convention's, or else the file's own.
        mark = nodata if nodata is not None else file.nodata
        with WarpedVRT(
            file, crs=grid.crs, transform=corner, height=ny, width=nx, nodata=np.nan, dtype="float32",
            src_nodata=None if mark == 0 and keep_zero else mark,
            resampling=Resampling.nearest if nearest else Resampling.bilinear,
        ) as warped:  # fmt: skip
            return read_window(warped, path, Window(0, 0, nx, ny)).astype(np.float32)
