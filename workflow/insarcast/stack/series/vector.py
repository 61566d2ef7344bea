"""Shapefiles, GeoPackages and other layers: a feature per point, a field per date."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from insarcast.core import InsarcastError, parse_date

from .columns import POINT, find_columns
from .dates import order_dates
from .table import Notes, Table

SUFFIXES = (".shp", ".gpkg", ".geojson", ".fgb")


def read_layer(path: Path, settings: Mapping[str, Any], number: int, notes: Notes) -> Table:
    """Read a layer of points; x and y are its geometry's, in its CRS.

    Args:
        path: the file.
        settings: the study's ``series``.
        number: position of the file in the manifest.
        notes: where ignored fields and odd dates are listed.

    Raises:
        InsarcastError: the file cannot be read, holds several layers, no points, or no field that is a date or one that is no number.
    """
    frame = _open(path)
    geometry = frame.geometry
    kinds = sorted(set(geometry.geom_type.dropna()) - {"Point", "MultiPoint"})
    if kinds:
        raise InsarcastError(f"{path} holds {kinds[0]}s, but a ready series is a layer of points; give the layer of the points.")
    names = [str(name) for name in frame.columns if name != geometry.name]
    dates = {name: day for name in names if (day := parse_date(name))}
    if not dates:
        raise InsarcastError(
            f"{path} has no field named by a date (20180131, D20180131); it has {', '.join(names[:8])}; name its fields so."
        )
    found = find_columns(names, settings["columns"], str(path))
    known = {thing: (names[at], sign) for thing, (at, sign) in found.items() if thing in POINT and names[at] not in dates}
    known = {thing: column for thing, column in known.items() if thing not in ("x", "y") or settings["columns"][thing]}
    used = {name for name, _ in known.values()} | set(dates)
    notes.drop("column", "neither a date nor anything that is used", [name for name in names if name not in used])
    values = np.stack([_numbers(frame, name, path) for name in dates]).astype("float32")
    if settings["nodata"] is not None:
        values[values == np.float32(settings["nodata"])] = np.nan
    columns: dict[str, NDArray[Any]] = {
        thing: _numbers(frame, name, path) * sign for thing, (name, sign) in known.items() if thing != "id"
    }
    ids = frame[known["id"][0]] if "id" in known else range(1, len(frame) + 1)
    columns["id"] = np.array([str(one) for one in ids], object)
    place = geometry.centroid if (geometry.geom_type == "MultiPoint").any() else geometry
    columns = {"x": place.x.to_numpy("float64"), "y": place.y.to_numpy("float64")} | columns
    values, days = order_dates(values, list(dates.values()), str(path), notes)
    return Table(values, days, columns, np.full(len(frame), number, "int16"), frame.crs.to_string() if frame.crs else None)


def _open(path: Path) -> Any:
    """The only layer of a file."""
    import warnings

    import geopandas
    import pyogrio

    try:
        layers = [name for name, kind in pyogrio.list_layers(path) if kind]
        if len(layers) != 1:
            raise InsarcastError(
                f"{path} holds {len(layers)} layers of places ({', '.join(map(str, layers[:5]))}); export the one with the series."
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of GDAL, on fields that are not read
            frame = geopandas.read_file(path, layer=layers[0])
    except pyogrio.errors.DataSourceError as error:
        raise InsarcastError(
            f"{path} cannot be read ({str(error).splitlines()[0][:160].rstrip('.')}); a shapefile needs its .dbf and .shx beside it."
        ) from None
    if not len(frame):
        raise InsarcastError(f"{path} holds no points; give the layer with the series.")
    return frame


def _numbers(frame: Any, name: str, path: Path) -> NDArray[Any]:
    """A field as numbers."""
    import pandas as pd

    numbers = pd.to_numeric(frame[name], errors="coerce").to_numpy("float64")
    bad = np.flatnonzero(np.isnan(numbers) & frame[name].notna().to_numpy())
    if bad.size:
        cell = str(frame[name].iloc[bad[0]])[:40]
        raise InsarcastError(
            f"{path}, feature {bad[0] + 1}, field '{name}': '{cell}' is no number; correct it or leave it empty."
        )
    return np.asarray(numbers)
