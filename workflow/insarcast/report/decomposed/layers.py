"""Vertical and east-west motion for a GIS: GeoTIFFs, or a GeoPackage of points, each with its QGIS style."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..drawing.limits import symmetric_limit
from ..gis.cogs import Layer, write_layer
from ..gis.geopackages import rounded, write_points_file
from ..gis.styles import point_style
from .maps import colours_of
from .numbers import Decomposed, read_decomposed
from .sentences import ENDS

_SIGNS = {"vertical": "up", "east": "east"}


def write_decomposed(decomposed: Path, maps: Path, colours: str) -> None:
    """Write velocities, their sigmas and the last displacements.

    Args:
        decomposed: what ``decompose_cubes`` left.
        maps: folder to write: ``<name>.tif`` (float32, NaN where not solved) and ``<name>.qml``; of points ``decomposed.gpkg`` and two
            styles, the one of the vertical under the file's own name.
        colours: which end of the bar of vertical motion is red (``report.colours``).
    """
    found = read_decomposed(decomposed)
    maps.mkdir(parents=True)
    if found.points:
        _write_points(found, maps, colours)
        return
    for name, layer in _layers(found):
        write_layer(maps, layer, found.frame, found.data, colours_of(name, colours))


def _layers(found: Decomposed) -> list[tuple[str, Layer]]:
    layers = []
    for name, sign in _SIGNS.items():
        about = f"{'vertical' if name == 'vertical' else 'east-west'} velocity, {sign} positive, northward motion neglected"
        layers.append((name, Layer(f"velocity_{name}", found.velocity[name], "mm/yr", about, True, ENDS[name])))
        layers.append(
            (name, Layer(f"velocity_{name}_sigma", found.sigma[name], "mm/yr", f"standard deviation of the {about}", False))
        )
        if found.dates:
            last = np.where(found.used, found.data[name].isel(time=-1).values.astype(float), np.nan)
            about = f"displacement {found.dates[0]} to {found.dates[-1]}, {sign} positive, northward motion neglected"
            layers.append((name, Layer(f"displacement_{name}", last, "mm", about, True, ENDS[name])))
    return layers


def _write_points(found: Decomposed, folder: Path, colours: str) -> None:
    columns: dict[str, Any] = {}
    for name in _SIGNS:
        columns[f"velocity_{name}_mm_yr"] = rounded(found.velocity[name])
        columns[f"velocity_{name}_sigma_mm_yr"] = rounded(found.sigma[name])
        if found.dates:
            columns[f"displacement_{name}_mm"] = rounded(found.data[name].isel(time=-1).values)
    about = "Vertical and east-west motion, up and east positive; northward motion is neglected"
    write_points_file(columns, found.data.lon.values, found.data.lat.values, folder / "decomposed.gpkg", about)
    for name in _SIGNS:
        limit = symmetric_limit(found.velocity[name])
        style = point_style(f"velocity_{name}_mm_yr", colours_of(name, colours), limit, "mm/yr", ENDS[name])
        (folder / ("decomposed.qml" if name == "vertical" else "decomposed_east.qml")).write_text(style, encoding="utf-8")
