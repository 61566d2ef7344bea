"""F33: the network of a plan, before it is ordered and paid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.lines import Line2D

from insarcast.core import InsarcastError

from ..drawing.axes import dates_axis
from ..drawing.canvas import canvas, keep
from ..drawing.colours import ALARM, INK, SOFT, scale_map
from ..writing import words
from ..writing.facts import Facts
from .pairs import time

_DASHES: dict[str, Any] = {"near": "-", "bridge": (0, (6, 1.5)), "connect": (0, (2, 1.2)), "loop": (0, (4, 1, 1, 1))}
_WORDS = {"near": "near pair", "bridge": "from year to year", "connect": "across a gap", "loop": "closes a triangle"}
_MOST_DOTS = 120  # more dates than this get smaller dots


def draw_order(plan: Path, order: Path, order_json: Path) -> None:
    """Draw time against perpendicular baseline, pairs coloured by their score.

    Args:
        plan: the plan of an order, see ``plan_order`` of acquire.
        order: F33, perpendicular baseline in m against the first date, over time.
        order_json: its facts.

    Raises:
        InsarcastError: the plan is broken.
    """
    try:
        content = json.loads(plan.read_text(encoding="utf-8"))
        pairs, height = content["pairs"], _heights(content["scenes"])
        scores = [float(pair["score"]) for pair in pairs]
        if not {pair[key] for pair in pairs for key in ("date1", "date2")} <= height.keys() or not scores:
            raise ValueError("pairs and scenes do not belong together")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InsarcastError(f"{plan} is no plan of an order (it was changed, or is cut off); delete it and run again.") from None
    norm = Normalize(np.floor(min(scores) / 5) * 5, max(np.ceil(max(scores) / 5) * 5, np.floor(min(scores) / 5) * 5 + 5))
    colour = ListedColormap(scale_map("batlow_r")(np.linspace(0.2, 1, 256)))
    with canvas(4.8) as figure:
        axes = figure.add_subplot()
        for pair in sorted(pairs, key=lambda pair: pair["score"]):
            ends = [pair["date1"], pair["date2"]]
            axes.plot(
                [time(end) for end in ends],
                [height[end] for end in ends],
                color=colour(norm(pair["score"])),
                linewidth=1.3 if pair["why"] == "near" else 2.0,
                linestyle=_DASHES[pair["why"]],
                zorder=2 if pair["why"] == "near" else 3,
            )
        _draw_dates(axes, content, height)
        axes.set_ylabel("perpendicular baseline [m]")
        axes.grid(axis="x")
        axes.margins(x=0.03, y=0.1)
        dates_axis(axes)
        bar = figure.colorbar(ScalarMappable(norm, colour), ax=axes, aspect=28, pad=0.02)
        bar.set_label("score (100 x expected coherence)")
        bar.outline.set_linewidth(0.5)
        figure.legend(handles=_handles(content), loc="outside lower left", ncols=4)
        keep(figure, _facts(content), order, order_json)


def _heights(scenes: list[dict[str, Any]]) -> dict[str, float]:
    """Baseline of each date; where it is not known, between those of its neighbours."""
    known = [(index, scene["baseline"]) for index, scene in enumerate(scenes) if scene["baseline"] is not None]
    if not known:
        return {scene["date"]: 0.0 for scene in scenes}
    places, values = zip(*known, strict=True)
    return {scene["date"]: float(np.interp(index, places, values)) for index, scene in enumerate(scenes)}


def _lost(content: dict[str, Any]) -> list[str]:
    """Dates that are left out."""
    return sorted({entry["name"] for entry in content["left_out"] if entry["what"] == "date"})


def _draw_dates(axes: Any, content: dict[str, Any], height: dict[str, float]) -> None:
    """Dates as dots, open where the baseline is not known; those that are left out as crosses along the foot."""
    size = 5.5 if len(height) <= _MOST_DOTS else 3.5
    for scene in content["scenes"]:
        fill = INK if scene["baseline"] is not None else "white"
        axes.plot(time(scene["date"]), height[scene["date"]], "o", markersize=size, color=fill, markeredgecolor=INK, zorder=4)
    if lost := _lost(content):
        axes.plot(
            [time(date) for date in lost],
            np.full(len(lost), 0.02),
            "x",
            color=ALARM,
            markersize=6,
            markeredgewidth=1.6,
            transform=axes.get_xaxis_transform(),
            clip_on=False,
            zorder=5,
        )


def _handles(content: dict[str, Any]) -> list[Line2D]:
    counts = _counts(content)
    handles = [Line2D([], [], marker="o", linestyle="", color=INK, label=f"acquisition ({len(content['scenes'])})")]
    if any(scene["baseline"] is None for scene in content["scenes"]):
        handles.append(
            Line2D([], [], marker="o", linestyle="", color="white", markeredgecolor=INK, label="its baseline is not known")
        )
    if lost := _lost(content):
        handles.append(
            Line2D([], [], marker="x", linestyle="", color=ALARM, markeredgewidth=1.6, label=f"left out ({len(lost)})")
        )
    return handles + [
        Line2D([], [], color=SOFT, linestyle=_DASHES[why], label=f"{_WORDS[why]} ({number})")
        for why, number in counts.items()
        if number
    ]


def _counts(content: dict[str, Any]) -> dict[str, int]:
    return {why: sum(pair["why"] == why for pair in content["pairs"]) for why in _WORDS}


def _facts(content: dict[str, Any]) -> Facts:
    pairs, dates = content["pairs"], [scene["date"] for scene in content["scenes"]]
    price = "price not known" if content["credits"] is None else f"{content['credits']:g} credits"
    sentence = f"{words.count(len(pairs), 'pair')} of {words.count(len(dates), 'date')}, {price}"
    reach = f"{words.day(dates[0])} to {words.day(dates[-1])}"
    lost = _lost(content)
    left = f" {words.count(len(lost), 'date')} left out." if lost else ""
    track = f"{content['job']}, track {content['track']} {content['direction']}"
    return Facts(
        "F33",
        f"Planned: {sentence}",
        f"Dates from {reach} against perpendicular baseline, planned pairs as lines coloured by score. {sentence}.{left}",
        f"{track}. Each dot is an acquisition, each line a planned pair, coloured by its score, 100 times its expected "
        f"coherence; baselines in m against the first date, from the state vectors of the catalogue.{left}",
        "m",
        {"pairs": len(pairs), "dates": len(dates), "left_out": len(lost), "credits": content["credits"], **_counts(content)},
    )
