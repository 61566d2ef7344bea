"""F5: skill by lead time; with it F7 (classes.py) and F8 (reliability.py) are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...drawing.axes import lead_ticks
from ...drawing.canvas import canvas, keep, say
from ...drawing.colours import INK, SOFT
from ...drawing.lines import joined, label_ends
from ...writing import words
from ...writing.facts import Facts
from . import trust
from .classes import draw_classes
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
    draw_classes(scores, lines, days, classes, classes_json)
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
