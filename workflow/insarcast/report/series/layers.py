"""The points of a ready series for a GIS: a GeoPackage with a QGIS style of the same name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from insarcast.core import open_store, velocity_class, velocity_class_names

from ..drawing.colours import signed_map
from ..drawing.limits import symmetric_limit
from ..gis.geopackages import rounded, write_points_file
from ..gis.styles import point_style
from ..writing.sight import VERTICAL_ENDS
from .points.ahead import ahead, quoted_forecast, spread_out
from .points.numbers import Points, noise_of
from .sentences import along, positive


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
        maps: GeoPackage to write, layer ``points``; rates in mm/yr, changes in mm, positive towards the satellite (up where they are vertical).
        style: its QGIS style: colours by velocity.
        colours: which end of the bar is red (``report.colours``).
        model: the model to write (``report.model``), or None: the automatic choice.
        velocity_classes: edges of the classes of absolute velocity, mm/yr.
    """
    points, store, _ = quoted_forecast(series, calibrated, auto, scores, model)
    table = _table(points, store, clusters, velocity_classes)
    limit = symmetric_limit(points.velocity)
    there = "lon" in points.cube.coords
    lon, lat = (points.cube.lon.values, points.cube.lat.values) if there else (None, None)
    about = f"Velocity and expected change of each point {along(points)}, positive {positive(points)}"
    ends = (VERTICAL_ENDS,) if points.vertical else ()
    write_points_file(table, lon, lat, maps, about)
    style.write_text(point_style("velocity_mm_yr", signed_map(colours), limit, "mm/yr", *ends), encoding="utf-8")


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
