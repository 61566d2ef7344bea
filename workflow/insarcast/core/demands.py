"""What no schema of single keys can say: keys that need or exclude each other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .errors import InsarcastError

# Sources of series that somebody else has inverted already: of points, and on a grid.
READY = ("egms", "points")
READY_GRIDS = ("mintpy", "licsbas", "opera", "rasters")
# Sources that fetch what they need where the study names no folder.
SERVICES = ("hyp3", "licsar")


def check_cube_keys(cube: Mapping[str, Any], where: str) -> None:
    """Raise an InsarcastError on the first keys of a cube that need or exclude each other.

    Args:
        cube: the cube's keys, defaults filled in.
        where: the study and the cube, for the sentence.
    """
    place, weights = cube["stack"]["reference"], cube["stack"]["inversion"]["weights"]
    if (place["lon"] is None) != (place["lat"] is None):
        raise InsarcastError(
            f"{where}: stack.reference has only one of lon and lat; give both, or neither to choose by evidence."
        )
    air = cube["stack"]["troposphere"]
    if (air["method"] == "none") != (air["folder"] is None) and not _fetches_delays(cube, where):
        missing = "folder" if air["folder"] is None else "method"
        raise InsarcastError(f"{where}: stack.troposphere has only one of method and folder; give {missing} too, or neither.")
    size, overlap = cube["tile"]["size"], cube["tile"]["overlap"]
    if overlap >= size:
        raise InsarcastError(f"{where}: tile.overlap is {overlap} pixels, but must be smaller than tile.size, {size}.")
    source, products = cube["source"], cube["products"]
    _check_dates(cube, where)
    if source in (*READY, *READY_GRIDS):
        _check_ready_products(products, source, where)
    for key in {"simulate": (), "geotiff": ("folder", "unwrapped")}.get(source, () if source in SERVICES else ("folder",)):
        if products[key] is None:
            raise InsarcastError(f"{where}: the key 'products.{key}' is missing; source {source} needs it.")
    if source in SERVICES and products["folder"] is None:
        _check_service(cube, source, where)
    if source in READY:
        _check_series(cube["series"], source, where)
    if source in READY_GRIDS:
        _check_grid_series(cube["series"], source, where)
    if weights == "coherence" and source == "geotiff" and cube["products"]["coherence"] is None:
        raise InsarcastError(
            f"{where}: stack.inversion.weights is 'coherence', but products.coherence names no files; set one of them."
        )


def check_study_keys(values: Mapping[str, Any], where: str) -> None:
    """Raise an InsarcastError on the first of a study's own keys that names a cube that is not there.

    Args:
        values: the study's keys, defaults filled in.
        where: the study, for the sentence.
    """
    for name in values["decompose"]["cubes"]:
        if name not in values["cubes"]:
            raise InsarcastError(
                f"{where}: decompose.cubes names '{name}', but the study has no such cube; it has {', '.join(values['cubes'])}."
            )


def _check_dates(cube: Mapping[str, Any], where: str) -> None:
    """The same, of dates: days of the calendar, the first not after the last."""
    products, series = cube["products"], cube["series"]
    given = {
        "products.start": products["start"],
        "products.end": products["end"],
        "products.exclude": [date for name in products["exclude"] for date in name.split("_")],
        "stack.velocity.steps": cube["stack"]["velocity"]["steps"],
        "forecast.origins": cube["forecast"]["origins"],
        "series.first": series["first"],
        "series.joins.dates": series["joins"]["dates"],
    }
    for key, value in given.items():
        for date in value if isinstance(value, list) else [value]:
            if isinstance(date, str) and not _is_date(date):
                raise InsarcastError(
                    f"{where}: {key} {'has' if isinstance(value, list) else 'is'} '{date}', which is no date; correct it."
                )
    start, end = products["start"], products["end"]
    if start and end and start.replace("-", "") > end.replace("-", ""):
        raise InsarcastError(f"{where}: products.start, {start}, is after products.end, {end}; swap them.")


def _check_service(cube: Mapping[str, Any], source: str, where: str) -> None:
    """The same, of a cube whose products are ordered or fetched."""
    named = {"hyp3": ("hyp3.bursts", cube["hyp3"]["bursts"]), "licsar": ("licsar.frame", cube["licsar"]["frame"])}[source]
    if cube["area"] is None and not named[1]:
        raise InsarcastError(
            f"{where}: source {source} needs 'products.folder', where products lie already, or 'area' (or '{named[0]}') to fetch them."
        )


def _fetches_delays(cube: Mapping[str, Any], where: str) -> bool:
    """Whether the delays that a cube asks for without a folder come with its LiCSAR frame."""
    air, fetched = cube["stack"]["troposphere"], cube["source"] == "licsar" and cube["products"]["folder"] is None
    if not fetched or air["method"] != "gacos" or air["folder"] is not None:
        return False
    if not cube["licsar"]["gacos"]:
        raise InsarcastError(
            f"{where}: stack.troposphere.method is gacos without a folder; set licsar.gacos: true, so that the delays are fetched "
            "with the frame, or name their folder."
        )
    return True


def _is_date(text: str) -> bool:
    try:
        return bool(datetime.strptime(text.replace("-", ""), "%Y%m%d"))
    except ValueError:
        return False


def _check_ready_products(products: Mapping[str, Any], source: str, where: str) -> None:
    """The same, of keys of interferograms that a ready series does not read: ignored in silence, a sign would turn subsidence into uplift."""
    points, own = source in READY, source in ("egms", "mintpy", "licsbas", "opera")
    instead = {
        "sign": f"{source} has its own, so remove it" if own else "set series.sign",
        "nodata": f"{source} has its own, so remove it" if source in READY_GRIDS and own else "set series.nodata",
        "other_grid": "remove it",
        "burst": "remove it",
    }
    wrong = ""
    if key := next((key for key in instead if products[key] is not None), None):
        wrong = f"products.{key} is for interferograms; {instead[key]}"
    elif products["components"] != "mask":
        wrong = "products.components is for interferograms; remove it"
    elif points and (key := next((key for key in ("incidence", "heading", "wavelength") if products[key] is not None), None)):
        columns = (
            "remove it" if key == "wavelength" else "series.columns names los_east, los_north and los_up where a table has them"
        )
        wrong = f"products.{key} is not read by source {source}; {columns}"
    elif source in ("licsbas", "opera") and (products["incidence"] is None) != (products["heading"] is None):
        wrong = "products has only one of incidence and heading; give both, or neither to use the product's own line of sight"
    elif products["los"] is not None and (
        key := next((key for key in ("incidence", "heading") if products[key] is not None), None)
    ):
        wrong = f"products.{key} is set beside products.los, which says where the satellite looks from; remove one of them"
    if wrong:
        raise InsarcastError(f"{where}: {wrong}.")


def _check_series(series: Mapping[str, Any], source: str, where: str) -> None:
    """The same, of a ready series."""
    columns, matrix, joins = series["columns"], series["layout"] == "matrix", series["joins"]
    wrong = ""
    if source == "points" and series["files"] is None:
        wrong = "the key 'series.files' is missing; source points needs the names of its tables"
    elif source == "egms" and (other := _other_than(series, units=None, sign=None, neighbours=None)):
        wrong = f"series.{other} is set, but EGMS has its own: mm, positive towards the satellite; remove the key, or use source points"
    elif source == "egms" and series["layout"] not in ("auto", "wide"):
        wrong = f"series.layout is '{series['layout']}', but a csv of EGMS is wide; remove the key, or use source points"
    elif matrix and (series["first"] is None or series["step"] is None):
        wrong = "series.layout is 'matrix', bare numbers without dates, so series.first and series.step must say when they were measured"
    elif not matrix and (series["first"] is not None or series["step"] is not None):
        wrong = "series.first and series.step are for the layout 'matrix'; other tables have dates of their own, so remove them"
    elif lone := next(
        (pair for pair in (("lon", "lat"), ("x", "y")) if (columns[pair[0]] is None) != (columns[pair[1]] is None)), None
    ):
        wrong = (
            f"series.columns names only one of {lone[0]} and {lone[1]}; name both, or neither to find them by their usual names"
        )
    elif layer := _named_layer(series):
        wrong = f"series.{layer} is for the source rasters, not for points; remove the key"
    elif series["decimal"] == series["delimiter"]:
        wrong = "series.decimal and series.delimiter are both ','; a comma cannot be both"
    elif source == "points" and series["units"] is None:
        wrong = "the key 'series.units' is missing; a table does not say the units of its displacement, so set mm, cm or m"
    elif joins["dates"] and not joins["detect"]:
        wrong = "series.joins.dates names joins, but series.joins.detect is false, so that none is used; remove one of them"
    if wrong:
        raise InsarcastError(f"{where}: {wrong}.")


def _check_grid_series(series: Mapping[str, Any], source: str, where: str) -> None:
    """The same, of a ready series on a grid."""
    wrong = ""
    if source == "rasters" and series["files"] is None:
        wrong = "the key 'series.files' is missing; source rasters needs the names of its GeoTIFFs, like disp_{date}.tif"
    elif source != "rasters" and (
        other := _other_than(series, units=None, sign=None, nodata=None, first=None) or _named_layer(series)
    ):
        wrong = f"series.{other} is set, but {source} has its own; remove the key, or use source rasters"
    elif other := _other_than(series, layout="auto", crs=None, delimiter=None, decimal=".", step=None, neighbours=None):
        wrong = f"series.{other} is for tables of points, not for source {source}; remove the key"
    if wrong:
        raise InsarcastError(f"{where}: {wrong}.")


def _named_layer(series: Mapping[str, Any]) -> str | None:
    """The first layer that has a file."""
    return next((f"layers.{name}" for name, file in series["layers"].items() if file is not None), None)


def _other_than(values: Mapping[str, Any], **usual: Any) -> str | None:
    """The first key that does not have its usual value."""
    return next((key for key, value in usual.items() if values[key] != value), None)
