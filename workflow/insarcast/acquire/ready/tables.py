"""The files of a ready series: which there are, and whether they are tables at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from insarcast.core import InsarcastError, read_header

from ..patterns import example, find

VECTORS = (".shp", ".gpkg", ".geojson", ".fgb")


def is_vector(path: Path) -> bool:
    """Whether a file is a layer of a geographic information system rather than text."""
    return path.suffix.lower() in VECTORS


def find_tables(folder: Path, names: Sequence[str]) -> list[Path]:
    """Files below a folder that fit the names, each name at least one, in the order of their names.

    Raises:
        InsarcastError: a name fits nothing; the sentence says what is there instead.
    """
    found: list[Path] = []
    for name in names:
        fitting = find(folder, name)
        if not fitting:
            packed = sorted(folder.glob("*.zip"))
            held = f"there are packed files, for example {packed[0].name}: unpack them" if packed else example(folder)
            raise InsarcastError(f"No file in {folder} fits '{name}' of series.files; {held}.")
        found += [path for path in fitting if path not in found]
    return found


def find_one(folder: Path, names: Sequence[str], software: str) -> Path:
    """The one time series that the study names.

    Raises:
        InsarcastError: names fit none, or several.
    """
    paths = find_tables(folder, names)
    if len(paths) > 1:
        raise InsarcastError(
            f"series.files fits {paths[0].name} and {paths[1].name}, but a cube is one time series of {software}; name one."
        )
    return paths[0]


def sidecars(paths: Sequence[Path]) -> list[str]:
    """The files that belong to shapefiles: attributes, index, CRS, encoding."""
    parts = {path.with_suffix(end) for path in paths if path.suffix.lower() == ".shp" for end in (".dbf", ".shx", ".prj", ".cpg")}
    return sorted(str(path) for path in parts if path.is_file())


def find_neighbours(folder: Path, name: str | None) -> dict[str, list[str]]:
    """The file that says which points are neighbours, as a layer of the manifest; nothing where the study names none.

    Raises:
        InsarcastError: it is not there.
    """
    if name is None:
        return {}
    found = find(folder, name)
    if len(found) != 1:
        count = f"{len(found)} files" if found else "no file"
        raise InsarcastError(f"series.neighbours is '{name}', but {count} in {folder} fits it; name the one to use.")
    return {"neighbours": [str(found[0])]}


def head_dates(paths: Sequence[Path], series: Mapping[str, Any]) -> list[str]:
    """Dates ``yyyymmdd`` in the first lines of text tables, ascending; none where a table has them in rows or in a layer.

    Raises:
        InsarcastError: a table is empty or no text.
    """
    days: set[str] = set()
    for path in paths:
        if not is_vector(path):
            header = read_header(path, series["delimiter"])
            days |= set(header.dates.values()) if series["layout"] != "matrix" else set()
    return sorted(days)
