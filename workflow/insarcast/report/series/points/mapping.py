"""A map of points: ground, graticule, points in colours, letters, scale bar and key; and dots where there are no places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.patheffects as effects
import numpy as np
from matplotlib.colors import Colormap, Normalize
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from ...drawing.colours import INK
from ...drawing.frame import Frame
from ...drawing.maps import draw_graticule
from ...drawing.marks import draw_scale
from ...writing import words
from .numbers import Array, Points

GROUND = "#dfe3e7"  # between the points nothing is measured
NOT_USED = "#8d949c"
LOWEST = 3.0  # inches: a map of points may be lower than one of pixels


def marker_size(points: Points) -> float:
    """Area of a point's marker: the fewer, the larger; points in square points of type."""
    return float(np.clip(9000 / max(points.total, 1), 9, 80))


def draw_ground(axes: Any, frame: Frame, room: tuple[float, float], *, bottom: bool = True, left: bool = True) -> None:
    """An empty map: grey ground, white graticule, degrees at its edges."""
    axes.set_facecolor(GROUND)
    axes.set_aspect(frame.stretch)
    draw_graticule(axes, frame, room, bottom=bottom, left=left)
    axes.grid(color="white", linewidth=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(True)


def draw_values(axes: Any, points: Points, values: NDArray[Any], colours: Colormap, norm: Normalize) -> None:
    """Points in the colours of their values; those without a value are small grey rings.

    Where points overlap those that come later in the cube lie on top: sorted by value, a crowd would look like its extremes.
    """
    x, y = points.map_xy()
    known, size = np.isfinite(values), marker_size(points)
    axes.scatter(x[~known], y[~known], s=0.5 * size, facecolors="none", edgecolors=NOT_USED, linewidths=0.6, zorder=2)
    edge = 0.5 if size > 40 else 0.3 if size > 20 else 0.15
    axes.scatter(x[known], y[known], s=size, c=colours(norm(values[known])), edgecolors=INK, linewidths=edge, zorder=3)


def draw_picks(axes: Any, points: Points, picks: Mapping[str, int], frame: Frame, width: float) -> None:
    """Letters at the points whose series are drawn, on the side where there is room.

    Args:
        axes: a map.
        points: all points.
        picks: letters and points.
        frame: what the map shows.
        width: of the map in inches.
    """
    x, y = points.map_xy()
    unit = (frame.right - frame.left) / width / 72  # metres in a point of type
    taken: list[tuple[float, float]] = list(zip(x, y, strict=True))
    for letter, point in picks.items():
        if not within((x[point], y[point]), frame):
            continue
        turns = np.deg2rad(np.arange(45, 405, 30))
        spots = [(x[point] + 13 * unit * np.cos(turn), y[point] + 13 * unit * np.sin(turn)) for turn in turns]
        room = [min(np.hypot(a - u, b - v) for u, v in taken) for a, b in spots]
        a, b = spots[int(np.argmax(np.minimum(room, 11 * unit)))]
        taken.append((a, b))
        axes.annotate(
            letter, (x[point], y[point]), (a, b), textcoords="data", ha="center", va="center", fontsize=10, fontweight="bold",
            path_effects=[effects.withStroke(linewidth=2.6, foreground="white")], zorder=8, annotation_clip=False,
        )  # fmt: skip


def within(place: tuple[float, float], frame: Frame) -> bool:
    """Whether a place lies on a map."""
    return frame.left <= place[0] <= frame.right and frame.bottom <= place[1] <= frame.top


def map_width(frame: Frame, room: tuple[float, float]) -> float:
    """Width in inches of a map that fits into so many inches."""
    return min(room[0], room[1] / frame.shape_ratio)


def draw_measure(axes: Any, points: Points, frame: Frame) -> None:
    """Scale bar and north arrow, the arrow in the upper corner with fewer points."""
    x, y = points.map_xy()
    edge, low = 0.12 * (frame.right - frame.left), frame.top - 0.25 * (frame.top - frame.bottom)
    high = (y > low) & (y < frame.top)
    right = int((high & (x > frame.right - edge) & (x < frame.right)).sum())
    left = int((high & (x < frame.left + edge) & (x > frame.left)).sum())
    draw_scale(axes, frame, [(frame.right, frame.top)] if right > left else [])


def draw_key(figure: Any, fastest: bool, unused: str | None) -> None:
    """What rings mean, below the maps."""
    handles = []
    if fastest:
        handles.append(
            Line2D([], [], marker="o", linestyle="", markersize=10, fillstyle="none", color=INK, label="fastest point")
        )
    if unused:
        ring = {"markersize": 5, "fillstyle": "none", "color": NOT_USED, "markeredgewidth": 0.8}
        handles.append(Line2D([], [], marker="o", linestyle="", label=unused, **ring))  # type: ignore[arg-type]
    handles.append(Line2D([], [], marker="s", linestyle="", markersize=9, color=GROUND, label="not measured"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), handletextpad=0.4, columnspacing=1.8)


def outside_words(points: Points) -> str:
    """That points lie outside of a map of the dense part; empty where none does."""
    if not points.outside:
        return ""
    return f" {words.count(points.outside, 'point')} {'lies' if points.outside == 1 else 'lie'} outside of the map."


def dots(axes: Any, points: Points, values: Array, half: Array | None, limit: float, colours: Colormap, title: str) -> None:
    """The points of a cube without places side by side, in the order of their values, with intervals where there are any."""
    order = np.argsort(np.where(np.isfinite(values), values, np.inf), kind="stable")[: int(np.isfinite(values).sum())]
    at = np.arange(len(order))
    axes.axhline(0, color=INK, linewidth=0.8)
    if half is not None:
        axes.vlines(at, (values - half)[order], (values + half)[order], color=NOT_USED, linewidth=1.4)
    axes.scatter(
        at, values[order], s=46, c=colours(Normalize(-limit, limit)(values[order])), edgecolors=INK, linewidths=0.6, zorder=3
    )
    axes.set_ylabel(title)
    axes.grid(axis="y")
    step = -(-len(order) // 40)
    axes.set_xticks(at[::step], [points.name(int(point)) for point in order[::step]], rotation=90 if len(order) > 12 else 0)
    axes.set_xlabel("point (the cube has no coordinates)")
