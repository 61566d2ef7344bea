"""Tiles on a map, and where the worst seam between them lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.patheffects as effects
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from insarcast.core import Tile

from ..drawing.colours import ALARM, INK, LINES, SOFT
from ..drawing.frame import Frame
from ..writing import words
from ..writing.words import listed
from .fates import Fate, Seam

MOST_NUMBERS = 80  # tiles whose numbers are read in the map
_HALO = [effects.withStroke(linewidth=2.2, foreground="white")]


class Plan:
    """Tiles on a map; rows and columns are those of the cube."""

    def __init__(self, axes: Any, frame: Frame, rows: int, cols: int) -> None:
        self.axes, self.frame, self.rows, self.cols = axes, frame, rows, cols

    def place(self, row: float, col: float) -> tuple[float, float]:
        """Place of a pixel's upper left corner in the units of the CRS, whichever way the store's axes run."""
        across, down = col / self.cols, row / self.rows
        across, down = 1 - across if self.frame.flip_x else across, 1 - down if self.frame.flip_y else down
        width, height = self.frame.right - self.frame.left, self.frame.top - self.frame.bottom
        return self.frame.left + across * width, self.frame.top - down * height

    def box(self, part: tuple[slice, slice], **style: Any) -> None:
        rows, cols = part
        (x1, y1), (x2, y2) = self.place(rows.start, cols.start), self.place(rows.stop, cols.stop)
        self.axes.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, **({"fill": False, "zorder": 4} | style)))

    def draw(self, tiles: Sequence[Tile], lost: Mapping[str, list[Fate]], seams: Sequence[Seam]) -> None:
        gone = [fate for own in lost.values() for fate in own]
        failed = {fate.tile for fate in gone if fate.status == "failed"}
        losers = [model for model, own in lost.items() if any(fate.status == "failed" for fate in own)]
        skipped = {tile.tile for tile in tiles if tile.skipped} | {fate.tile for fate in gone if fate.status == "skipped"}
        for tile in tiles:
            self.box(tile.window, edgecolor=SOFT, linewidth=0.6, linestyle=(0, (3, 2)))
        for tile in tiles:
            self.box(tile.core, edgecolor=INK, linewidth=1.0)
            if tile.tile in skipped:
                self.box(tile.core, edgecolor=SOFT, hatch="xx", linewidth=0, zorder=3)
            if tile.tile in failed:
                self.box(tile.core, edgecolor=ALARM, hatch="\\\\\\", linewidth=2.0, zorder=5)
            if len(tiles) <= MOST_NUMBERS:
                middle = self.place((tile.core_top + tile.core_bottom) / 2, (tile.core_left + tile.core_right) / 2)
                self.axes.annotate(str(tile.tile), middle, ha="center", va="center", fontsize=8, path_effects=_HALO, zorder=6)
        edge = worst_edge(tiles, seams)
        if edge is not None:
            ends = [self.place(*edge[0]), self.place(*edge[1])]
            for width, colour in ((6.0, "white"), (3.4, LINES[3])):
                self.axes.plot(*zip(*ends, strict=True), color=colour, linewidth=width, solid_capstyle="butt", zorder=7)
        several = len(lost) > 1  # one map for all models: the legend says whose fate is marked
        who = f" ({listed([words.model(model) for model in losers])})" if several else ""
        worst = worst_seam(seams)
        whose = f" ({words.model(worst.model)})" if several and worst else ""
        self._legend(bool(skipped), f"failed{who}" if failed else "", f"worst seam{whose}" if edge is not None else "")

    def _legend(self, skipped: bool, failed: str, worst: str) -> None:
        handles: list[Any] = [
            Line2D([], [], color=INK, linewidth=1.0, label="core of a tile"),
            Line2D([], [], color=SOFT, linewidth=0.8, linestyle=(0, (3, 2)), label="its window"),
        ]
        if skipped:
            handles.append(Patch(facecolor="white", edgecolor=SOFT, hatch="xx", linewidth=0, label="skipped"))
        if failed:
            handles.append(Patch(facecolor="white", edgecolor=ALARM, hatch="\\\\\\", linewidth=1.5, label=failed))
        if worst:
            handles.append(Line2D([], [], color=LINES[3], linewidth=3.4, label=worst))
        ncols = 3 if max(len(failed), len(worst)) < 24 else 2
        self.axes.figure.legend(handles=handles, loc="outside lower center", ncols=ncols, handletextpad=0.5, columnspacing=1.4)


Edge = tuple[tuple[float, float], tuple[float, float]]


def shared_edge(first: Tile, second: Tile) -> Edge | None:
    """Ends (row, col) of the edge between the cores of two tiles; None where they do not touch along one."""
    top, bottom = max(first.core_top, second.core_top), min(first.core_bottom, second.core_bottom)
    left, right = max(first.core_left, second.core_left), min(first.core_right, second.core_right)
    if left == right and top < bottom:
        return (top, left), (bottom, left)
    if top == bottom and left < right:
        return (top, left), (top, right)
    return None


def worst_seam(seams: Sequence[Seam]) -> Seam | None:
    """The model whose worst seam is the worst of all; None without any."""
    named = [seam for seam in seams if len(seam.worst.get("tiles") or ()) == 2]
    return max(named, key=lambda seam: float(seam.worst.get("ratio") or 0.0), default=None)


def worst_edge(tiles: Sequence[Tile], seams: Sequence[Seam]) -> Edge | None:
    """The worst seam of all models, as the ends (row, col) of the edge between its two tiles' cores."""
    worst = worst_seam(seams)
    if worst is None:
        return None
    rows = {tile.tile: tile for tile in tiles}
    first, second = (int(tile) for tile in worst.worst["tiles"])
    return shared_edge(rows[first], rows[second]) if first in rows and second in rows else None
