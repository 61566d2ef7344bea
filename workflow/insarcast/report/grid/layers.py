"""Maps to open in a GIS: cloud-optimised GeoTIFFs, each with a QGIS style of the same name, so that no legend is lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from insarcast.core import InsarcastError, open_cube

from ..displacement.fitted import fitted_layers
from ..displacement.numbers import iso, used_only, used_pixels
from ..drawing.colours import signed_map
from ..drawing.frame import Frame, frame_of
from ..forecast.outlook import outlooks
from ..gis.cogs import Layer, write_cog, write_layer
from ..gis.styles import palette_style
from ..scores.verdict import chosen_store
from ..writing import words

SIGN = "positive towards the satellite, along the line of sight"


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
        write_layer(maps, layer, frame, data, signed_map(colours))
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


def _write_mask(folder: Path, frame: Frame, data: xr.Dataset) -> None:
    inverted = np.isfinite(data.velocity.values)
    values = frame.up(np.where(used_pixels(data), 1, np.where(inverted, 0, 255))).astype("uint8")
    layer = Layer("mask", values, "1", "1 = used, 0 = masked, 255 = not measured", False)
    write_cog(folder / "mask.tif", values, frame, 255, layer, data)
    (folder / "mask.qml").write_text(palette_style({0: ("#d55e00", "masked"), 1: ("#dfe8e4", "used")}), encoding="utf-8")
