"""F7: the scorecard, models by velocity class and lead time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import INK, SOFT, ink_on, scale_map
from ..writing import words
from ..writing.facts import Facts
from . import scoring
from .choice_words import choice_note
from .scoring import NOTHING, Leads

MOST = 24  # columns that stay readable


@dataclass(frozen=True)
class Place:
    """A column of the card: velocity class, horizon in steps, where it stands."""

    name: str
    horizon: int
    x: float


def draw_card(table: pd.DataFrame, leads: Leads, image: Path, text: Path) -> None:
    """Draw F7, models by rows (persistence first, its error in mm; the others their skill in %; the automatic choice last), and write its facts.

    Args:
        table: scores.
        leads: horizon in steps -> lead time in days.
        image: figure to write.
        text: its facts.
    """
    models = scoring.model_order(table)
    cells = {name: rows for name in [scoring.ALL, *scoring.class_order(table)] if len(rows := scoring.overall(table, name))}
    columns = _columns(cells)
    with canvas(1.5 + 0.42 * max(len(models), 2)) as figure:
        if columns:
            _fill_card(figure.add_subplot(), cells, columns, models, leads)
        else:
            say(figure, NOTHING)
    sure = "; a dot: its 95 % interval leaves out 0 (blocks of pixels drawn again)" if "skill_low" in table else ""
    facts = Facts(
        "F7",
        "Scorecard: skill against persistence by velocity class and lead time" if columns else NOTHING,
        "Table of models by velocity class and lead time; the first row, persistence, holds its mean absolute error in mm, "
        "the others their skill in %.",
        f"First row: mean absolute error of persistence in mm. Other rows: skill in %, blue better and red worse than persistence{sure}. "
        f"Columns: lead time in days within classes of absolute velocity in mm/yr, from the past of each origin.{choice_note(models)}",
        "mm and %",
        {"columns": [[place.name, place.horizon] for place in columns]},
    )
    keep(figure, facts, image, text)


def _columns(cells: dict[str, pd.DataFrame]) -> list[Place]:
    """Classes side by side with a gap between, each with as many horizons as there is room for, the first and last among them."""
    places: list[Place] = []
    for at, (name, rows) in enumerate(cells.items()):
        horizons = sorted({int(h) for h in rows["horizon"]})
        most = max(2, MOST // len(cells))
        if len(horizons) > most:
            horizons = sorted({horizons[round(i * (len(horizons) - 1) / (most - 1))] for i in range(most)})
        places += [Place(name, h, len(places) + k + 0.25 * at) for k, h in enumerate(horizons)]
    return places


def _fill_card(axes: Any, cells: dict[str, pd.DataFrame], columns: list[Place], models: list[str], leads: Leads) -> None:
    small = 8.0 if len(columns) <= 18 else 6.5
    for place in columns:
        rows = cells[place.name][cells[place.name]["horizon"] == place.horizon]
        for row, model in enumerate(models):
            part = rows[rows["model"] == model]
            if len(part):
                draw_cell(axes, place.x, row, part.iloc[0], small)
        axes.text(place.x, -0.62, f"{leads[place.horizon]:.0f}", ha="center", va="bottom", fontsize=small, color=SOFT)
    for name in cells:
        middle = [place.x for place in columns if place.name == name]
        words_ = "all pixels" if name == scoring.ALL else short(name)
        axes.text((middle[0] + middle[-1]) / 2, -1.12, words_, ha="center", va="bottom", fontsize=8.5)
    axes.set_yticks(range(len(models)), [words.model(name) + (" [mm]" if at == 0 else " [%]") for at, name in enumerate(models)])
    axes.text(-0.6, -0.62, "days", ha="right", va="bottom", fontsize=small, color=SOFT)
    axes.text(-0.6, -1.12, "mm/yr", ha="right", va="bottom", fontsize=8.5)
    frameless(axes, columns[-1].x, (len(models) - 0.5, -1.75))


def short(name: str) -> str:
    """A class as it is read over a column: below 10 -> < 10, 10 to 50 -> 10–50, 50 and above -> 50 +."""
    return name.replace(" to ", "\N{EN DASH}").replace("below ", "< ").replace(" and above", " +")


def frameless(axes: Any, last: float, ends: tuple[float, float]) -> None:
    """A card without ticks and frame; ``last`` is the place of its last column, ``ends`` are its lower and upper end."""
    axes.set_xticks([])
    axes.set_xlim(-0.6, last + 0.6)
    axes.set_ylim(*ends)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0)


def draw_cell(axes: Any, x: float, row: int, score: Any, size: float) -> None:
    """One box: error in mm in the first row, else skill in %, with a dot where its interval leaves out 0."""
    value = float(score["mae"] if row == 0 else score["skill"])
    fill = "#eef0f2" if row == 0 else scale_map("vik_r")(Normalize(-1, 1)(value))
    axes.add_patch(Rectangle((x - 0.48, row - 0.46), 0.96, 0.92, facecolor=fill, edgecolor="white", linewidth=0.5))
    shown = f"{value:.1f}" if row == 0 else words.signed(100 * value)
    axes.text(x, row, shown, ha="center", va="center", fontsize=size, color=ink_on(fill))
    if row and "skill_low" in score and score["skill_low"] * score["skill_high"] > 0:
        axes.plot(x, row + 0.31, "o", markersize=2.4, color=ink_on(fill) if row else INK)
