"""Tables of scores: by model, lead time, velocity class and cluster, and how alike the maps are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from ..writing import words
from ..writing.tables import Cell, Column, Table, cells
from . import scoring
from .choice_words import choice_note

LEAD = (Column("model", "Model"), Column("horizon", "Lead [steps]", 0), Column("lead_days", "Lead [days]", 0))
NOISE = (
    " Noise: standard deviation, at most, of the observed change (two dates) by the formal errors of the inversion, without the "
    "atmosphere; the noise of one date with its atmosphere is another number."
)
ERRORS = (
    Column("n", "n", 0),
    Column("mae", "MAE [mm]", 1),
    Column("rmse", "RMSE [mm]", 1),
    Column("bias", "Bias [mm]", 1),
    Column("skill", "Skill", 2),
    Column("n_interval", "n intervals", 0),
)


def rows_by_lead(
    columns: Sequence[Column], items: Iterable[Mapping[Any, Any]], days: Mapping[int, float]
) -> list[dict[str, Cell]]:
    """Rows of a table that begins with LEAD: each item with its model in words and its lead time in days."""
    named = ((item, {"model": words.model(str(item["model"])), "lead_days": days.get(int(item["horizon"]))}) for item in items)
    return [cells(columns, item) | more for item, more in named]


def scores_table(table: pd.DataFrame, days: Mapping[int, float], velocity_class: str, name: str) -> Table:
    """Scores of every model by lead time, persistence first, the automatic choice last."""
    columns = [*LEAD, *ERRORS]
    columns += [
        Column(key, f"Within {level} % [%]", 1, 100)
        for level in scoring.levels(table)
        if (key := scoring.column(table, "coverage", level))
    ]
    columns += [
        Column(key, f"Width {level} % [mm]", 0)
        for level in scoring.levels(table)
        if (key := scoring.column(table, "width", level))
    ]
    if "noise" in table:
        columns.append(Column("noise", "Noise [mm]", 1))
    rows = rows_by_lead(columns, scoring.overall(table, velocity_class).to_dict("records"), days)
    which = "all pixels" if velocity_class == scoring.ALL else f"velocity {velocity_class} mm/yr"
    title = (
        f"Scores over all test origins, {which}; persistence first, the automatic choice last.{NOISE if 'noise' in table else ''}"
    )
    return Table(name, title, columns, rows)


def totals_table(cube: str, table: pd.DataFrame) -> Table:
    """Scores over all lead times, persistence first, the automatic choice last."""
    rows = [_total_row(item) for item in scoring.totals(table)]
    note = choice_note(scoring.model_order(table))
    title = f"Scores of the models over all lead times and test origins; persistence first.{note}"
    return Table(f"{cube}_models", title, _total_columns(table), rows)


def clusters_table(cube: str, table: pd.DataFrame) -> Table:
    """The same by cluster."""
    columns = [Column("cluster", "Cluster"), *_total_columns(table)]
    rows = [
        {"cluster": name, **_total_row(item)} for name in scoring.cluster_order(table) for item in scoring.totals(table, name)
    ]
    title = "Scores by cluster over all lead times and test origins; persistence first. Cluster 1 moves away fastest."
    return Table(f"{cube}_clusters", title, columns, rows)


def _total_columns(table: pd.DataFrame) -> list[Column]:
    top = scoring.levels(table)[-1:] or [0]
    return [
        LEAD[0],
        *ERRORS,
        Column("coverage", f"Within {top[0]} % [%]", 1, 100),
    ]


def _total_row(item: scoring.Total) -> dict[str, Cell]:
    return asdict(item) | {"model": words.model(item.model)}


def likeness_table(cube: str, table: pd.DataFrame, days: Mapping[int, float]) -> Table:
    """How alike forecast and observed maps are, by lead time, persistence first, the automatic choice last."""
    columns = [
        *LEAD,
        Column("n", "n", 0),
        Column("improved", "Improved [%]", 0, 100),
        Column("tied", "Tied [%]", 0, 100),
        Column("correlation", "Correlation", 2),
        Column("ssim_increment", "SSIM of change", 2),
        Column("ms_ssim_increment", "MS-SSIM of change", 2),
        Column("ssim", "SSIM of total", 2),
        Column("ms_ssim", "MS-SSIM of total", 2),
    ]
    rows = rows_by_lead(columns, table.to_dict("records"), days)
    notes = [str(note) for note in dict.fromkeys(table["note"]) if note]
    title = (
        "How alike forecast and observed maps are over all test origins; persistence first. Improved: share of the values with a smaller "
        "error than persistence. SSIM, MS-SSIM: structural similarity of the maps of change and of the total displacement, 1 at best; "
        "that of the total is high for any forecast, since most of it is already observed."
    )
    title = " ".join([title, *notes])
    return Table(f"{cube}_likeness", title, columns, rows)
