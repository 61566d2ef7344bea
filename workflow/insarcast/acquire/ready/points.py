"""The points source: ready series of any processor, as text, shapefile or GeoPackage, or a bare matrix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from insarcast.core import InsarcastError

from ..found import Found, refuse_keys
from .tables import find_neighbours, find_tables, head_dates, is_vector, sidecars


def find_points(folder: Path, products: dict[str, Any], series: dict[str, Any]) -> Found:
    """Find the tables of a cube and look at the first lines of those that are text; the series are read later.

    Args:
        folder: holds the tables.
        products: the study's ``products``, defaults filled in.
        series: the study's ``series``: files, layout, neighbours, delimiter, sign, units.

    Raises:
        InsarcastError: a file is not there, or is no table.
    """
    refuse_keys(products, "points")
    paths = find_tables(folder, series["files"] or [])
    if series["layout"] == "matrix" and (layer := next(filter(is_vector, paths), None)):
        raise InsarcastError(f"series.layout is 'matrix', bare rows of numbers, but {layer} is a layer; remove the key.")
    static = {"series": [str(path) for path in paths], "sidecars": sidecars(paths)}
    return Found(
        [],
        static={name: files for name, files in static.items() if files} | find_neighbours(folder, series["neighbours"]),
        conventions={"sign": series["sign"] or "towards", "units": series["units"], "product": "ready series of points"},
        dates=head_dates(paths, series),
    )
