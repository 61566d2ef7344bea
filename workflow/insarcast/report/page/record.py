"""What the page records: the numbers of its first section, the study's settings, versions."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

from insarcast import __version__

from ..writing.tables import Cell, Column, Table


def headline_table(rows: Sequence[Mapping[str, Cell]]) -> Table:
    """The numbers of the first section."""
    columns = [Column("cube", "Cube"), Column("number", "Number"), Column("value", "Value", 2), Column("unit", "Unit")]
    return Table("headline", "The numbers of the first section.", columns, rows)


def settings_rows(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """A study's values as dotted keys and text, without title and summary."""
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            rows += settings_rows(value, f"{name}.")
        elif name not in ("title", "summary"):
            rows.append((name, _setting(value)))
    return rows


def _setting(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_setting, value)) or "none"
    return str(value) or "none"


LIBRARIES = (
    "numpy",
    "xarray",
    "zarr",
    "numba",
    "scipy",
    "pandas",
    "rasterio",
    "pyproj",
    "geopandas",
    "pyogrio",
    "matplotlib",
    "cmcrameri",
    "jinja2",
)


def versions() -> list[tuple[str, str]]:
    """Versions of what made the report, without the machine's own names."""
    found = [("insarcast", __version__), ("Python", platform.python_version())]
    for name in LIBRARIES:
        try:
            found.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return found
