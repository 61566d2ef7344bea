"""Tables of interferograms, and of what was taken off each date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..writing import words
from ..writing.tables import Cell, Column, Table, cells


def pairs_table(cube: str, pairs: Sequence[Mapping[str, Any]]) -> Table:
    """The network, one row per interferogram."""
    columns = [
        Column("date1", "First date"),
        Column("date2", "Second date"),
        Column("days", "Days", 0),
        Column("baseline", "Baseline [m]", 0),
        Column("coverage", "Coverage [%]", 0, 100),
        Column("coherence", "Coherence", 2),
        Column("closure_rms", "Closure [rad]", 2),
        *([Column("sigma_mm", "Noise [mm]", 1)] if any(pair.get("sigma_mm") is not None for pair in pairs) else []),
        *([Column("n_corrected", "Corrected samples", 0)] if any(pair.get("n_corrected") for pair in pairs) else []),
        Column("use", "Used"),
    ]
    rows: list[dict[str, Cell]] = []
    for pair in pairs:
        row = cells(columns, pair)
        row |= {"date1": words.day(pair["date1"]), "date2": words.day(pair["date2"])}
        row["use"] = "yes" if pair["kept"] else f"no: {pair['reason']}"
        rows.append(row)
    return Table(f"{cube}_network", "Interferograms.", columns, rows)


def corrections_table(cube: str, record: Mapping[str, Any]) -> Table:
    """Numbers of each date: scatter before and after each step, and the delay with height."""
    columns, rows = [Column("date", "Date")], [{"date": words.day(date)} for date in record["dates"]]
    table: list[dict[str, Cell]] = [dict(row) for row in rows]
    for step in record["steps"]:
        for key, unit in (("std_before", "mm"), ("std_after", "mm"), ("mm_per_km", "mm/km"), ("share", "1")):
            values = step.get(key)
            if not isinstance(values, list) or len(values) != len(table):
                continue
            name = f"{step['step']}_{key}"
            columns.append(Column(name, f"{words.plain(name)} [{unit}]", 2))
            for row, value in zip(table, values, strict=True):
                row[name] = value
    return Table(
        f"{cube}_corrections", "What was taken off each date, and the scatter over the scene before and after.", columns, table
    )
