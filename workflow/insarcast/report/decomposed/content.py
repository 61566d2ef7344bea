"""What the page says of vertical and east-west motion."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..checks.gnss_tables import gnss_table, stations_table
from ..writing.facts import Facts, read_figures
from ..writing.tables import PLACE, Cell, Column, Table, dropped_table, headline_cells
from . import sentences
from .numbers import Decomposed, read_decomposed

NAME = "decomposed"


@dataclass(frozen=True)
class DecomposedContent:
    """Vertical and east-west motion on the page; every text is plain and is escaped by the template.

    Attributes:
        name: what its figures and tables are called after.
        folder: where its files lie, seen from the page.
        answer: what moves most.
        evidence: how it agrees with GNSS; empty where the study names none.
        made: how it was made.
        figures: id -> image and facts.
        places: the places that move fastest.
        gnss, stations: comparisons and stations.
        dropped: what was left out of the comparison.
        maps: names of the files for a GIS.
        headline: the numbers of the first section.
    """

    name: str
    folder: str
    answer: list[str]
    evidence: list[str]
    made: list[str]
    figures: dict[str, tuple[Path, Facts]]
    places: Table
    gnss: Table
    stations: Table
    dropped: Table
    maps: list[str]
    headline: list[dict[str, Cell]]

    @property
    def tables(self) -> list[Table]:
        """All tables that are written as csv."""
        return [self.places, *(table for table in (self.gnss, self.stations, self.dropped) if table.rows)]


def gather_decomposed(
    stores: Sequence[Path], figures: Sequence[Path], gnss: Sequence[Path], maps: Sequence[Path]
) -> DecomposedContent | None:
    """Read what a study's decomposition left; None where it has none.

    Args:
        stores: ``decomposed.zarr`` and ``decomposed.json``.
        figures: its figures and their JSON.
        gnss: ``decomposed_gnss.json``, where the study names GNSS.
        maps: the folder of its maps.
    """
    if not stores:
        return None
    [store], [record] = ([path for path in stores if path.suffix == ending] for ending in (".zarr", ".json"))
    found, said = read_decomposed(store), json.loads(record.read_text(encoding="utf-8"))
    compared: dict[str, Any] = {"comparisons": [], "skipped": [], "table": []}
    evidence = []
    for path in gnss:
        compared = json.loads(path.read_text(encoding="utf-8"))
        evidence = [sentences.gnss(compared["comparisons"], compared["skipped"], compared["sentence"])]
    return DecomposedContent(
        name=NAME,
        folder="..",
        answer=[line for line in (*sentences.fastest(found), sentences.relative(said)) if line],
        evidence=evidence,
        made=[str(line) for line in said["sentences"]],
        figures=read_figures(figures),
        places=_places(found),
        gnss=gnss_table(NAME, compared["comparisons"]),
        stations=stations_table(NAME, compared.get("table", [])),
        dropped=dropped_table(NAME, compared["skipped"]),
        maps=sorted(path.name for folder in maps for path in folder.iterdir() if path.suffix in (".tif", ".gpkg")),
        headline=_headline(found),
    )


def _places(found: Decomposed) -> Table:
    """The places that move fastest vertically."""
    columns = [
        Column("rank", "#", 0),
        *PLACE,
        Column("vertical", "Vertical [mm/yr]", 1),
        Column("vertical_sigma", "± 1σ", 1),
        Column("east", "East [mm/yr]", 1),
        Column("east_sigma", "± 1σ", 1),
    ]
    rows: list[dict[str, Cell]] = []
    for rank, at in enumerate(found.best(), 1):
        lon, lat = found.place(at)
        row: dict[str, Cell] = {"rank": rank, "lat": lat, "lon": lon}
        for name in ("vertical", "east"):
            row |= {name: float(found.velocity[name].ravel()[at]), f"{name}_sigma": float(found.sigma[name].ravel()[at])}
        rows.append(row)
    return Table(
        f"{NAME}_places", "Places that move fastest vertically, apart from each other; up and east are positive.", columns, rows
    )


def _headline(found: Decomposed) -> list[dict[str, Cell]]:
    """Every number of the first section, as it was measured."""
    rows: list[tuple[str, Cell, str]] = [("places", int(found.used.sum()), "1")]
    for name, at in (found.fastest or {}).items():
        lon, lat = found.place(at)
        rows += [
            (f"fastest_{name}", float(found.velocity[name].ravel()[at]), "mm/yr"),
            (f"fastest_{name}_sigma", float(found.sigma[name].ravel()[at]), "mm/yr"),
            (f"fastest_{name}_lat", lat, "degree"),
            (f"fastest_{name}_lon", lon, "degree"),
        ]
    rows += [("faster_than", found.edge, "mm/yr"), ("faster_share", found.share, "1")]
    return headline_cells(NAME, rows)
