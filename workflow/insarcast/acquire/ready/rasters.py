"""The rasters source: a ready displacement series as GeoTIFFs, one per date or with a band per date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from insarcast.core import InsarcastError, line_of_sight

from ..found import Found
from ..interferograms.tags import agreed, read_tags
from ..patterns import days_of, example, find, places_of
from ..select import Skipped, select_dates
from .bands import Bands, settle_meaning
from .raster_places import Place, RasterPlaces

_LEAST_DATES = 3


def find_rasters(folder: Path, products: dict[str, Any], series: dict[str, Any]) -> Found:
    """Find the displacement of each date by the names of files or the descriptions of bands.

    One file per date is what MintPy (``save_gdal``), LiCSBAS, PyRate (``tscuml_<date>.tif``) and dolphin (``<first>_<date>.tif``) write;
    a file with a band per date is common in GIS. Displacement is cumulative: that of every date is relative to one and the same.

    Args:
        folder: holds the files.
        products: the study's ``products``: dem, los, incidence, heading, wavelength, start, end, exclude, bad_file.
        series: the study's ``series``: files, sign, units, nodata, first, layers.

    Raises:
        InsarcastError: a name fits nothing, a file has no date or is broken, units or sign are not what the study says, there is no line of
            sight, or there are fewer than three dates.
    """
    _refuse(products)
    stack = RasterPlaces(folder, products)
    for name in series["files"]:
        stack.add(name)
    stack.begin(series["first"])
    wanted, left_out = select_dates(list(stack.places), products)
    skipped = stack.skipped + left_out
    if len(wanted) < _LEAST_DATES:
        raise InsarcastError(
            f"{folder} holds {len(wanted)} dates that fit series.files, but a time series needs at least {_LEAST_DATES}; "
            f"{_because(skipped)}add dates, or widen products.start, end and exclude."
        )
    places = [stack.places[date] for date in wanted]
    files = list(dict.fromkeys(place[0] for place in places if place))
    bands = [stack.bands[path] for path in files]
    meaning = settle_meaning(bands, series)
    static = _static(folder, products, series)
    conventions = (
        _conventions(products, bands)
        | meaning
        | {
            "nodata": series["nodata"],
            "bands": [place and [files.index(place[0]), place[1]] for place in places],
            "product": "a series of GeoTIFFs",
        }
    )
    if pattern := series["layers"]["sigma"]:
        static["sigma"], conventions["sigma_bands"] = _sigma(folder, pattern, wanted, places)
    return Found(
        [],
        static={"series": [str(path) for path in files]} | static,
        conventions=conventions,
        skipped=skipped,
        dates=wanted,
    )


def _refuse(products: Mapping[str, Any]) -> None:
    instead = {"unwrapped": "series.files", "coherence": "series.layers.coherence", "baselines": "nothing; it is not needed"}
    for key, other in instead.items():
        if products[key] is not None:
            raise InsarcastError(f"products.{key} is for interferograms; source rasters has {other} instead, so remove the key.")


def _static(folder: Path, products: Mapping[str, Any], series: Mapping[str, Any]) -> dict[str, list[str]]:
    """Layers that do not change in time; each must open."""
    named = {"products.dem": products["dem"]}
    named |= {f"products.los.{name}": file for name, file in (products["los"] or {}).items()}
    named |= {f"series.layers.{name}": file for name, file in series["layers"].items() if name != "sigma"}
    static = {}
    for key, file in named.items():
        if file is None:
            continue
        path = folder / file
        if not path.is_file():
            raise InsarcastError(f"There is no file {path}; {key} names it.")
        read_tags(path)
        name = key.rpartition(".")[2]
        static[f"los_{name}" if key.startswith("products.los") else name] = [str(path)]
    return static


def _conventions(products: Mapping[str, Any], bands: Sequence[Bands]) -> dict[str, Any]:
    """Wavelength and line of sight: from the study, else from the tags."""
    tags = [one.tags for one in bands]
    incidence, heading, wavelength = (agreed(name, products[name], tags) for name in ("incidence", "heading", "wavelength"))
    los = None
    if products["los"] is None:
        lacking = [f"products.{name}" for name, value in (("incidence", incidence), ("heading", heading)) if value is None]
        if incidence is None or heading is None:
            raise InsarcastError(
                f"The line of sight is not known: {' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not set and not in the "
                "files' tags; set incidence and heading (degrees), or products.los."
            )
        los = list(line_of_sight(incidence, heading))
    return {"wavelength": wavelength, "incidence": incidence, "heading": heading, "los": los}


def _sigma(
    folder: Path, pattern: str, dates: Sequence[str], places: Sequence[Place | None]
) -> tuple[list[str], list[list[int] | None]]:
    """Files of the standard deviation, and file and band of each date; a date that all begin on needs none."""
    files = find(folder, pattern)
    if not files:
        raise InsarcastError(f"No file in {folder} fits '{pattern}' of series.layers.sigma; {example(folder)}.")
    for path in files:
        read_tags(path)
    if not places_of(pattern):
        if len(files) > 1:
            raise InsarcastError(
                f"{len(files)} files in {folder} fit '{pattern}' of series.layers.sigma; name one, or give {{date}} for one per date."
            )
        return [str(files[0])], [[0, 1] for _ in dates]
    by_date: dict[str, int] = {}
    for number, path in enumerate(files):
        if days := days_of(folder, path, pattern):
            by_date.setdefault(days.get("date") or days.get("date2") or "", number)
    lacking = [date for date, place in zip(dates, places, strict=True) if place and date not in by_date]
    if lacking:
        raise InsarcastError(
            f"No file in {folder} fits '{pattern}' of series.layers.sigma for {', '.join(lacking[:5])}{' ...' if len(lacking) > 5 else ''}; "
            "add it, or remove the key."
        )
    return [str(path) for path in files], [[by_date[date], 1] if date in by_date else None for date in dates]


def _because(skipped: Sequence[Skipped]) -> str:
    return f"{len(skipped)} were left out, {skipped[0]['name']} because {skipped[0]['reason'].rstrip('.')}; " if skipped else ""
