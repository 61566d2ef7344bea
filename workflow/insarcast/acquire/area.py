"""The study's ``area``: a box in degrees, WKT, or a file of polygons."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from insarcast.core import InsarcastError, fingerprint

from .box import Bounds, box_fault, check_box, written
from .listing import locate

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

_WKT = re.compile(
    r"\s*(SRID\s*=\s*(?P<srid>\d+)\s*;\s*)?(MULTI)?(POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION)\b.*", re.IGNORECASE | re.DOTALL
)
_FOUR = re.compile(r"\s*\[?\s*-?[\d.]+(\s*[,\s]\s*-?[\d.]+){3}\s*\]?\s*")


def read_area(value: Any, data_root: str | None) -> BaseGeometry:
    """Read a study's ``area``.

    An area over the antimeridian is refused: products on either side of it are on other UTM zones, or on longitudes that differ by
    360 degrees, and one grid holds only one of them.

    Args:
        value: ``[west, south, east, north]`` in degrees, WKT in degrees, or a file of polygons (GeoJSON, GeoPackage, shapefile; on
            any CRS), absolute or under the data root.
        data_root: folder that relative names lie under, or None.

    Returns:
        Polygon or multipolygon in degrees of longitude and latitude (WGS 84); of several polygons their union.

    Raises:
        InsarcastError: it is none of them, lies nowhere on the Earth, or is larger than 20 degrees.
    """
    import shapely

    if isinstance(value, str):
        return _polygons(_read_text(value, data_root), f"area ('{_short(value)}')")
    return shapely.box(*check_box(value))


def area_bounds(value: Any, data_root: str | None) -> Bounds | None:
    """West, south, east and north of a study's ``area`` in degrees; None where there is none. A box needs no library.

    Raises:
        InsarcastError: as :func:`read_area` does.
    """
    if value is None:
        return None
    if isinstance(value, str):
        west, south, east, north = read_area(value, data_root).bounds
        return west, south, east, north
    return check_box(value)


def list_area(value: Any, data_root: str | None) -> str | None:
    """Fingerprint of name, size and time of change of the file that ``area`` names, so that a replaced one is noticed; else None."""
    name = area_name(value)
    place = locate(name, data_root) if name else None
    if place is None or not place.is_file():
        return None
    # A shapefile is several files, of which the one named may be the one that did not change.
    files = sorted(place.parent.glob(f"{place.stem}.*")) if place.suffix.lower() == ".shp" else [place]
    return fingerprint([(path.name, (state := path.stat()).st_size, state.st_mtime_ns) for path in files])


def area_name(value: Any) -> str | None:
    """The name of a file that ``area`` is, or None where it is a box or WKT."""
    is_name = isinstance(value, str) and value.strip() and not _WKT.fullmatch(value) and not _FOUR.fullmatch(value)
    return value if is_name else None


def _read_text(value: str, data_root: str | None) -> list[BaseGeometry]:
    """Geometries in degrees of a text: WKT or the name of a file."""
    import shapely

    if not value.strip():
        raise InsarcastError(
            "area is an empty text; give [west, south, east, north], a file of polygons, or WKT, or remove the key."
        )
    if _FOUR.fullmatch(value):
        raise InsarcastError(f"area is the text '{value}'; write the four numbers as a list: [west, south, east, north].")
    if match := _WKT.fullmatch(value):
        if match["srid"] not in (None, "4326"):
            raise InsarcastError(
                f"area is WKT with SRID={match['srid']}, but must be in degrees (4326); give a file with its CRS, or degrees."
            )
        try:
            return [shapely.from_wkt(value.split(";", 1)[-1])]
        except shapely.errors.ShapelyError as error:
            raise InsarcastError(
                f"area is no WKT that can be read ({_short(str(error))}): '{_short(value)}'; correct it."
            ) from None
    place = locate(value, data_root)
    if place is None:
        raise InsarcastError(
            f"area is '{value}', which lies under the data root, but no data root is set (config data_root or INSARCAST_DATA); "
            "set it, or give an absolute name, [west, south, east, north], or WKT."
        )
    if not place.is_file():
        under = "" if Path(value).expanduser().is_absolute() else f" under the data root {data_root}"
        raise InsarcastError(
            f"There is no file {value}{under}, which area names; correct it, or give [west, south, east, north] or WKT."
        )
    return _read_file(place)


def _read_file(path: Path) -> list[BaseGeometry]:
    """Geometries in degrees of a file with vectors."""
    import geopandas
    import pyogrio

    try:
        layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]  # others are tables, such as styles
        if len(layers) != 1:
            names = f"the layers {', '.join(layers)}, and area needs one" if layers else "no layer with polygons"
            raise InsarcastError(f"{path}, which area names, holds {names}; save the wanted polygons in a file of their own.")
        found = geopandas.read_file(path, layer=layers[0], columns=[])
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        raise InsarcastError(
            f"{path}, which area names, is no file of polygons that can be read ({_short(str(error))}); give GeoJSON, GeoPackage or "
            "a shapefile."
        ) from None
    if found.crs is None:
        raise InsarcastError(
            f"{path}, which area names, says no coordinate reference system; save it with one (a shapefile's .prj)."
        )
    return [shape for shape in found.to_crs(4326).geometry if shape is not None and not shape.is_empty]


def _polygons(shapes: list[BaseGeometry], where: str) -> BaseGeometry:
    """The union of polygons in degrees."""
    import shapely

    parts = [part for shape in shapes for part in _parts(shape) if not part.is_empty]
    if not parts:
        raise InsarcastError(f"{where} holds no polygon; draw one around the place.")
    other = next((part.geom_type for part in parts if part.geom_type != "Polygon"), None)
    if other:
        raise InsarcastError(f"{where} holds a {other}, but the place must be polygons; draw one around it (a buffer).")
    if not all(map(math.isfinite, shapely.total_bounds(parts))):
        raise InsarcastError(f"{where} has coordinates that are no place on the Earth; correct the file or its CRS.")
    # A self-intersecting ring, as drawn by hand, has no union; made valid it covers what it encloses.
    union = shapely.union_all([shapely.make_valid(shapely.force_2d(part)) for part in parts])
    kept = [part for part in _parts(union) if part.geom_type == "Polygon" and part.area > 0]
    if not kept:
        raise InsarcastError(f"{where} encloses nothing; draw a polygon around the place.")
    union = kept[0] if len(kept) == 1 else shapely.MultiPolygon(kept)
    west, south, east, north = union.bounds
    wrong = box_fault((west, south, east, north))
    if wrong:
        spans = f"its polygons span {written((west, south, east, north))}: {wrong}"
        over = " (polygons over the antimeridian are not supported: make a cube of each side)" if east - west > 180 else ""
        raise InsarcastError(f"{where}: {spans}; give degrees of longitude and latitude, in this order{over}.")
    return union


def _parts(shape: BaseGeometry) -> list[BaseGeometry]:
    """The simple geometries of one that may hold others."""
    inner = getattr(shape, "geoms", None)
    return [part for geometry in inner for part in _parts(geometry)] if inner is not None else [shape]


def _short(text: str) -> str:
    words = " ".join(text.split()).rstrip(".")
    return words if len(words) <= 60 else f"{words[:57]}..."
