"""Lines of a figure: the style of each model, and names at their ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..writing import words
from .colours import DASHES, INK, LINES, MARKERS


def model_style(position: int, name: str = "") -> dict[str, Any]:
    """Line of a model by its place in the table; persistence comes first and is dark, wide and without marker.

    The automatic choice is dotted and lies on top, for it may cover a model's own line.
    """
    if name == "chosen":
        return {"color": INK, "linestyle": (0, (1, 1.6)), "marker": "", "linewidth": 2.4, "zorder": 3}
    if position == 0:
        return {"color": INK, "linestyle": "-", "marker": "", "linewidth": 2.4}
    index = (position - 1) % len(LINES)
    return {"color": LINES[index], "linestyle": DASHES[index], "marker": MARKERS[index], "markersize": 5}


def apart(values: Sequence[float], gap: float) -> list[float]:
    """Ascending values moved as little as it takes to be ``gap`` apart; those that crowd stay around their mean."""
    groups: list[list[float]] = []
    for value in values:
        groups.append([value])
        while len(groups) > 1 and _ends(groups[-2], gap)[1] + gap > _ends(groups[-1], gap)[0]:
            groups[-2:] = [groups[-2] + groups[-1]]
    return [_ends(group, gap)[0] + place * gap for group in groups for place in range(len(group))]


def _ends(group: Sequence[float], gap: float) -> tuple[float, float]:
    """Lowest and highest place of a group around its mean."""
    middle, half = sum(group) / len(group), (len(group) - 1) * gap / 2
    return middle - half, middle + half


def label_ends(axes: Any, ends: Sequence[tuple[Any, float, str, str]]) -> None:
    """Names at the right ends of lines, given as (x, y, name, colour), moved apart where they would overlap."""
    low, high = axes.get_ylim()
    gap = 0.062 * (high - low)
    ends = sorted(ends, key=lambda end: end[1])
    for (x, _, name, colour), at in zip(ends, apart([end[1] for end in ends], gap), strict=True):
        axes.annotate(
            name, (x, at), (8, 0), textcoords="offset points", va="center", color=colour, fontsize=9, annotation_clip=False
        )


def joined(drawn: list[tuple[str, tuple[float, ...], str]]) -> list[tuple[float, float, str, str]]:
    """Ends of the lines with their names; lines that are the same (the automatic choice and the model it was) share one name."""
    ends: dict[tuple[float, ...], tuple[float, float, str, str]] = {}
    for model, points, colour in drawn:
        line = tuple(round(value, 9) for value in points)
        if line in ends:
            x, y, name, first = ends[line]
            ends[line] = (x, y, f"{name} = {words.model(model)}", first)
        else:
            ends[line] = (points[len(points) // 2 - 1], points[-1], words.model(model), colour)
    return list(ends.values())
