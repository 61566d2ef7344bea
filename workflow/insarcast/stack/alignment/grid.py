"""The common grid, and files as layers on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from insarcast.core import InsarcastError

Array = npt.NDArray[np.float32]
Block = tuple[slice, slice]

_EDGE = 1e-6  # of a pixel: an area that ends at a pixel's edge does not touch the next


class BadFileError(InsarcastError):
    """A file that cannot be used, with the sentence that says why."""


class OtherLatticeError(BadFileError):
    """A file on another CRS, or between the pixels of the others: usable once it is resampled."""


class NothingHereError(InsarcastError):
    """A file that is in order, but has nothing inside the study's area."""


@dataclass(frozen=True)
class Grid:
    """A north-up lattice: CRS, pixel-corner transform, rows and columns."""

    crs: CRS
    transform: Affine
    ny: int
    nx: int

    @classmethod
    def of(cls, path: str) -> Grid:
        with open_raster(path) as file:
            if file.crs is None:
                raise BadFileError(f"{path} has no coordinate reference system; write one into it (gdal_edit.py -a_srs).")
            if file.transform.b or file.transform.d or file.transform.e >= 0:
                raise BadFileError(f"{path} is not north-up; warp it (gdalwarp) first.")
            return cls(file.crs, file.transform, file.height, file.width)

    def offset(self, other: Grid, path: str) -> tuple[int, int]:
        """Row and column of ``other``'s first pixel in this grid.

        Raises:
            OtherLatticeError: ``other`` has another CRS, or lies between this grid's pixels.
            BadFileError: its pixels are of another size.
        """
        if other.crs != self.crs:
            raise OtherLatticeError(
                f"{path} is on {crs_name(other.crs)}, the others are on {crs_name(self.crs)}; warp it to theirs (gdalwarp)."
            )
        size = (abs(other.transform.a / self.transform.a - 1), abs(other.transform.e / self.transform.e - 1))
        if max(size) * max(other.ny, other.nx) > 0.1:
            raise BadFileError(
                f"{path} has pixels of {other.transform.a:g} x {-other.transform.e:g}, the others {self.transform.a:g} x "
                f"{-self.transform.e:g}; resample it to theirs (gdalwarp -tr)."
            )
        col, row = ~self.transform @ (other.transform.c, other.transform.f)
        if max(abs(row - round(row)), abs(col - round(col))) > 0.1:
            raise OtherLatticeError(
                f"{path} lies between the pixels of the others by a part of a pixel; align it (gdalwarp -tap)."
            )
        return round(row), round(col)

    def part(self, block: Block) -> Grid:
        """The grid of a block's rows and columns; they may reach out of this one."""
        corner = self.transform @ Affine.translation(block[1].start, block[0].start)
        return Grid(self.crs, corner, block[0].stop - block[0].start, block[1].stop - block[1].start)

    def window(self, bounds: Sequence[float]) -> Block:
        """Rows and columns of the pixels that a box in degrees touches.

        Args:
            bounds: west, south, east and north in degrees; on a projected CRS all that its box covers, whose sides are curved there.

        Raises:
            InsarcastError: it touches none; the sentence says where both lie.
        """
        west, south, east, north = transform_bounds("EPSG:4326", self.crs, *bounds)
        left, top = ~self.transform @ (west, north)
        right, bottom = ~self.transform @ (east, south)
        rows = slice(max(math.floor(top + _EDGE), 0), min(math.ceil(bottom - _EDGE), self.ny))
        cols = slice(max(math.floor(left + _EDGE), 0), min(math.ceil(right - _EDGE), self.nx))
        if rows.stop <= rows.start or cols.stop <= cols.start:
            raise InsarcastError(
                f"area, {_degrees(bounds)}, lies outside of the products, which cover {_degrees(self.bounds)} (west, south, east, north "
                "in degrees); correct area, or take products that cover it."
            )
        return rows, cols

    def cut(self, bounds: Sequence[float]) -> Grid:
        """The part of the grid that a box in degrees touches, see :meth:`window`."""
        return self.part(self.window(bounds))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north in degrees of the box around the grid."""
        west, north = self.transform @ (0, 0)
        east, south = self.transform @ (self.nx, self.ny)
        found: tuple[float, float, float, float] = transform_bounds(self.crs, "EPSG:4326", west, south, east, north)
        return found

    @property
    def y(self) -> npt.NDArray[np.floating]:
        """Pixel centres from north to south."""
        return self.transform.f + self.transform.e * (np.arange(self.ny) + 0.5)

    @property
    def x(self) -> npt.NDArray[np.floating]:
        """Pixel centres from west to east."""
        return self.transform.c + self.transform.a * (np.arange(self.nx) + 0.5)


@dataclass(frozen=True)
class Layer:
    """A file and where its first pixel lies in the common grid.

    Attributes:
        path: the file.
        row: row of its first pixel.
        col: column of its first pixel.
        ny: its rows, 0 where nobody asks.
        nx: its columns, the same.
        share: whole numbers stand for shares of 255 (coherence).
        scale: what other values are divided by.
        top: its largest value, once it is known.
    """

    path: str
    row: int
    col: int
    ny: int = 0
    nx: int = 0
    share: bool = False
    scale: float = 1.0
    top: float = np.nan

    def moved(self, top: int, left: int) -> Layer:
        """The same file in a grid that begins ``top`` rows and ``left`` columns later."""
        return replace(self, row=self.row - top, col=self.col - left)

    def read(self, block: tuple[slice, slice], nodata: float | None, *, keep_zero: bool = False) -> Array:
        """The block of the common grid as float32, NaN where the file has nothing.

        Args:
            block: rows and columns of the common grid; may reach out of it.
            nodata: value that means nothing was measured, besides the file's own.
            keep_zero: leave 0 as it is even where it means nodata.
        """
        found: Array = self.read_bands(block, nodata, [1], keep_zero=keep_zero)[0]
        return found

    def read_bands(
        self, block: tuple[slice, slice], nodata: float | None, bands: Sequence[int], *, keep_zero: bool = False
    ) -> Array:
        """The same of several bands, (band, y, x), read together: a file may hold them pixel by pixel."""
        out = np.full((len(bands), block[0].stop - block[0].start, block[1].stop - block[1].start), np.nan, np.float32)
        with open_raster(self.path) as file:
            top, left = max(block[0].start - self.row, 0), max(block[1].start - self.col, 0)
            bottom, right = min(block[0].stop - self.row, file.height), min(block[1].stop - self.col, file.width)
            if bottom <= top or right <= left:
                return out
            data = read_window(file, self.path, Window(left, top, right - left, bottom - top), bands)
            marks = {file.nodata, nodata}  # the study's adds to the file's own
        values = data.astype(np.float32)
        if self.share and data.dtype.kind in "iu":
            values /= 255
        elif self.scale != 1:
            values /= np.float32(self.scale)
        values[~np.isfinite(values)] = np.nan
        for mark in marks:
            if mark is not None and np.isfinite(mark) and not (keep_zero and mark == 0):
                # A mark is compared as the file stores it: -3.4e38 rounds to float32, 0.5 fits no integer.
                values[data == (np.float32(mark) if data.dtype == np.float32 else mark)] = np.nan
        r, c = top + self.row - block[0].start, left + self.col - block[1].start
        out[:, r : r + values.shape[1], c : c + values.shape[2]] = values
        return out


def open_raster(path: str) -> Any:
    try:
        return rasterio.open(path)
    except rasterio.errors.RasterioIOError:
        if not Path(path).is_file():
            raise BadFileError(
                f"{path} is no longer there; bring it back, or delete the manifest so that it is found again."
            ) from None
        raise BadFileError(f"{path} is no raster that can be opened; fetch it again.") from None


def read_window(file: Any, path: str, window: Window, bands: int | Sequence[int] = 1) -> npt.NDArray[Any]:
    try:
        return np.asarray(file.read(bands, window=window))
    except rasterio.errors.RasterioError:
        raise BadFileError(f"{path} is broken or truncated: its pixels cannot be read; fetch it again.") from None


def _degrees(bounds: Sequence[float]) -> str:
    return f"[{', '.join(f'{number:.4f}' for number in bounds)}]"


def crs_name(crs: CRS) -> str:
    """What a sentence calls a CRS: its code where it has one."""
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else str(crs.to_string())[:60]
