"""Sentences on the choice of a model: whose scores are quoted, who chose it and when."""

from __future__ import annotations

from collections.abc import Sequence

from ..writing import words
from ..writing.words import day, listed


def who(name: str, chosen: bool) -> str:
    """A scored model in words, and whether past skill chose it; it ends in a comma where the sentence that goes on needs one."""
    if name == "chosen":
        return "the automatic choice (at each origin the model with the best past skill)"
    return f"{words.model(name)}, chosen by past skill," if chosen else words.model(name)


def told(why: str, name: str) -> str:
    """What the stage that chose says, with the model's name and the quotation marks of this page."""
    return why.replace(f" {name} ", f" {words.model(name)} ").replace('"nothing changes"', "“nothing changes”")


def asked(name: str, newest: str) -> str:
    """Why the study's own model is shown."""
    agreed = "so does the automatic choice" if name == newest else f"the automatic choice would be {words.model(newest)}"
    return f"The study asks for {words.model(name)} (report.model); {agreed}."


def picks(named: Sequence[tuple[str, str]]) -> str:
    """Which model was chosen at which scored origin; empty where it is one and the same."""
    models = list(dict.fromkeys(name for _, name in named))
    if len(models) < 2:
        return ""
    parts = [f"{words.model(name)} from {listed([day(date) for date, each in named if each == name])}" for name in models]
    return f"The automatic choice was {listed(parts)}; its scores are those of that model at each origin."


def choice_note(models: Sequence[str]) -> str:
    """What a figure's line or row of the automatic choice is, if it has one."""
    return " Automatic choice: at each origin the model with the best past skill." if "chosen" in models else ""
