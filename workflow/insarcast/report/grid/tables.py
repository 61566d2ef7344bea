"""Tables of a grid: areas, speeds, scores by class, and everything that was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..displacement.numbers import CubeNumbers
from ..scores import scoring
from ..scores.tables import scores_table, totals_table
from ..writing import words
from ..writing.tables import PLACE, Cell, Column, Table
from .areas import Area


def areas_table(cube: str, areas: Sequence[Area], target: str | None, level: int) -> Table:
    """The fastest areas; rates and changes are positive towards the satellite."""
    columns = [
        Column("rank", "#", 0),
        *PLACE,
        Column("area_km2", "Area [km²]", 2),
        Column("fastest_mm_yr", "Fastest [mm/yr]", 0),
        Column("sigma_mm_yr", "± 1σ [mm/yr]", 0),
        Column("median_mm_yr", "Median [mm/yr]", 0),
        Column("total_mm", "So far [mm]", 0),
    ]
    if target is not None:
        columns.append(Column("change_mm", f"Further change by {target} [mm]", 0))
        columns.append(Column("interval", f"{level} % interval [mm]", right=True))
    more = "" if target is None else "; the further change is expected on top of what moved so far"
    rows: list[dict[str, Cell]] = []
    for rank, area in enumerate(areas, 1):
        interval = None
        if area.low is not None and area.high is not None:
            interval = f"{words.signed(area.low)} to {words.signed(area.high)}"
        rows.append(
            {
                "rank": rank, "lat": area.lat, "lon": area.lon, "area_km2": area.km2, "fastest_mm_yr": area.fastest, "sigma_mm_yr": area.sigma,
                "median_mm_yr": area.median, "total_mm": area.total, "change_mm": area.change, "interval": interval,
            }
        )  # fmt: skip
    return Table(
        f"{cube}_areas",
        f"Fastest areas; positive is towards the satellite, places are those of the fastest pixel{more}.",
        columns,
        rows,
    )


def speeds_table(cube: str, rows: Sequence[tuple[str, int, float, float]]) -> Table:
    """How much of the used area moves how fast."""
    columns = [
        Column("velocity", "Speed along the line of sight [mm/yr]"),
        Column("pixels", "Pixels", 0),
        Column("area_km2", "Area [km²]", 2),
        Column("share", "Share [%]", 0, 100),
    ]
    cells: list[dict[str, Cell]] = [
        {"velocity": name, "pixels": n, "area_km2": km2, "share": share} for name, n, km2, share in rows
    ]
    return Table(f"{cube}_speeds", "How much of the used area moves how fast, either way.", columns, cells)


def score_tables(name: str, scores: pd.DataFrame, days: Mapping[int, float]) -> list[Table]:
    """Tables of scores: over all lead times, by lead time, and the same of each velocity class."""
    tables = [totals_table(name, scores), scores_table(scores, days, scoring.ALL, f"{name}_scores")]
    for number, label in enumerate(scoring.class_order(scores), 1):
        tables.append(scores_table(scores, days, label, f"{name}_scores_class{number}"))
    return tables


def left_out(found: dict[str, Any], facts: CubeNumbers, gnss: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Pairs, dates, pixels by the mask's reasons, and GNSS stations that were left out."""
    rows = [dict(item) for item in found["dropped"]]
    told = any(item["what"] == "pixel" for item in rows)  # the inversion says itself why a pixel was not inverted
    masked = [item for item in facts.reasons if not (told and item[0] == "not_inverted")]
    rows += [{"what": "pixel", "name": "masked", "reason": words.reason(name), "count": number} for name, number in masked]
    for item in gnss["skipped"]:
        rows.append({"what": "gnss", "name": str(item), "reason": "", "count": None} if not isinstance(item, dict) else item)
    return rows
