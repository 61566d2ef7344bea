"""GeoPackages of points."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

LAYER = "points"


def rounded(values: Any) -> Any:
    """To 0.01 of the unit."""
    return np.round(np.asarray(values, float), 2)


def write_points_file(columns: dict[str, Any], lon: Any, lat: Any, path: Path, about: str) -> None:
    """Write points as a GeoPackage, layer ``points``; same points, same bytes.

    Args:
        columns: their attributes.
        lon: longitudes in degrees, or None where the points have no places.
        lat: latitudes, or None.
        path: file to write.
        about: what the layer is.
    """
    import geopandas
    import pyogrio

    there = lon is not None
    total = len(next(iter(columns.values())))
    shapes = geopandas.points_from_xy(lon, lat) if there else [None] * total
    table = geopandas.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4326" if there else None)
    with _fixed_date(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'crs' was not provided")
        pyogrio.write_dataframe(
            table,
            path,
            layer=LAYER,
            driver="GPKG",
            geometry_type="Point",
            layer_options={"IDENTIFIER": LAYER, "DESCRIPTION": about},
        )


@contextmanager
def _fixed_date() -> Iterator[None]:
    """A GeoPackage says when it was last changed; the same points shall give the same bytes."""
    import pyogrio

    name = "OGR_CURRENT_DATE"
    before = pyogrio.get_gdal_config_option(name)
    pyogrio.set_gdal_config_options({name: "2000-01-01T00:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({name: before})
