"""Spatial statistics of points: what evaluate left, by lead time, and in a sentence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..writing import words
from .scores.models import AUTO

LAYERS = {"truth": "observed change", "prediction": "forecast change", "residual": "forecast minus observed"}
SURE = 0.05
NO_PLACES = "The cube has no coordinates: spatial statistics have no meaning."


def read_space(files: Sequence[Path], scored: str) -> tuple[pd.DataFrame, str]:
    """Spatial statistics of the truth and of one model, and the sentence that says why there are none.

    Where the quoted model has no rows, those of the automatic choice stand for it, else those of the model that comes first.
    """
    named = {path.name: path for path in files}
    table = pd.read_parquet(named["space.parquet"]) if "space.parquet" in named else pd.DataFrame()
    said = json.loads(named["space.json"].read_text(encoding="utf-8")) if "space.json" in named else {}
    why = " ".join(map(str, said.get("sentences", []))) or NO_PLACES
    if not len(table):
        return table, why
    table = table.assign(model=table["model"].astype(str), layer=table["layer"].astype(str))
    others = list(dict.fromkeys(table.loc[table["layer"] != "truth", "model"]))
    name = next((each for each in (scored, AUTO, *others) if each in others), scored)
    return table[(table["layer"] == "truth") | (table["model"] == name)], why


def moran_by_horizon(rows: pd.DataFrame, layer: str) -> pd.DataFrame:
    """Mean Moran's I over origins, and the share of origins where it is significant, by horizon."""
    part = rows[(rows["layer"] == layer) & rows["moran_i"].notna()]
    if layer == "truth":
        part = part.drop_duplicates(["origin", "horizon"])
    sure = part.assign(sure=part["moran_p"] < SURE)
    return sure.groupby("horizon").agg(i=("moran_i", "mean"), sure=("sure", "mean"), n=("sure", "size")).reset_index()


def space_sentence(rows: pd.DataFrame, why: str) -> str:
    """Whether errors of neighbours are alike."""
    if not len(rows):
        return why
    truth, rest = moran_by_horizon(rows, "truth"), moran_by_horizon(rows, "residual")
    if not len(truth) or not len(rest):
        return "Too few points have neighbours for spatial statistics."
    first, last = rest.iloc[0], rest.iloc[-1]
    kind = "are alike" if first["sure"] > 0.5 else "are hardly alike"
    more = f" and {words.number(float(last['i']), 2)} after {_dates(last)}" if len(rest) > 1 else ""
    return (
        f"Errors of neighbouring points {kind}: Moran's I of the residual is {words.number(float(first['i']), 2)} after {_dates(first)}{more} "
        f"({words.number(float(truth.iloc[0]['i']), 2)} for the observed change after {_dates(first)}); it is significant at "
        f"{words.percent(float(first['sure']))} of {words.count(int(first['n']), 'test date')}."
    )


def _dates(row: Any) -> str:
    return words.count(int(row["horizon"]), "date")
