"""Reading the scores of a ready series: one row of a model, horizon and class; the noise floor; the automatic choice."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from insarcast.core import InsarcastError, open_store

from .models import AUTO, BASELINE, ordered

ALL = "all"
POOLED = 0  # the horizon that stands for all of them
CLASSES = ("velocity_class", "cluster", "noise_class")
NOTHING = "No forecast could be scored: no later date was observed without a release join between."


@dataclass(frozen=True, eq=False)
class Scores:
    """Everything that was scored of one cube.

    Attributes:
        table: scores, persistence first.
        significance: Diebold-Mariano tests, or an empty table.
        pit: shares of outcomes between quantiles, or an empty table.
        noise: what noise.json says.
        choice: what auto.json says.
        asked: the study's ``report.model``, or None.
    """

    table: pd.DataFrame
    significance: pd.DataFrame
    pit: pd.DataFrame
    noise: Mapping[str, Any]
    choice: Mapping[str, Any]
    asked: str | None
    models: list[str] = field(default_factory=list)

    @property
    def scored(self) -> str:
        """The model whose scores are quoted: the one asked for, else the automatic choice."""
        return self.asked or (AUTO if AUTO in self.models else BASELINE)

    @property
    def horizons(self) -> list[int]:
        """Horizons that were scored, ascending, without the pooled one."""
        rows = self.overall()
        return sorted({int(h) for h in rows.loc[rows["n"] > 0, "horizon"]} - {POOLED})

    def overall(self, **classes: str) -> pd.DataFrame:
        """Rows over all points, or of the classes named (velocity_class="below 2")."""
        keep = np.ones(len(self.table), bool)
        for name in CLASSES:
            keep &= self.table[name].to_numpy() == classes.get(name, ALL)
        return self.table[keep]

    def row(self, model: str, horizon: int, **classes: str) -> Any:
        """The one row of a model and horizon, or None where nothing was scored."""
        rows = self.overall(**classes)
        rows = rows[(rows["model"] == model) & (rows["horizon"] == horizon) & (rows["n"] > 0) & rows["mae"].notna()]
        return rows.iloc[0] if len(rows) else None

    def value(self, model: str, horizon: int, name: str, **classes: str) -> float | None:
        """One number, None where it is not known."""
        row = self.row(model, horizon, **classes)
        value = None if row is None or name not in row else row[name]
        return float(value) if value is not None and math.isfinite(float(value)) else None

    def labels(self, name: str) -> list[str]:
        """Classes of a kind as they come, without the one of all."""
        found = [str(value) for value in dict.fromkeys(self.table[name]) if value != ALL]
        return sorted(found, key=lambda text: (len(text), text)) if name == "cluster" else found

    def floor(self, horizon: int) -> float | None:
        """Mean absolute error in mm that a forecast of the signal itself would still have."""
        value = self.noise.get("floor_mae_mm", {}).get(str(horizon))
        return float(value) if value is not None else None

    def ceiling(self, horizon: int) -> float | None:
        """The skill that such a forecast would have."""
        floor, base = self.floor(horizon), self.value(BASELINE, horizon, "mae")
        return None if floor is None or not base else 1 - floor / base

    def against(self, model: str, horizon: int, other: str = BASELINE) -> Any:
        """The test of a model against another."""
        table = self.significance
        if not len(table):
            return None
        rows = table[(table["model"] == model) & (table["against"] == other) & (table["horizon"] == horizon)]
        return rows.iloc[0] if len(rows) else None

    def rival(self, horizon: int) -> str | None:
        """The best simple model that the tests of a lead time compare with, besides persistence."""
        table = self.significance
        if not len(table):
            return None
        names = table.loc[(table["horizon"] == horizon) & (table["model"] == self.scored), "against"]
        return next((str(name) for name in names if name != BASELINE), None)

    def chosen(self) -> dict[int, str]:
        """Which model the automatic choice is at each horizon."""
        return {int(h): str(name) for h, name in dict(self.choice.get("model", {})).items()}


def read_series_scores(evaluated: Sequence[Path], auto: Sequence[Path], asked: str | None) -> Scores:
    """Read the tables of one cube.

    Args:
        evaluated: ``series.parquet``, and ``significance.parquet``, ``pit.parquet``, ``noise.json`` where there are any.
        auto: ``auto.json``, or nothing where there was one model only.
        asked: the study's ``report.model``.

    Raises:
        InsarcastError: the study asks for a model that was not forecast.
    """
    files = {path.name: path for path in evaluated}
    table = pd.read_parquet(files["series.parquet"])
    for name in ("model", *CLASSES):
        table[name] = table[name].astype(str) if name in table else ALL
    table["horizon"] = table["horizon"].astype(int)
    models = ordered(list(table["model"]))
    place = {name: at for at, name in enumerate(models)}
    table = table.sort_values("model", key=lambda column: column.map(place), kind="stable").reset_index(drop=True)
    if asked and len(table) and asked not in place:
        raise InsarcastError(f"report.model is '{asked}', but the models of the cube are {', '.join(models)}; name one of them.")
    extra = {
        name: pd.read_parquet(files[f"{name}.parquet"]) if f"{name}.parquet" in files else pd.DataFrame()
        for name in ("significance", "pit")
    }
    noise = json.loads(files["noise.json"].read_text(encoding="utf-8")) if "noise.json" in files else {}
    choice = json.loads(auto[0].read_text(encoding="utf-8")) if auto else {}
    return Scores(table, extra["significance"], extra["pit"], noise, choice, asked, models)


def drawn_store(calibrated: Sequence[Path], name: str) -> xr.Dataset:
    """The calibrated forecast of a model, ``combine/series/<model>.zarr``.

    Raises:
        InsarcastError: there is none.
    """
    for path in calibrated:
        if path.stem == name:
            return open_store(path)
    raise InsarcastError(f"There is no forecast of '{name}' among {', '.join(path.stem for path in calibrated)}.")


def lead_days(store: xr.Dataset) -> dict[int, float]:
    """Mean lead time of each horizon in days over the test origins."""
    tested = store.isel(origin=slice(None, max(store.sizes["origin"] - 1, 1)))
    days = (tested.target_time - tested.origin) / np.timedelta64(1, "D")
    return {int(h): float(v) for h, v in zip(store.horizon.values, days.mean("origin").values, strict=True)}


def test_period(store: xr.Dataset) -> tuple[list[str], str]:
    """Dates of the test origins, ISO, and the date of the newest observation."""
    dates = [str(value)[:10] for value in store.origin.values]
    return dates[:-1], dates[-1]


def stars(p: float | None) -> str:
    """Significance as stars: *** below 0.001, ** below 0.01, * below 0.05."""
    if p is None or not math.isfinite(p):
        return ""
    return "***" if p < 0.001 else "**" if p < 0.01 else "*" if p < 0.05 else ""
