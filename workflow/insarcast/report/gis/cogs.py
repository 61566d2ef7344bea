"""Cloud-optimised GeoTIFFs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr
from numpy.typing import NDArray

from ..drawing.frame import Frame


@dataclass(frozen=True)
class Layer:
    """One map: file name without ending, values (y, x), unit, what it is, whether it has a sign, and what its ends are."""

    name: str
    values: NDArray[Any]
    unit: str
    description: str
    signed: bool
    ends: tuple[str, str] = ("away from the satellite (subsidence)", "towards (uplift)")


def write_cog(path: Path, values: NDArray[Any], frame: Frame, nodata: float, layer: Layer, data: xr.Dataset) -> None:
    """One band, tiled, with overviews where it is large; no time stamp."""
    import rasterio

    rows, columns = values.shape
    width, height = (frame.right - frame.left) / columns, (frame.top - frame.bottom) / rows
    transform = rasterio.Affine(width, 0, frame.left, 0, -height, frame.top)
    profile = {
        "driver": "COG", "height": rows, "width": columns, "count": 1, "dtype": values.dtype.name, "crs": data.rio.crs, "transform": transform,
        "nodata": nodata, "compress": "deflate", "resampling": "nearest", "overview_resampling": "nearest",
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        file.write(values, 1)
        file.set_band_description(1, layer.description)
        file.units = (layer.unit,)
        file.update_tags(
            DESCRIPTION=layer.description, UNIT=layer.unit, SOURCE=f"insarcast {data.attrs.get('insarcast_version', '')}".strip()
        )
