"""F7: skill by velocity and noise class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...drawing.canvas import canvas, keep, say
from ...drawing.colours import SOFT
from ...scores.card import draw_cell, frameless, short
from ...writing import words
from ...writing.facts import Facts
from .models import BASELINE, Line
from .reading import NOTHING, Scores


def card_columns(scores: Scores) -> list[tuple[str, str, int]]:
    """(kind, class, horizon) of the card: all points, velocity classes, noise classes; the first and the last horizon of each."""
    horizons = scores.horizons
    ends = sorted({horizons[0], horizons[-1]}) if horizons else []
    named = [("", "all")] + [(kind, label) for kind in ("velocity_class", "noise_class") for label in scores.labels(kind)]
    there = [(kind, label) for kind, label in named if any(scores.value(BASELINE, h, "mae", **_of(kind, label)) for h in ends)]
    kinds = [kind for kind, _ in there]
    filled = [(kind, label) for kind, label in there if not kind or kinds.count(kind) > 1]  # a single class is all points
    return [(kind, label, h) for kind, label in filled for h in ends]


def _of(kind: str, label: str) -> dict[str, str]:
    return {kind: label} if kind else {}


def draw_classes(scores: Scores, lines: Sequence[Line], days: Mapping[int, float], image: Path, text: Path) -> None:
    """Draw F7, models by rows and classes by columns, and write its facts."""
    columns = card_columns(scores)
    with canvas(1.75 + 0.36 * max(len(lines), 2)) as figure:
        if columns:
            _fill(figure.add_subplot(), scores, lines, columns, days)
        else:
            say(figure, NOTHING)
    facts = Facts(
        "F7",
        "Skill against persistence by how fast and how noisy the points are" if columns else NOTHING,
        "Table of models by class of velocity and of noise, at the first and the last lead time; the first row, persistence, holds its mean "
        "absolute error in mm, the others their skill in %.",
        "First row: mean absolute error of persistence in mm. Other rows: retrospective skill in %, blue better and red worse than "
        "persistence; a dot: its 90 % interval leaves out 0. Classes of absolute velocity in mm/yr and thirds of noise, both from dates "
        "before the first test origin; n is the number of values at the first lead time.",
        "mm and %",
        {"columns": [list(column) for column in columns]},
    )
    keep(figure, facts, image, text)


def _fill(
    axes: Any, scores: Scores, lines: Sequence[Line], columns: Sequence[tuple[str, str, int]], days: Mapping[int, float]
) -> None:
    place, groups = _places(columns)
    small = 8.0 if len(columns) <= 18 else 6.8
    for x, (kind, label, horizon) in zip(place, columns, strict=True):
        for row, line in enumerate(lines):
            found = scores.row(line.model, horizon, **_of(kind, label))
            if found is not None and (row == 0 or np.isfinite(found["skill"])):
                draw_cell(axes, x, row, found, small)
        axes.text(x, -0.62, f"{days[horizon]:.0f}", ha="center", va="bottom", fontsize=small, color=SOFT)
    for (kind, label), xs in groups.items():
        n = scores.value(BASELINE, columns[place.index(xs[0])][2], "n", **_of(kind, label))
        middle = (xs[0] + xs[-1]) / 2
        axes.text(middle, -1.2, "all points" if not kind else short(label), ha="center", va="bottom", fontsize=8.5)
        axes.text(middle, len(lines) - 0.4, f"n {words.whole(n or 0)}", ha="center", va="top", fontsize=6.8, color=SOFT)
    for kind, title in (("velocity_class", "velocity [mm/yr]"), ("noise_class", "noise")):
        xs = [x for x, column in zip(place, columns, strict=True) if column[0] == kind]
        if xs:
            axes.plot([xs[0] - 0.45, xs[-1] + 0.45], [-1.78, -1.78], color=SOFT, linewidth=0.8, clip_on=False)
            axes.text((xs[0] + xs[-1]) / 2, -1.86, title, ha="center", va="bottom", fontsize=8.5, fontweight="bold")
    axes.set_yticks(range(len(lines)), [line.name + (" [mm]" if at == 0 else " [%]") for at, line in enumerate(lines)])
    axes.text(-0.6, -0.62, "days ahead", ha="right", va="bottom", fontsize=small, color=SOFT)
    frameless(axes, place[-1], (len(lines) + 0.1, -2.4))


def _places(columns: Sequence[tuple[str, str, int]]) -> tuple[list[float], dict[tuple[str, str], list[float]]]:
    """Where each column stands, with a gap between classes and a wider one between kinds."""
    place: list[float] = []
    groups: dict[tuple[str, str], list[float]] = {}
    for at, (kind, label, _) in enumerate(columns):
        if at == 0:
            x = 0.0
        else:
            before = columns[at - 1]
            x = place[-1] + (1.0 if before[:2] == (kind, label) else 1.2 if before[0] == kind else 1.6)
        place.append(x)
        groups.setdefault((kind, label), []).append(x)
    return place, groups
