"""Where the points are: longitude and latitude, and metres in a projected CRS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from insarcast.core import InsarcastError

from .table import Notes, Table

EGMS_CRS = "EPSG:3035"  # of EGMS's easting and northing (ETRS89-LAEA)
_APART = 2000.0  # m between the two places of a table that cannot be rounding
Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Places:
    """Places of points.

    Attributes:
        lon: ``(point,)`` degrees east.
        lat: ``(point,)`` degrees north.
        x: ``(point,)`` easting in m.
        y: ``(point,)`` northing in m.
        crs: CRS of x and y, ``EPSG:32633``.
    """

    lon: Float
    lat: Float
    x: Float
    y: Float
    crs: str


def place_points(table: Table, crs: str | None, notes: Notes) -> tuple[Table, Places | None]:
    """Find the place of every point; points without one are left out and listed.

    Metres are the table's own where its CRS is projected in metres, else UTM in the zone of the points' median.

    Args:
        table: with lon and lat, or x and y, or neither.
        crs: CRS of x and y as the study says, or None.
        notes: where points without a place are listed.

    Returns:
        The points that have a place, and their places; all points and None where the table has no places at all.

    Raises:
        InsarcastError: x and y have no CRS, coordinates are out of range or contradict each other, or no CRS of that name exists.
    """
    own = crs or table.crs
    columns = table.columns
    lonlat, xy = {"lon", "lat"} <= set(columns), {"x", "y"} <= set(columns)
    if not lonlat and not (xy and own):
        if xy:
            raise InsarcastError(
                f"The table has x and y ({columns['x'][0]:.6g}, {columns['y'][0]:.6g}), but nothing says in which CRS; set series.crs, "
                "e.g. EPSG:32633, or name the columns of longitude and latitude in series.columns."
            )
        notes.warn("The points have no places: there are no maps and no spatial statistics of them.")
        return table, None
    if lonlat:
        table = _inside(table, "lon", "lat", notes)
        lon, lat = (np.asarray(table.columns[name], "float64") for name in ("lon", "lat"))
        if xy and own:
            _agree(table, own, lon, lat)
    else:
        table = _known(table, notes)
        lon, lat = transform(table.columns["x"], table.columns["y"], own, "EPSG:4326")
        if not (np.isfinite(lon) & np.isfinite(lat)).all() or (abs(lat) > 90).any():
            raise InsarcastError(
                f"x and y of the table ({table.columns['x'][0]:.6g}, {table.columns['y'][0]:.6g}) lie outside {own}; set series.crs to "
                "the CRS that they are in."
            )
    if xy and own and own != EGMS_CRS and _in_metres(own):
        x, y = (np.asarray(table.columns[name], "float64") for name in ("x", "y"))
        if np.isfinite(x + y).all():
            return table, Places(lon, lat, x, y, own)
    zone = utm(float(np.median(lon)), float(np.median(lat)))
    return table, Places(lon, lat, *transform(lon, lat, "EPSG:4326", zone), zone)


def check_europe(places: Places) -> None:
    """Refuse longitude and latitude of EGMS that would lie in its area if they were swapped, but do not.

    Raises:
        InsarcastError: they are swapped.
    """
    lon, lat = float(np.median(places.lon)), float(np.median(places.lat))
    if not _in_europe(lon, lat) and _in_europe(lat, lon):
        raise InsarcastError(
            f"The points lie at longitude {lon:.4g} and latitude {lat:.4g}, outside Europe, which is all that EGMS covers; they seem to "
            "be swapped, so name each in series.columns."
        )


def _in_europe(lon: float, lat: float) -> bool:
    return -35 < lon < 46 and 26 < lat < 73


def utm(lon: float, lat: float) -> str:
    """EPSG code of the UTM zone (WGS 84) of a place."""
    return f"EPSG:{326 if lat >= 0 else 327}{int((lon + 180) // 6) % 60 + 1:02d}"


def transform(x: Any, y: Any, source: str | None, target: str) -> tuple[Float, Float]:
    """Coordinates in another CRS, easting (longitude) first."""
    from pyproj import Transformer

    east, north = Transformer.from_crs(_crs(source), target, always_xy=True).transform(
        np.asarray(x, "float64"), np.asarray(y, "float64")
    )
    return np.asarray(east, "float64"), np.asarray(north, "float64")


def _crs(name: str | None) -> Any:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        return CRS.from_user_input(name)
    except CRSError:
        raise InsarcastError(f"series.crs is '{name}', but there is no such CRS; give a code like EPSG:32633.") from None


def _in_metres(name: str) -> bool:
    crs = _crs(name)
    return bool(crs.is_projected and all(axis.unit_name == "metre" for axis in crs.axis_info))


def _known(table: Table, notes: Notes) -> Table:
    known = np.isfinite(np.asarray(table.columns["x"], "float64") + np.asarray(table.columns["y"], "float64"))
    notes.drop("point", "has no place", table.columns["id"][~known])
    return table.take(known) if not known.all() else table


def _inside(table: Table, lon_name: str, lat_name: str, notes: Notes) -> Table:
    """Points whose longitude and latitude are those of a place on Earth.

    Raises:
        InsarcastError: those of most points are not.
    """
    lon, lat = (np.asarray(table.columns[name], "float64") for name in (lon_name, lat_name))
    known = np.isfinite(lon + lat)
    good = known & (abs(lon) <= 180) & (abs(lat) <= 90)
    if known.any() and good.sum() < 0.5 * known.sum():
        at = int(np.flatnonzero(known & ~good)[0])
        swapped = (abs(lat) <= 180).all() and (abs(lon) <= 90).all()
        hint = (
            "they seem to be swapped, so name each in series.columns"
            if swapped
            else "they look like metres, so name them in series.columns.x and y and give series.crs"
        )
        raise InsarcastError(
            f"Longitude {lon[at]:.6g} and latitude {lat[at]:.6g} of point {table.columns['id'][at]} are no place on Earth, and so are "
            f"those of most points; {hint}."
        )
    ids = table.columns["id"]
    notes.drop("point", "has no place", ids[~known])
    notes.drop("point", "its longitude or latitude is out of range", ids[known & ~good])
    return table.take(good) if not good.all() else table


def _agree(table: Table, own: str, lon: Float, lat: Float) -> None:
    """Longitude and latitude must be the place that x and y are.

    Raises:
        InsarcastError: they lie kilometres apart for most points.
    """
    x, y = transform(lon, lat, "EPSG:4326", own)
    apart = np.hypot(x - np.asarray(table.columns["x"], "float64"), y - np.asarray(table.columns["y"], "float64"))
    apart = apart[np.isfinite(apart) | np.isinf(apart)]
    if apart.size and np.median(apart) > (_APART if _in_metres(own) else 0.02):
        other_x, other_y = transform(lat, lon, "EPSG:4326", own)
        other = np.hypot(other_x - np.asarray(table.columns["x"]), other_y - np.asarray(table.columns["y"]))
        swapped = np.median(other) < np.median(apart) / 10
        hint = (
            "they seem to be swapped, so name each in series.columns"
            if swapped
            else f"see that x and y are in {own} (series.crs)"
        )
        raise InsarcastError(
            f"Longitude and latitude of point {table.columns['id'][0]} ({lon[0]:.5g}, {lat[0]:.5g}) and its x and y lie "
            f"{_distance(float(np.median(apart)))} apart, and so do those of most points; {hint}."
        )


def _distance(metres: float) -> str:
    return f"{metres / 1000:.0f} km" if np.isfinite(metres) else "a world"
