"""Whose forecast is drawn, and whose scores say how good it was on unseen values: two questions with two answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import xarray as xr

from insarcast.core import InsarcastError, open_store

from ..writing import words
from . import choice_words, scoring


def chosen_store(forecasts: Sequence[Path], choice: Path, model: str | None) -> xr.Dataset:
    """The calibrated forecast of the model to draw.

    Args:
        forecasts: calibrated forecasts, one store per model.
        choice: JSON of choose_model.
        model: the study's ``report.model``; None: the newest choice.

    Raises:
        InsarcastError: no store is that model's.
    """
    name = model or str(json.loads(choice.read_text(encoding="utf-8"))["model"])
    stores = {str(store.attrs.get("model")): store for store in map(open_store, forecasts)}
    if name in stores:
        return stores[name]
    if model:
        raise InsarcastError(f"report.model is '{model}', but the models of the cube are {', '.join(stores)}; name one of them.")
    raise InsarcastError(f"{choice} chooses the model '{name}', but there is no forecast of it; delete the file and run again.")


@dataclass(frozen=True)
class Verdict:
    """The answer to both.

    Attributes:
        drawn: registered name of the model whose outlook is drawn: what the study asks for, else the newest choice.
        scored: model of the table of scores that is quoted: what the study asks for, else ``chosen``, or the model that was
            chosen at every scored origin. The newest choice has seen the targets that are scored, so it is not asked.
        asked: whether the study names the model (``report.model``).
        newest: the newest automatic choice.
        why: what the stage that chose says about it.
        picks: (origin, model chosen there), scored origins only.
    """

    drawn: str
    scored: str
    asked: bool
    newest: str
    why: str
    picks: Sequence[tuple[str, str]]

    @property
    def who(self) -> str:
        """The scored model in words; that past skill chose it is said once, in the sentence on its error."""
        return "the automatic choice" if self.scored == scoring.CHOSEN else words.model(self.scored)

    def reasons(self) -> list[str]:
        """Why this model."""
        if self.asked:
            return [choice_words.asked(self.drawn, self.newest)]
        return [text for text in (choice_words.told(self.why, self.newest), choice_words.picks(self.picks)) if text]


def verdict_of(choice: Path, model: str | None, scores: pd.DataFrame) -> Verdict:
    """Read the choice.

    Args:
        choice: JSON of choose_model.
        model: the study's ``report.model``.
        scores: table of scores.
    """
    found = json.loads(choice.read_text(encoding="utf-8"))
    tested = scoring.tested_origins(scores)
    picks = [(str(item["origin"]), str(item["model"])) for item in found["by_origin"] if str(item["origin"]) in tested]
    names = {name for _, name in picks}
    newest = str(found["model"])
    scored = model or (names.pop() if len(names) == 1 else scoring.CHOSEN)
    return Verdict(model or newest, scored, model is not None, newest, str(found.get("sentence", "")), picks)
