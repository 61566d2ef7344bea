"""F8: do the intervals hold what they promise, and how wide are they."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from ..drawing.axes import lead_ticks
from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import SOFT
from ..drawing.lines import model_style
from ..writing import words
from ..writing.facts import Facts
from . import scoring, sentences
from .scoring import Leads

UNSCORED = "No interval could be scored."


def draw_coverage(table: pd.DataFrame, leads: Leads, scored: str, image: Path, text: Path) -> None:
    """Draw F8, coverage against its level and width by lead time, and write its facts."""
    rows, models = scoring.overall(table), scoring.model_order(table)
    levels = [level for level in scoring.levels(table) if rows[scoring.column(table, "coverage", level)].notna().any()]
    with canvas(3.7) as figure:
        if not levels:
            say(figure, UNSCORED)
        else:
            left, right = figure.subplots(1, 2)
            _nominal(left, rows, models, levels)
            _widths(right, rows, models, leads, levels[-1])
    held = _held(rows, scored, levels)
    level = levels[-1] if levels else 0
    n = int(rows[rows["model"] == scored]["n_interval"].sum()) if len(rows) else 0
    title = sentences.interval(held, level / 100, n, scoring.scored_origins(table)) if levels else UNSCORED
    facts = Facts(
        "F8",
        title,
        f"Left: observed against nominal coverage in %, one line for each model; the diagonal is right. "
        f"Right: mean width in mm by lead time. {title}",
        f"Share of the unseen values inside the interval against its nominal level (below the diagonal: too narrow), "
        f"and mean width of the {level} % interval in mm."
        if levels
        else UNSCORED,
        "% and mm",
        {"held": held, "level": level, "n": n},
    )
    keep(figure, facts, image, text)


def _held(rows: pd.DataFrame, model: str, levels: list[int]) -> float | None:
    part = rows[rows["model"] == model]
    name = scoring.column(rows, "coverage", levels[-1]) if levels else None
    if name is None or not len(part) or part[name].isna().all():
        return None
    return scoring.mean(part, name, "n_interval")


def _nominal(axes: Any, rows: pd.DataFrame, models: list[str], levels: list[int]) -> None:
    axes.plot([0, 100], [0, 100], color=SOFT, linewidth=0.9)
    for position, model in enumerate(models):
        held = [(level, _held(rows, model, levels[: at + 1])) for at, level in enumerate(levels)]
        known = [(level, 100 * value) for level, value in held if value is not None]
        if known:
            style = model_style(position, model) | ({"marker": "x"} if position == 0 else {})
            axes.plot(*zip(*known, strict=True), label=words.model(model), **style)
    axes.set_xlim(min(levels) - 15, 102)
    axes.set_ylim(0, 102)
    axes.set_xticks(levels)
    axes.set_xlabel("nominal [%]")
    axes.set_ylabel("observed [%]")
    axes.set_title("coverage")
    axes.grid(axis="y")
    axes.legend(loc="lower right")


def _widths(axes: Any, rows: pd.DataFrame, models: list[str], leads: Leads, level: int) -> None:
    name = scoring.column(rows, "width", level)
    if name is None or rows[name].isna().all():
        axes.set_axis_off()
        return
    for position, model in enumerate(models):
        part = rows[(rows["model"] == model) & rows[name].notna()].sort_values("horizon")
        if len(part):
            axes.plot([leads[h] for h in part["horizon"]], part[name], **model_style(position, model))
    axes.set_ylim(0, axes.get_ylim()[1] * 1.08)
    axes.set_title(f"mean width of the {level} % interval")
    axes.set_ylabel("width [mm]")
    axes.grid(axis="y")
    lead_ticks(axes, leads)
