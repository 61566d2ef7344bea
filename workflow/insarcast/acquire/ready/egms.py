"""The egms source: csv files of the European Ground Motion Service, one line of sight (levels 2a, 2b) or the vertical (level 3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from insarcast.core import Header, InsarcastError, read_header

from ..found import Found, refuse_keys
from .tables import find_tables

CREDIT = "Contains (modified) Copernicus European Ground Motion Service information; European Union's Copernicus Land Monitoring Service."
_LEAST_DATES = 3


def find_egms(folder: Path, products: dict[str, Any], series: dict[str, Any]) -> Found:
    """Find the csv files of a cube and look at their first lines; the series are read later.

    Displacements of EGMS are in mm and positive towards the satellite (level 3: upwards), see the service's product description
    and format specification.

    Args:
        folder: holds the unpacked csv files.
        products: the study's ``products``, defaults filled in.
        series: the study's ``series``: files, delimiter.

    Raises:
        InsarcastError: no csv, one without EGMS's columns, or horizontal motion of level 3.
    """
    refuse_keys(products, "egms")
    paths = find_tables(folder, series["files"] or ["*.csv"])
    kinds = {_kind(read_header(path, series["delimiter"])): path for path in paths}
    if len(kinds) > 1:
        names = " and ".join(f"{path.name} ({kind})" for kind, path in kinds.items())
        raise InsarcastError(
            f"{folder} holds {names}, which do not belong into one cube; give each a cube of its own by series.files."
        )
    return Found(
        [],
        static={"series": [str(path) for path in paths]},
        conventions={"sign": "towards", "units": "mm", "product": f"EGMS, {next(iter(kinds))}"},
        dates=sorted({day for path in paths for day in read_header(path, series["delimiter"]).dates.values()}),
        credits=[CREDIT],
    )


def _kind(header: Header) -> str:
    """What an EGMS table holds.

    Raises:
        InsarcastError: it is none, or the eastward motion.
    """
    names = {name.lower() for name in header.names}
    if "pid" not in names:
        raise InsarcastError(
            f"{header.path} has no column 'pid', so it is no csv of EGMS (its first column is '{header.names[0][:40]}'); use source "
            "points for other tables."
        )
    if len(header.dates) < _LEAST_DATES:
        raise InsarcastError(
            f"{header.path} has {len(header.dates)} columns that are named by a date (yyyymmdd), but a series needs at least "
            f"{_LEAST_DATES}; fetch the full csv of EGMS, with its displacements."
        )
    if not {"latitude", "longitude"} <= names and not {"easting", "northing"} <= names:
        raise InsarcastError(
            f"{header.path} has neither latitude and longitude nor easting and northing; EGMS's csv has them, so fetch it anew, or "
            "use source points."
        )
    if "EGMS_L3" in header.path.name.upper() or ("easting" in names and "latitude" not in names):
        if "_E_" in header.path.stem.upper() + "_":
            raise InsarcastError(
                f"{header.path} holds eastward motion (EGMS level 3, E), which is no subsidence; use the vertical (U) file of the "
                "tile, or level 2 of a track."
            )
        return "level 3 (vertical)"
    return "level 2 (line of sight)"
