"""Delay maps of GACOS on the cube's grid."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from affine import Affine
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from insarcast.core import InsarcastError

from ..alignment.grid import Grid, open_raster, read_window

Float = npt.NDArray[np.float64]
Block = tuple[slice, slice]


def read_gacos(paths: list[str], grid: Grid, block: Block, up: Float | None, wavelength: float) -> Float:
    """What the delay of one date adds to the displacement of a block.

    A slant delay (``sltd``, rad) of phi looks like motion away by ``wavelength / (4 pi) phi``; a zenith delay (``ztd``, m) of z like
    motion away by ``z / U``, U the upward component of the line of sight, the cosine of the incidence angle (Yu et al. 2018).

    Args:
        paths: ``<date>.sltd.geo.tif``, ``<date>.ztd.tif``, or ``<date>.ztd`` and ``<date>.ztd.rsc``.
        grid: the cube's grid; a map on another one is interpolated bilinearly.
        block: rows and columns.
        up: (y, x) U; a slant delay needs none.
        wavelength: m; NaN where it is not known.

    Returns:
        (y, x) mm, positive towards the satellite (more delay: more negative), NaN where the map has nothing (0 or NaN).

    Raises:
        InsarcastError: the file cannot be read, has no CRS, or U is needed and not known.
    """
    path = paths[0]
    if path.endswith(".ztd"):
        with _bare(Path(path), Path(paths[1]), grid, block) as file:
            delay = _warp(file, path, grid, block)
    else:
        with open_raster(path) as file:
            if file.crs is None:
                raise InsarcastError(f"{path} has no coordinate reference system; write one into it (gdal_edit.py -a_srs).")
            delay = _warp(file, path, grid, block)
    if ".sltd." in Path(path).name:
        if not np.isfinite(wavelength):
            raise InsarcastError(
                f"{path} is a slant delay in radians, but the wavelength of the displacement is not known; set products.wavelength (m)."
            )
        return -delay * wavelength / (4 * np.pi) * 1000
    if up is None:
        raise InsarcastError(
            f"{path} is a zenith delay, but the products tell no line of sight to slant it to; give products.incidence and heading."
        )
    return -delay / up * 1000


def _warp(file: Any, path: str, grid: Grid, block: Block) -> Float:
    ny, nx = block[0].stop - block[0].start, block[1].stop - block[1].start
    corner = grid.transform @ Affine.translation(block[1].start, block[0].start)
    with WarpedVRT(
        file, crs=grid.crs, transform=corner, height=ny, width=nx, src_nodata=0, nodata=np.nan, dtype="float32",
        resampling=Resampling.bilinear, tolerance=0.001,
    ) as warped:  # fmt: skip
        values = read_window(warped, path, Window(0, 0, nx, ny)).astype(np.float64)
    return np.where(np.isfinite(values), values, np.nan)


@contextmanager
def _bare(path: Path, header: Path, grid: Grid, block: Block) -> Iterator[Any]:
    """Bare little-endian float32 numbers with a ROI_PAC header as a raster: the part of them around a block."""
    from rasterio.warp import transform_bounds

    facts = dict(line.split()[:2] for line in header.read_text(encoding="utf-8").splitlines() if len(line.split()) > 1)
    try:
        shape = int(facts["FILE_LENGTH"]), int(facts["WIDTH"])
        left, top, dx, dy = (float(facts[key]) for key in ("X_FIRST", "Y_FIRST", "X_STEP", "Y_STEP"))
    except (KeyError, ValueError) as error:
        raise InsarcastError(f"{header} is no header of a GACOS delay ({error}); fetch it again.") from None
    if path.stat().st_size != 4 * shape[0] * shape[1]:
        raise InsarcastError(f"{path} does not hold the {shape[0]} x {shape[1]} numbers that {header.name} says; fetch it again.")
    whole = np.memmap(path, "<f4", "r", shape=shape)
    a, b = grid.transform @ (block[1].start, block[0].start), grid.transform @ (block[1].stop, block[0].stop)
    west, south, east, north = transform_bounds(grid.crs, "EPSG:4326", a[0], b[1], b[0], a[1])
    rows = [int(np.clip((north - top) / dy - 3, 0, shape[0] - 1)), int(np.clip((south - top) / dy + 4, 1, shape[0]))]
    cols = [int(np.clip((west - left) / dx - 3, 0, shape[1] - 1)), int(np.clip((east - left) / dx + 4, 1, shape[1]))]
    part = np.asarray(whole[slice(*rows), slice(*cols)])
    if not part.size:  # the block lies beside the map
        part = np.zeros((1, 1), np.float32)
    place = Affine(dx, 0, left + cols[0] * dx, 0, dy, top + rows[0] * dy)
    with MemoryFile() as memory:
        options = {"driver": "GTiff", "dtype": "float32", "count": 1, "crs": "EPSG:4326", "transform": place}
        with memory.open(height=part.shape[0], width=part.shape[1], **options) as file:
            file.write(part, 1)
        with memory.open() as file:
            yield file
