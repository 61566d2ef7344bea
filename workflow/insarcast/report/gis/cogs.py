"""Cloud-optimised GeoTIFFs, each with its style."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.colors import Colormap
from numpy.typing import NDArray

from ..drawing.colours import scale_map
from ..drawing.frame import Frame
from ..drawing.limits import one_digit, symmetric_limit
from .styles import ramp_style


@dataclass(frozen=True)
class Layer:
    """One map: file name without ending, values (y, x), unit, what it is, whether it has a sign, and what its ends are."""

    name: str
    values: NDArray[Any]
    unit: str
    description: str
    signed: bool
    ends: tuple[str, str] = ("away from the satellite (subsidence)", "towards (uplift)")


def write_layer(folder: Path, layer: Layer, frame: Frame, data: xr.Dataset, colours: Colormap) -> None:
    """Write ``<name>.tif`` (float32, NaN where there is no value) and ``<name>.qml``; ``colours`` are those of a signed layer."""
    values = frame.up(layer.values).astype("float32")
    write_cog(folder / f"{layer.name}.tif", values, frame, np.nan, layer, data)
    if layer.signed:
        limit = symmetric_limit(values)
        style = ramp_style(colours, -limit, limit, layer.unit, signed=any(layer.ends), ends=layer.ends)
    else:
        known = values[np.isfinite(values)]
        top = one_digit(float(np.percentile(known, 98))) if known.size else 1.0
        style = ramp_style(scale_map("batlow_r"), 0.0, top, layer.unit, signed=False)
    (folder / f"{layer.name}.qml").write_text(style, encoding="utf-8")


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
