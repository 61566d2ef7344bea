"""Numbers of a simulated scene's truth: errors by kind of ground and by model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..scores import scoring
from . import truth_words

OBSERVED = "observed"  # the row that holds the newest cube itself against the truth: no model
TOLD = ("stable", "bowl")  # kinds of ground that a sentence names


def read_truth(path: Path) -> pd.DataFrame:
    """The table of comparisons with the truth, text columns as text and horizons as numbers."""
    table = pd.read_parquet(path)
    for name in ("part", "quantity", "model", "origin", "velocity_class", "kind", "pixels", "completeness", "against"):
        table[name] = table[name].astype(str)
    table["horizon"] = table["horizon"].astype(int)
    return table


def cube_rows(table: pd.DataFrame, quantity: str = "displacement") -> pd.DataFrame:
    """Errors of the used pixels, whatever their gaps, by kind of ground."""
    rows = table[(table["part"] == "cube") & (table["quantity"] == quantity)]
    return rows[(rows["pixels"] == "used") & (rows["completeness"] == "all") & (rows["n"] > 0)]


def forecast_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Errors of the forecasts over all origins and velocity classes, persistence first, the automatic choice last."""
    rows = table[(table["part"] == "forecast") & (table["origin"] == scoring.ALL) & (table["velocity_class"] == scoring.ALL)]
    rows = rows[(rows["n"] > 0) & rows["mae"].notna()]
    place = {name: at for at, name in enumerate(scoring.model_order(rows))}
    return rows.sort_values(
        ["model", "horizon"], key=lambda column: column.map(place) if column.name == "model" else column, kind="stable"
    )


def by_kind(table: pd.DataFrame) -> dict[str, tuple[float | None, float | None, int]]:
    """Kind of ground -> rms in mm of the displacement against deformation and against what a radar sees, and pixels; all first."""
    rows, found = cube_rows(table), {}
    for kind in sorted(dict.fromkeys(rows["kind"]), key=lambda name: (name != scoring.ALL, name not in TOLD)):
        part = rows[rows["kind"] == kind]
        found[kind] = (_one(part, "deformation"), _one(part, "visible"), int(part["n"].max()))
    return found


def _one(rows: pd.DataFrame, against: str) -> float | None:
    known = rows[rows["against"] == against]["rmse"].dropna()
    return float(known.iloc[0]) if len(known) else None


def by_model(table: pd.DataFrame) -> dict[str, tuple[float | None, float | None]]:
    """Model -> mean absolute error in mm over all lead times: against where the ground then is, and against the observed change.

    The true change alone would be an unfair judge: a forecast that takes the atmosphere of the last date back is right about the
    place of the ground and wrong about its change.
    """
    rows, found = forecast_rows(table), {}
    for model in dict.fromkeys(rows["model"]):
        if model == OBSERVED:
            continue
        part = rows[rows["model"] == model]
        errors = [scoring.mean(part[part["against"] == name], "mae") for name in ("ground", "observed")]
        found[model] = (_known(errors[0]), _known(errors[1]))
    return found


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def cube_sentence(table: pd.DataFrame) -> str:
    """How far the displacement is from the truth."""
    kinds = by_kind(table)
    told = {name: kinds[name][0] for name in TOLD if name in kinds}
    deformation, visible, _ = kinds.get(scoring.ALL, (None, None, 0))
    return truth_words.cube({name: value for name, value in told.items() if value is not None}, deformation, visible)


def forecast_sentences(table: pd.DataFrame, model: str, who: str) -> list[str]:
    """What the truth says of the scored model, named ``who``."""
    errors = by_model(table)
    own, base = errors.get(model, (None, None)), errors.get(scoring.BASELINE, (None, None))
    skill = 1 - own[0] / base[0] if own[0] is not None and base[0] else None
    return [truth_words.forecast(who, *own, None if model == scoring.BASELINE else skill)]
