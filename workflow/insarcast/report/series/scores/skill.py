"""F5 skill by lead time and F7 by velocity and noise class: whether a forecast of points can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...drawing.axes import lead_ticks
from ...drawing.canvas import canvas, keep, say
from ...drawing.colours import INK, SOFT
from ...drawing.lines import joined, label_ends
from ...scores.card import draw_cell
from ...writing import words
from ...writing.facts import Facts
from . import trust
from .models import BASELINE, Line, shown
from .reading import NOTHING, Scores, drawn_store, lead_days, read_series_scores
from .reliability import draw_reliability

BOUND = "#e4e0d6"  # beyond what the noise lets anybody reach


def draw_series_scores(
    evaluated: Sequence[Path],
    calibrated: Sequence[Path],
    auto: Sequence[Path],
    lead: Path,
    lead_json: Path,
    classes: Path,
    classes_json: Path,
    reliability: Path,
    reliability_json: Path,
    model: str | None,
) -> None:
    """Draw the retrospective scores; of many models the best of each family, persistence first.

    Args:
        evaluated: ``series.parquet``, ``significance.parquet``, ``pit.parquet``, ``noise.json``.
        calibrated: calibrated forecasts, one store per model; the lead times are theirs.
        auto: ``auto.json``, or nothing where there is one model only.
        lead: F5, skill against persistence by lead time, and what the noise leaves possible.
        lead_json: its facts.
        classes: F7, skill in % by velocity and noise class.
        classes_json: its facts.
        reliability: F8, PIT, coverage and width.
        reliability_json: its facts.
        model: the study's ``report.model``; None: the automatic choice.
    """
    scores = read_series_scores(evaluated, auto, model)
    days = lead_days(drawn_store(calibrated, scores.scored))
    horizons = scores.horizons
    lines = shown(scores.overall(), horizons[-1], scores.scored) if horizons else []
    _draw_lead(scores, lines, days, lead, lead_json)
    _draw_classes(scores, lines, days, classes, classes_json)
    draw_reliability(scores, days, reliability, reliability_json)


def _draw_lead(scores: Scores, lines: Sequence[Line], days: Mapping[int, float], image: Path, text: Path) -> None:
    horizons = scores.horizons
    ceiling = {h: value for h in horizons if (value := scores.ceiling(h)) is not None}
    with canvas(4.3) as figure:
        if not horizons:
            say(figure, NOTHING)
        else:
            axes = figure.add_subplot()
            axes.plot([days[horizons[0]], days[horizons[-1]]], [0, 0], color=INK, linewidth=2.4)
            drawn: list[tuple[str, tuple[float, ...], str]] = [(BASELINE, (days[horizons[0]], days[horizons[-1]], 0.0, 0.0), INK)]
            for line in lines:
                if line.model != BASELINE:
                    drawn += _draw_line(axes, scores, line, days, band=line.model == scores.scored)
            low, high = axes.get_ylim()
            high = max(high, 0.1, *(value + 0.03 for value in ceiling.values()))
            axes.set_ylim(max(min(low, -0.05), -0.6), high)
            if ceiling:
                x = [days[h] for h in ceiling]
                axes.fill_between(x, list(ceiling.values()), high, color=BOUND, linewidth=0, zorder=0)
                about = "beyond what the noise of the dates allows, about"
                corner: dict[str, Any] = {"textcoords": "offset points", "va": "top", "fontsize": 8.5, "color": SOFT}
                axes.annotate(about, (x[0], high), (4, -4), **corner)
            axes.set_ylabel("skill = 1 \N{MINUS SIGN} MAE / MAE(persistence)")
            axes.grid(axis="y")
            axes.margins(x=0.02)
            lead_ticks(axes, {h: days[h] for h in horizons})
            low = axes.get_ylim()[0]
            label_ends(axes, [(x, max(y, low), name, colour) for x, y, name, colour in joined(drawn)])
    title = trust.lead_title(scores, days)
    numbers = {line.model: {str(h): scores.value(line.model, h, "skill") for h in horizons} for line in lines}
    rest = len(scores.models) - len(lines)
    which = ""
    if rest > 0:
        which = (
            f" Of {words.count(len(scores.models), 'model')} persistence, the best of each family and the combined ones are drawn, "
            "ranked afterwards; all are in the table."
        )
    facts = Facts(
        "F5",
        title,
        f"Lines of skill by lead time, one for each model; 0 is persistence. {title}",
        f"Retrospective skill against persistence over all points and test origins (above 0 is better). Band: 90 % interval of the quoted "
        f"model, blocks of origins drawn again.{_noise(scores)}{which}",
        "1",
        {"skill": numbers, "ceiling": {str(h): value for h, value in ceiling.items()}},
    )
    keep(figure, facts, image, text)


def _noise(scores: Scores) -> str:
    sigma = scores.noise.get("noise_mm")
    return (
        ""
        if sigma is None
        else f" Shaded: what the noise of the dates ({sigma:.1f} mm) does not allow, were it normal and steady."
    )


def _draw_line(
    axes: Any, scores: Scores, line: Line, days: Mapping[int, float], band: bool
) -> list[tuple[str, tuple[float, ...], str]]:
    known = [(days[h], value, h) for h in scores.horizons if (value := scores.value(line.model, h, "skill")) is not None]
    if not known:
        return []
    x, y, steps = zip(*known, strict=True)
    axes.plot(x, y, **line.style)
    ends = [[scores.value(line.model, h, name) for h in steps] for name in ("skill_low", "skill_high")]
    if band and all(value is not None for side in ends for value in side):
        axes.fill_between(x, *ends, color=str(line.style["color"]), alpha=0.13, linewidth=0)
    return [(line.model, (*x, *y), str(line.style["color"]))]


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


def _draw_classes(scores: Scores, lines: Sequence[Line], days: Mapping[int, float], image: Path, text: Path) -> None:
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
        short = label.replace(" to ", "\N{EN DASH}").replace("below ", "< ").replace(" and above", " +")
        middle = (xs[0] + xs[-1]) / 2
        axes.text(middle, -1.2, "all points" if not kind else short, ha="center", va="bottom", fontsize=8.5)
        axes.text(middle, len(lines) - 0.4, f"n {words.whole(n or 0)}", ha="center", va="top", fontsize=6.8, color=SOFT)
    for kind, title in (("velocity_class", "velocity [mm/yr]"), ("noise_class", "noise")):
        xs = [x for x, column in zip(place, columns, strict=True) if column[0] == kind]
        if xs:
            axes.plot([xs[0] - 0.45, xs[-1] + 0.45], [-1.78, -1.78], color=SOFT, linewidth=0.8, clip_on=False)
            axes.text((xs[0] + xs[-1]) / 2, -1.86, title, ha="center", va="bottom", fontsize=8.5, fontweight="bold")
    axes.set_yticks(range(len(lines)), [line.name + (" [mm]" if at == 0 else " [%]") for at, line in enumerate(lines)])
    axes.text(-0.6, -0.62, "days ahead", ha="right", va="bottom", fontsize=small, color=SOFT)
    axes.set_xticks([])
    axes.set_xlim(-0.6, place[-1] + 0.6)
    axes.set_ylim(len(lines) + 0.1, -2.4)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0)


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
