"""F8: do the intervals of a ready series hold what they promise? PIT, coverage and width by lead time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...drawing.axes import lead_ticks
from ...drawing.canvas import canvas, keep, say
from ...drawing.colours import INK, LINES, SOFT
from ...drawing.lines import label_ends
from ...writing.facts import Facts
from . import fastest
from .models import who
from .reading import Scores

LEVEL = 90
UNSCORED = "No interval could be scored."
CALIBRATED: dict[str, Any] = {"color": LINES[0], "marker": "o", "markersize": 4}
RAW: dict[str, Any] = {"color": LINES[1], "marker": "s", "markersize": 4, "linestyle": (0, (4, 1.5))}


def draw_reliability(scores: Scores, days: Mapping[int, float], image: Path, text: Path) -> None:
    """Draw PIT, coverage and width of the quoted model, and write the facts.

    Args:
        scores: everything scored.
        days: horizon -> lead time in days.
        image: figure to write.
        text: its facts.
    """
    known = [h for h in scores.horizons if scores.value(scores.scored, h, f"coverage{LEVEL}") is not None]
    shares = {h: part for h in sorted({*known[:1], *known[-1:]}) if len(part := pit_of(scores, h))}
    with canvas(3.6) as figure:
        if not known:
            say(figure, UNSCORED)
        else:
            left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1.15, 1])
            _draw_pit(left, shares, days)
            _draw_coverage(middle, scores, known, days)
            _draw_width(right, scores, known, days)
    title = fastest.covered(scores, days) if known else UNSCORED
    facts = Facts(
        "F8",
        title,
        f"Left: probability integral transform as bars, flat is right. Middle: coverage of the {LEVEL} % interval by lead time. "
        f"Right: its mean width in mm. {title}",
        f"Left: how often the outcome fell between consecutive quantiles over how often it should (1: right; a bowl: too narrow; a slope: "
        f"biased). Middle: share of outcomes inside the {LEVEL} % interval, before and after calibration; band: 90 % interval, blocks of "
        f"origins drawn again. Right: mean width in mm. Model: {who(scores.scored)}, retrospective."
        if known
        else UNSCORED,
        "1, % and mm",
        {
            "coverage": {str(h): scores.value(scores.scored, h, f"coverage{LEVEL}") for h in known},
            "own_coverage": {str(h): scores.value(scores.scored, h, f"own_coverage{LEVEL}") for h in known},
            "pit": {str(h): [float(value) for value in part["share"]] for h, part in shares.items()},
        },
    )
    keep(figure, facts, image, text)


def pit_of(scores: Scores, horizon: int) -> pd.DataFrame:
    """Shares of the quoted model's outcomes between its quantiles, ascending."""
    if not len(scores.pit):
        return scores.pit
    table = scores.pit
    return table[(table["model"] == scores.scored) & (table["horizon"] == horizon)].sort_values("low")


def _draw_pit(axes: Any, shares: Mapping[int, pd.DataFrame], days: Mapping[int, float]) -> None:
    axes.axhline(1, color=INK, linewidth=1.0)
    top = 1.6
    for at, (horizon, part) in enumerate(shares.items()):
        ratio = np.asarray(part["share"] / part["expected"], float)
        edges = np.r_[np.asarray(part["low"], float), float(part["high"].iloc[-1])]
        top = max(top, 1.15 * float(ratio.max()))
        style = {"color": LINES[0] if at == 0 else LINES[3], "linewidth": 1.8, "linestyle": "-" if at == 0 else (0, (4, 1.5))}
        axes.stairs(ratio, 100 * edges, label=f"{days[horizon]:.0f} days ahead", baseline=None, **style)
    axes.set_ylim(0, top)
    axes.set_xlim(0, 100)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.set_xlabel("quantile of the forecast [%]")
    axes.set_ylabel("outcomes over expected")
    axes.set_title("PIT")
    axes.grid(axis="y")
    if shares:
        axes.legend(loc="lower center", handlelength=1.8)
    else:
        axes.text(50, top / 2, "no PIT", ha="center", color=SOFT)


def _line(
    axes: Any, scores: Scores, name: str, known: list[int], days: Mapping[int, float], factor: float, **style: Any
) -> list[Any]:
    points = [(days[h], factor * value) for h in known if (value := scores.value(scores.scored, h, name)) is not None]
    if not points:
        return []
    axes.plot(*zip(*points, strict=True), **style)
    return [points[-1]]


def _draw_coverage(axes: Any, scores: Scores, known: list[int], days: Mapping[int, float]) -> None:
    axes.axhline(LEVEL, color=INK, linewidth=1.0)
    ends = [[scores.value(scores.scored, h, f"coverage{LEVEL}_{side}") for h in known] for side in ("low", "high")]
    if all(value is not None for side in ends for value in side):
        low, high = ([100 * float(value or 0) for value in side] for side in ends)
        axes.fill_between([days[h] for h in known], low, high, color=LINES[0], alpha=0.16, linewidth=0)
    _line(axes, scores, f"coverage{LEVEL}", known, days, 100, **CALIBRATED, label="calibrated")
    _line(axes, scores, f"own_coverage{LEVEL}", known, days, 100, **RAW, label="the model's own")
    low, high = axes.get_ylim()
    bottom, top = min(low, LEVEL - 8), min(101, max(high, LEVEL + 5))
    axes.set_ylim(max(0, bottom - 0.25 * (top - bottom)), top)  # the lowest quarter is the legend's
    axes.set_ylabel(f"inside the {LEVEL} % interval [%]")
    axes.set_title("coverage")
    axes.grid(axis="y")
    axes.legend(loc="lower left", handlelength=2.2)
    _few_ticks(axes, known, days)


def _draw_width(axes: Any, scores: Scores, known: list[int], days: Mapping[int, float]) -> None:
    ends = []
    for name, label, style in ((f"width{LEVEL}", "calibrated", CALIBRATED), (f"own_width{LEVEL}", "own", RAW)):
        ends += [(x, y, label, str(style["color"])) for x, y in _line(axes, scores, name, known, days, 1, **style)]
    axes.set_ylim(0, axes.get_ylim()[1] * 1.08)
    axes.set_ylabel("width [mm]")
    axes.set_title(f"width of the {LEVEL} % interval")
    axes.grid(axis="y")
    _few_ticks(axes, known, days)
    if len({round(end[1], 3) for end in ends}) == len(ends):
        label_ends(axes, ends)


def _few_ticks(axes: Any, known: list[int], days: Mapping[int, float]) -> None:
    """As many lead times as a third of a figure holds."""
    step = -(-len(known) // 5)
    lead_ticks(axes, {h: days[h] for h in known[::step]})
