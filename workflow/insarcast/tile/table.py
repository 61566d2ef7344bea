"""The table of tiles as a GeoPackage that QGIS opens and that has the same bytes each time."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast.core import TILE_LAYER, Tile


def write_tiles(tiles: Sequence[Tile], cube: xr.Dataset, path: Path) -> None:
    """Write tiles, each with the outline of its window in the cube's CRS.

    Args:
        tiles: in the order of their numbers.
        cube: dataset whose ``y`` and ``x`` are the pixel centres of the grid.
        path: GeoPackage to write, layer ``tiles``.
    """
    import geopandas
    import pyogrio
    from shapely import box

    y, x = pixel_edges(cube)
    outlines = [
        box(min(x[t.left], x[t.right]), min(y[t.top], y[t.bottom]), max(x[t.left], x[t.right]), max(y[t.top], y[t.bottom]))
        for t in tiles
    ]
    crs = cube.rio.crs.to_wkt() if cube.rio.crs is not None else None
    table = geopandas.GeoDataFrame([asdict(tile) for tile in tiles], geometry=outlines, crs=crs)
    about = "Windows that a model of grids sees, and the core of each that is its own (rows and columns, ends exclusive)"
    with _fixed_date(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'crs' was not provided")
        pyogrio.write_dataframe(
            table, path, layer=TILE_LAYER, driver="GPKG", layer_options={"IDENTIFIER": TILE_LAYER, "DESCRIPTION": about}
        )


def pixel_edges(cube: xr.Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Edges of the pixels along y ``(ny + 1,)`` and x ``(nx + 1,)``; an axis of one pixel has the other's pixel size."""
    centres = [cube[name].values.astype("float64") for name in ("y", "x")]
    steps = [(c[-1] - c[0]) / (len(c) - 1) if len(c) > 1 else np.nan for c in centres]
    known = next((abs(step) for step in steps if np.isfinite(step)), 1.0)
    down, right = (step if np.isfinite(step) else known * sign for step, sign in zip(steps, (-1, 1), strict=True))
    y, x = (c[0] + step * (np.arange(len(c) + 1) - 0.5) for c, step in zip(centres, (down, right), strict=True))
    return y, x


@contextmanager
def _fixed_date() -> Iterator[None]:
    """A GeoPackage says when it was last changed; the same tiles shall give the same bytes."""
    import pyogrio

    name = "OGR_CURRENT_DATE"
    before = pyogrio.get_gdal_config_option(name)
    pyogrio.set_gdal_config_options({name: "2000-01-01T00:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({name: before})
