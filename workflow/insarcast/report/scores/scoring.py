"""Reading the table of scores: one order of models, sums over horizons, lead times."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

BASELINE = "persistence"
CHOSEN = "chosen"  # the automatic choice: at each origin the model with the best past skill
ALL = "all"
NOTHING = "No forecast could be scored: no later acquisition is observed without a bridged step."
UNASKED = "No forecast could be scored: no test was asked for (forecast.origins is 0)."
Leads = dict[int, float]  # horizon in acquisition steps -> mean lead time in days


@dataclass(frozen=True)
class Total:
    """Scores of a model over all horizons and test origins: mm, and shares; None where not scored.

    ``n`` values have an error, ``n_interval`` of them an interval too.
    """

    model: str
    n: int
    n_interval: int
    mae: float
    rmse: float
    bias: float
    skill: float
    coverage: float | None


def read_scores(path: Path) -> pd.DataFrame:
    """Scores with text columns as text, horizons as numbers, and persistence first."""
    table = pd.read_parquet(path)
    if not len(table):
        table = pd.DataFrame(
            {
                name: []
                for name in ("model", "origin", "horizon", "velocity_class", "n", "mae", "rmse", "bias", "skill", "n_interval")
            }
        )
    if "cluster" not in table:
        table["cluster"] = ALL
    for name in ("model", "origin", "velocity_class", "cluster"):
        table[name] = table[name].astype(str)
    table = table[pd.to_numeric(table["horizon"], errors="coerce").notna()].copy()
    table["horizon"] = table["horizon"].astype(int)
    place = {name: at for at, name in enumerate(model_order(table))}
    return table.sort_values("model", key=lambda column: column.map(place), kind="stable").reset_index(drop=True)


def model_order(table: pd.DataFrame) -> list[str]:
    """Models as they come, persistence first, the automatic choice last."""
    return sorted(dict.fromkeys(table["model"]), key=lambda name: (name != BASELINE, name == CHOSEN))


def class_order(table: pd.DataFrame) -> list[str]:
    """Velocity classes as they come, without the one of all pixels."""
    return [name for name in dict.fromkeys(table["velocity_class"]) if name != ALL]


def cluster_order(table: pd.DataFrame) -> list[str]:
    """Clusters by their numbers, without the one of all pixels."""
    return sorted((name for name in dict.fromkeys(table["cluster"]) if name != ALL), key=lambda name: (len(name), name))


def overall(table: pd.DataFrame, velocity_class: str = ALL, cluster: str = ALL) -> pd.DataFrame:
    """Rows over all origins, of one velocity class and cluster, that hold any value: a line for each model and horizon."""
    rows = table[(table["origin"] == ALL) & (table["velocity_class"] == velocity_class) & (table["cluster"] == cluster)]
    return rows[(rows["n"] > 0) & rows["mae"].notna()]


def lead_days(store: xr.Dataset) -> Leads:
    """Mean lead time of each horizon in days over the origins that can be scored: all but the newest."""
    tested = store.isel(origin=slice(None, max(store.sizes["origin"] - 1, 1)))
    days = (tested.target_time - tested.origin) / np.timedelta64(1, "D")
    return {int(h): float(v) for h, v in zip(store.horizon.values, days.mean("origin").values, strict=True)}


def unscored(store: xr.Dataset) -> str:
    """Why there are no scores: a store of forecasts that start from the newest date alone was never to be tested."""
    return UNASKED if store.sizes["origin"] < 2 else NOTHING


def levels(table: pd.DataFrame) -> list[int]:
    """Nominal levels of the intervals that the table scores, %, ascending."""
    found = [re.fullmatch(r"coverage_?(\d+)", str(name)) for name in table.columns]
    return sorted(int(match[1]) for match in found if match)


def column(table: pd.DataFrame, kind: str, level: int) -> str | None:
    """Name of a column such as coverage90 or width90; None where the table has none."""
    return next((name for name in (f"{kind}{level}", f"{kind}_{level}") if name in table), None)


def totals(table: pd.DataFrame, cluster: str = ALL) -> list[Total]:
    """Scores of every model over all horizons, weighted by the number of values, coverage by those with an interval."""
    rows, found = overall(table, cluster=cluster), []
    top = levels(table)[-1:] or [0]
    name = column(table, "coverage", top[0])
    base = mean(rows[rows["model"] == BASELINE], "mae")
    for model in model_order(table):
        part = rows[rows["model"] == model]
        if not len(part):
            continue
        mae = mean(part, "mae")
        covered = mean(part, name, "n_interval") if name is not None and part[name].notna().any() else None
        skill = 1 - mae / base if base and np.isfinite(base) else np.nan
        rmse = float(np.sqrt(np.average(part["rmse"] ** 2, weights=part["n"])))
        n, intervals = int(part["n"].sum()), int(part["n_interval"].sum())
        found.append(Total(model, n, intervals, mae, rmse, mean(part, "bias"), skill, covered))
    return found


@dataclass(frozen=True)
class ClassScore:
    """Mean absolute errors in mm of one velocity class over all lead times: a model's, persistence's and the least of all."""

    label: str
    n: int
    own: float
    base: float
    best: str
    least: float


def by_class(table: pd.DataFrame, model: str) -> list[ClassScore]:
    """How a model fares in each velocity class, slowest first; empty for persistence and where one class is all there is."""
    found = []
    for label in class_order(table):
        rows = overall(table, label)
        errors = {name: mean(rows[rows["model"] == name], "mae") for name in model_order(rows)}
        if not {model, BASELINE} <= set(errors) or model == BASELINE:
            continue
        named = {name: error for name, error in errors.items() if name != CHOSEN}
        best = min(named, key=named.__getitem__)
        n = int(rows[rows["model"] == model]["n"].sum())
        found.append(ClassScore(label, n, errors[model], errors[BASELINE], best, named[best]))
    return found if len(found) > 1 else []


def mean(rows: pd.DataFrame, name: Any, weights: str = "n") -> float:
    """Mean of a column over pooled values: rows weigh by the number of values that the column is made of."""
    known = rows[rows[name].notna()] if name in rows else rows[:0]
    return float(np.average(known[name], weights=known[weights])) if len(known) else float("nan")


def noise_floor(table: pd.DataFrame) -> float | None:
    """Mean absolute size in mm of the noise of one date's truth, with the atmosphere where the table knows it.

    The table holds standard deviations; the mean absolute value of a normal error is sqrt(2 / pi) of its standard deviation.
    """
    rows = overall(table)
    name = next((name for name in ("noise_date", "noise") if name in rows and rows[name].notna().any()), None)
    return None if name is None else float(rows[name].median()) * math.sqrt(2 / math.pi)


def tested_origins(table: pd.DataFrame) -> list[str]:
    """Dates of the origins that were scored, ascending."""
    rows = table[(table["origin"] != ALL) & (table["n"] > 0)]
    return sorted(set(rows["origin"]))


def tested_steps(table: pd.DataFrame) -> int:
    """The longest horizon that was scored, in acquisition steps; 0 without any."""
    scored = table[table["n"] > 0]
    return int(scored["horizon"].max()) if len(scored) else 0


def scored_origins(table: pd.DataFrame) -> int:
    """How many origins were scored."""
    return len(tested_origins(table))
