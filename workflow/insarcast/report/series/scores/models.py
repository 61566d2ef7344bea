"""The many models of a series in order and in families, and the few of them that a figure shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from insarcast.core import InsarcastError
from insarcast.models import model_entry

from ...drawing.colours import DASHES, INK, LINES, MARKERS
from ...writing import words

BASELINE, AUTO, STACKING = "persistence", "auto", "stacking"
SIMPLE = ("persistence", "drift", "window_mean", "linear", "trend", "linear_annual", "last_velocity", "ses", "theta")
# Parts of names of models that are learnt from the windows of all points; every other one is a law of time series.
_LEARNED = ("ridge", "mlr", "dlinear", "svr", "boosting", "rnn", "gru", "lstm", "hlstm", "gcn", "mlp", "transformer")
FAMILIES = ("simple", "statistical", "learned", "combined")


def family(name: str) -> str:
    """One of FAMILIES."""
    if name in (AUTO, STACKING):
        return "combined"
    if name in SIMPLE:
        return "simple"
    return "learned" if any(part in _LEARNED for part in name.split("_")) else "statistical"


def who(name: str) -> str:
    """A model in the midst of a sentence."""
    return "the automatic choice" if name == AUTO else words.model(name)


def label(name: str) -> str:
    """What a model is, in the registry's words, without its name before a comma; empty where nobody says."""
    if name == AUTO:
        return "at each lead time the model with the best past skill"
    if name == STACKING:
        return "weighted sum of the models, weights from the past"
    try:
        return model_entry(name).label.removeprefix(f"{words.model(name)}, ")
    except InsarcastError:
        return ""


def ordered(names: Sequence[str]) -> list[str]:
    """Persistence first, then by family, within a family as they come; stacking last."""
    unique = list(dict.fromkeys(names))
    return sorted(unique, key=lambda name: (name != BASELINE, FAMILIES.index(family(name)), name == STACKING))


@dataclass(frozen=True)
class Line:
    """A model that a figure shows, and how."""

    model: str
    name: str
    style: dict[str, object]


def shown(rows: pd.DataFrame, horizon: int, scored: str, most: int = 7) -> list[Line]:
    """The models of a figure: persistence, the best of each family, the scored model, stacking, then the next best.

    Args:
        rows: scores with columns model, horizon and skill, one row for each model and horizon.
        horizon: the lead time whose skill ranks them.
        scored: the model whose scores are quoted.
        most: lines at most.
    """
    part = rows[(rows["horizon"] == horizon) & rows["skill"].notna()]
    skill = {str(name): float(value) for name, value in zip(part["model"], part["skill"], strict=True)}
    ranked = sorted((name for name in skill if name != BASELINE), key=lambda name: -skill[name])
    wanted = [BASELINE, scored, AUTO, STACKING]
    wanted += [next((name for name in ranked if family(name) == kind), "") for kind in FAMILIES[:3]]
    chosen = [name for name in dict.fromkeys([*wanted, *ranked]) if name in skill or name == BASELINE][:most]
    found, at = [], 0
    for name in ordered(chosen):
        if name == BASELINE:
            style: dict[str, object] = {"color": INK, "linestyle": "-", "marker": "", "linewidth": 2.4}
        elif name == AUTO:
            style = {"color": INK, "linestyle": (0, (1, 1.4)), "marker": "", "linewidth": 2.8, "zorder": 4}
        else:
            style = {"color": LINES[at % 6], "linestyle": DASHES[at % 6], "marker": MARKERS[at % 6], "markersize": 4.5}
            at += 1
        found.append(Line(name, words.model(name), style))
    return found
