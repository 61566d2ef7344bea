"""Tables of errors against a known truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..scores import scoring
from ..scores.tables import LEAD, rows_by_lead
from ..writing import words
from ..writing.tables import Cell, Column, Table, cells


def truth_table(cube: str, rows: pd.DataFrame) -> Table:
    """Errors of displacement and velocity against the truth of a simulated scene."""
    against = {"deformation": "deformation", "visible": "deformation and atmosphere"}
    columns = [
        Column("quantity", "Quantity"),
        Column("kind", "Ground"),
        Column("against", "Against"),
        Column("n", "Pixels", 0),
        Column("mae", "MAE", 1),
        Column("rmse", "RMSE", 1),
        Column("bias", "Bias", 1),
        Column("unit", "Unit"),
    ]
    table: list[dict[str, Cell]] = []
    for item in rows.to_dict("records"):
        row = cells(columns, item)
        row["kind"] = words.plain(str(item["kind"]))
        row["against"] = against.get(str(item["against"]), str(item["against"]))
        table.append(row | {"unit": "mm/yr" if item["quantity"] == "velocity" else "mm"})
    return Table(
        f"{cube}_truth",
        "Displacement and velocity of the used pixels against the simulated truth; bias is ours minus it.",
        columns,
        table,
    )


def truth_forecasts_table(cube: str, items: Sequence[Mapping[str, Any]], days: Mapping[int, float]) -> Table:
    """Errors of the forecasts against the truth beside those against the observation, persistence first."""
    columns = [
        *LEAD,
        Column("n", "n", 0),
        Column("mae_ground", "MAE, ground [mm]", 1),
        Column("mae_truth", "MAE, true change [mm]", 1),
        Column("mae_observed", "MAE, observed change [mm]", 1),
        Column("skill_ground", "Skill, ground", 2),
        Column("skill_truth", "Skill, true change", 2),
        Column("skill_observed", "Skill, observed", 2),
        Column("coverage90_ground", "Ground within 90 % [%]", 0, 100),
        Column("coverage90_observed", "Observed within 90 % [%]", 0, 100),
    ]
    order = {name: at for at, name in enumerate(dict.fromkeys(str(item["model"]) for item in items))}
    ranked = sorted(
        items, key=lambda item: (item["model"] != scoring.BASELINE, item["model"] == scoring.CHOSEN, order[str(item["model"])])
    )
    rows = rows_by_lead(columns, ranked, days)
    title = (
        "Forecasts against the simulated truth and against the noisy observation; persistence first. Ground: the last observed "
        "displacement plus the forecast change, against where the ground then is; the true change alone favours forecasts that keep "
        "the noise of the last date."
    )
    return Table(f"{cube}_truth_forecasts", title, columns, rows)
