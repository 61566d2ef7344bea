"""One layer of a simulated product as GeoTIFF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..scene.site import Lattice

Window = tuple[slice, slice]


def whole(lattice: Lattice) -> Window:
    """The window that is the whole lattice."""
    return slice(0, lattice.ny), slice(0, lattice.nx)


def write_layer(path: Path, values: npt.NDArray[Any], lattice: Lattice, window: Window, nodata: float | None = None) -> None:
    """Write a part of a layer, at its place.

    Args:
        path: GeoTIFF to write.
        values: the part, (rows, columns) of the window.
        lattice: the scene's lattice.
        window: rows and columns of the lattice that the part covers.
        nodata: value that means nothing was measured, or None.
    """
    import rasterio

    west = lattice.west + lattice.pixel * window[1].start
    north = lattice.north - lattice.pixel * window[0].start
    profile: dict[str, Any] = {
        "driver": "GTiff",
        "count": 1,
        "dtype": values.dtype.name,
        "height": values.shape[0],
        "width": values.shape[1],
        "crs": f"EPSG:{lattice.epsg}",
        "transform": (lattice.pixel, 0.0, west, 0.0, -lattice.pixel, north),
        "nodata": nodata,
        "compress": "deflate",
        "zlevel": 1,
    }
    if min(values.shape) >= 512:  # windows of a large scene are read without its full width
        profile |= {"tiled": True, "blockxsize": 256, "blockysize": 256}
    with rasterio.open(path, "w", **profile) as file:
        file.write(values, 1)


def as_phase(phase: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Phase with 0 where there is none, as processors write it."""
    return np.nan_to_num(phase, nan=0.0)
