"""Displacement as GeoTIFFs: one file per date, or a band per date."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from affine import Affine
from products import NORTH, PIXEL, WEST

Array = npt.NDArray[Any]

ANGLES = {"incidence": 39.7, "heading": -12.27}


def write_bands(
    path: Path,
    values: Array,
    *,
    corner: tuple[int, int] = (0, 0),
    crs: str = "EPSG:4326",
    nodata: float | None = np.nan,
    names: Sequence[str] = (),
    units: str | None = None,
    band_tags: Sequence[dict[str, str]] = (),
    profile: dict[str, Any] | None = None,
    **tags: str,
) -> Path:
    """Write (y, x) or (band, y, x) on the grid of the tests, its first pixel at row and column ``corner``."""
    bands = values if values.ndim == 3 else values[None]
    path.parent.mkdir(parents=True, exist_ok=True)
    transform = Affine(PIXEL, 0, WEST, 0, -PIXEL, NORTH) @ Affine.translation(corner[1], corner[0])
    own = {"driver": "GTiff", "dtype": bands.dtype, "height": bands.shape[1], "width": bands.shape[2], "count": len(bands)}
    own |= {"crs": crs, "transform": transform, "nodata": nodata} | (profile or {})
    with rasterio.open(path, "w", **own) as file:
        file.write(bands)
        file.update_tags(**tags)
        for number, name in enumerate(names, 1):
            file.set_band_description(number, name)
        for number, own_tags in enumerate(band_tags, 1):
            file.update_tags(number, **own_tags)
        if units:
            file.units = [units] * len(bands)
    return path


def write_dates(folder: Path, dates: Sequence[str], values: Array, name: str = "disp_{}.tif", **options: Any) -> None:
    """Write one file per date."""
    for date, layer in zip(dates, values.astype(np.float32), strict=True):
        write_bands(folder / name.format(date), layer, **options)
