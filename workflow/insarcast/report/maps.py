"""Maps to open in a GIS: cloud-optimised GeoTIFFs, each with a QGIS style of the same name, so that no legend is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast.core import InsarcastError, open_cube

from . import words
from .frame import Frame, frame_of
from .look import one_digit, scale_map, signed_map, symmetric_limit
from .motion import fitted_layers
from .numbers import iso, used_only, used_pixels
from .outlook import chosen_store, outlooks
from .qml import palette_style, ramp_style

SIGN = "positive towards the satellite, along the line of sight"


@dataclass(frozen=True)
class Layer:
    """One map: file name without ending, values (y, x), unit, what it is, whether it has a sign, and what its ends are."""

    name: str
    values: NDArray[Any]
    unit: str
    description: str
    signed: bool
    ends: tuple[str, str] = ("away from the satellite (subsidence)", "towards (uplift)")


def write_maps(cube: Path, forecasts: Sequence[Path], choice: Path, maps: Path, colours: str, model: str | None) -> None:
    """Write velocity, its sigma, the last displacement, mask, and change and half-width of every horizon.

    Args:
        cube: the full cube.
        forecasts: calibrated forecasts, one store per model.
        choice: the newest choice of a model, whose forecast is written.
        maps: folder to write: ``<name>.tif`` (float32, NaN where not used; the mask is uint8) and ``<name>.qml``.
        colours: which end of the bar is red (``report.colours``).
        model: the model to write instead (``report.model``), or None.

    Raises:
        InsarcastError: the cube has no CRS, or no such model.
    """
    data = open_cube(cube)
    if data.rio.crs is None:
        raise InsarcastError(f"{cube} has no CRS, so its maps cannot be placed; give products with one.")
    maps.mkdir(parents=True)
    frame = frame_of(data)
    for layer in _layers(data, chosen_store(forecasts, choice, model)):
        _write(maps, layer, frame, data, colours)
    _write_mask(maps, frame, data)


def _layers(data: xr.Dataset, store: xr.Dataset) -> list[Layer]:
    dates = iso(data.time.values)
    found = [Layer("velocity", used_only(data, data.velocity), "mm/yr", f"velocity {dates[0]} to {dates[-1]}, {SIGN}", True)]
    if "velocity_sigma" in data:
        sigma = used_only(data, data.velocity_sigma)
        found.append(Layer("velocity_sigma", sigma, "mm/yr", "standard deviation of the velocity", False))
    for name, label, kind in fitted_layers(data):
        unit = "m" if name == "dem_error" else "day" if kind == "cyclic" else "mm"
        ends = {"ends": ("", "")} if kind == "height" else {}
        found.append(Layer(name, used_only(data, data[name]), unit, label.split(" [")[0], kind in ("signed", "height"), **ends))
    last = used_only(data, data.displacement.isel(time=-1))
    found.append(Layer("displacement", last, "mm", f"displacement {dates[0]} to {dates[-1]}, {SIGN}", True))
    for outlook in outlooks(store, data):
        name = f"{words.model(outlook.model)}, {outlook.origin} to {outlook.target}"
        found.append(
            Layer(f"forecast_change_{outlook.steps:02d}", outlook.change, "mm", f"expected change by {name}, {SIGN}", True)
        )
        if outlook.half is not None:
            about = f"half-width of the {outlook.level} % interval of {name}"
            found.append(Layer(f"forecast_half_width_{outlook.steps:02d}", outlook.half, "mm", about, False))
    return found


def _write(folder: Path, layer: Layer, frame: Frame, data: xr.Dataset, colours: str) -> None:
    values = frame.up(layer.values).astype("float32")
    write_cog(folder / f"{layer.name}.tif", values, frame, np.nan, layer, data)
    if layer.signed:
        limit = symmetric_limit(values)
        text = ramp_style(signed_map(colours), -limit, limit, layer.unit, signed=any(layer.ends), ends=layer.ends)
    else:
        known = values[np.isfinite(values)]
        top = one_digit(float(np.percentile(known, 98))) if known.size else 1.0
        text = ramp_style(scale_map("batlow_r"), 0.0, top, layer.unit, signed=False)
    (folder / f"{layer.name}.qml").write_text(text, encoding="utf-8")


def _write_mask(folder: Path, frame: Frame, data: xr.Dataset) -> None:
    inverted = np.isfinite(data.velocity.values)
    values = frame.up(np.where(used_pixels(data), 1, np.where(inverted, 0, 255))).astype("uint8")
    layer = Layer("mask", values, "1", "1 = used, 0 = masked, 255 = not measured", False)
    write_cog(folder / "mask.tif", values, frame, 255, layer, data)
    (folder / "mask.qml").write_text(palette_style({0: ("#d55e00", "masked"), 1: ("#dfe8e4", "used")}), encoding="utf-8")


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
