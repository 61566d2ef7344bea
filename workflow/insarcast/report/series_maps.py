"""The points of a ready series for a GIS: a GeoPackage with a QGIS style of the same name."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
from matplotlib.colors import Colormap

from insarcast.core import open_store, velocity_class, velocity_class_names

from .look import signed_map, symmetric_limit
from .series_points import Points, ahead, noise_of, read_points, spread_out
from .series_scores import drawn_store, read_series_scores

LAYER = "points"
STEPS = 9


def write_points(
    series: Path,
    calibrated: Sequence[Path],
    auto: Sequence[Path],
    scores: Path,
    clusters: Sequence[Path],
    maps: Path,
    style: Path,
    colours: str,
    model: str | None,
    velocity_classes: Sequence[float],
) -> None:
    """Write one layer of points: velocity, expected change with its interval, class and cluster.

    Args:
        series: the point cube.
        calibrated: calibrated forecasts, one store per model.
        auto: ``auto.json``, or nothing where there is one model only.
        scores: table of scores.
        clusters: ``cluster/series.zarr``, or nothing.
        maps: GeoPackage to write, layer ``points``; rates in mm/yr, changes in mm, positive towards the satellite.
        style: its QGIS style: colours by velocity.
        colours: which end of the bar is red (``report.colours``).
        model: the model to write (``report.model``), or None: the automatic choice.
        velocity_classes: edges of the classes of absolute velocity, mm/yr.
    """
    points = read_points(series)
    found = read_series_scores([scores], auto, model)
    table = _table(points, drawn_store(calibrated, found.scored), clusters, velocity_classes)
    limit = symmetric_limit(points.velocity)
    there = "lon" in points.cube.coords
    lon, lat = (points.cube.lon.values, points.cube.lat.values) if there else (None, None)
    about = "Velocity and expected change of each point along the line of sight, positive towards the satellite"
    write_points_file(table, lon, lat, maps, about)
    style.write_text(point_style("velocity_mm_yr", signed_map(colours), limit, "mm/yr"), encoding="utf-8")


def _table(points: Points, store: Any, clusters: Sequence[Path], edges: Sequence[float]) -> dict[str, Any]:
    names = np.array([*velocity_class_names(edges), ""], object)
    last = ahead(store, points)
    columns: dict[str, Any] = {
        "pid": [points.name(at) for at in range(points.total)],
        "used": points.used,
        "velocity_mm_yr": rounded(points.velocity),
        "velocity_sigma_mm_yr": rounded(points.sigma),
        "velocity_class_mm_yr": names[velocity_class(points.velocity, edges)],
        "noise_mm": rounded(noise_of(points)),
    }
    for at, horizon in ((0, int(store.horizon.values[0])), (-1, int(store.horizon.values[-1]))):
        part = last if at else ahead(store, points, 0)
        tag = f"{horizon:02d}"
        columns |= {
            f"change_{tag}_mm": rounded(part.change),
            f"low_{tag}_mm": rounded(part.low),
            f"high_{tag}_mm": rounded(part.high),
        }
        columns[f"target_{tag}"] = part.target
    columns["model"] = str(store.attrs.get("model", ""))
    for path in clusters:
        groups = open_store(path)
        label = np.asarray(groups.label.values, float)
        label = spread_out(groups, label, points.total) if "index" in groups.variables else label
        columns["cluster"] = np.where(label >= 0, label + 1, 0).astype("int16")  # as the tables count; 0: in none
    return columns


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


def point_style(
    attribute: str,
    colours: Colormap,
    limit: float,
    unit: str,
    ends: tuple[str, str] = ("away from the satellite (subsidence)", "towards (uplift)"),
) -> str:
    """QGIS style of points: classes of a signed attribute over -limit..limit, the outermost ones open.

    Args:
        attribute: column that is shown.
        colours: colour map over the limits.
        limit: end of the colours in the column's unit.
        unit: unit, written behind the numbers.
        ends: what the ends of the colours are.
    """
    edges = np.linspace(-limit, limit, STEPS + 1)
    ranges, symbols = [], []
    for at in range(STEPS):
        low, high = float(edges[at]), float(edges[at + 1])
        label = f"{low:.3g} to {high:.3g} {unit}"
        label += f" or beyond: {ends[0]}" if at == 0 else f" or beyond: {ends[1]}" if at == STEPS - 1 else ""
        first, last = (-1e6 if at == 0 else low), (1e6 if at == STEPS - 1 else high)
        ranges.append(
            f'   <range lower="{first:.6g}" upper="{last:.6g}" symbol="{at}" label={quoteattr(label)} render="true"/>\n'
        )
        red, green, blue = (round(255 * part) for part in colours((at + 0.5) / STEPS)[:3])
        symbols.append(
            f'   <symbol type="marker" name="{at}" alpha="1" clip_to_extent="1"><layer class="SimpleMarker" enabled="1">'
            f'<Option type="Map"><Option type="QString" name="name" value="circle"/>'
            f'<Option type="QString" name="color" value="{red},{green},{blue},255"/>'
            f'<Option type="QString" name="outline_color" value="28,36,48,255"/><Option type="QString" name="outline_width" value="0.1"/>'
            f'<Option type="QString" name="size" value="2.2"/></Option></layer></symbol>\n'
        )
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis version=\"3.28.0\" styleCategories=\"Symbology\">\n"
        f' <renderer-v2 type="graduatedSymbol" attr={quoteattr(attribute)} graduatedMethod="GraduatedColor" enableorderby="0">\n  <ranges>\n'
        f"{''.join(ranges)}  </ranges>\n  <symbols>\n{''.join(symbols)}  </symbols>\n </renderer-v2>\n</qgis>\n"
    )
