"""F18: how the scene was cut into tiles, what became of them, and whether their seams show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.patheffects as effects
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from insarcast.core import Tile, open_cube, read_tiles

from . import tile_words, words
from .displacement import map_line
from .frame import Frame, frame_of
from .look import ALARM, INK, LINES, SOFT, Facts, canvas, keep, parts, signed_map, symmetric_limit
from .mapping import draw_graticule, draw_map, draw_scale, draw_signed_bar
from .numbers import cube_numbers, used_only
from .tiling import Fate, Seam, grouped, read_fates, read_seams
from .words import listed

MOST_NUMBERS = 80  # tiles whose numbers are read in the map
_HALO = [effects.withStroke(linewidth=2.2, foreground="white")]


def draw_tiles(
    cube: Path, tiles: Path, batches: Sequence[Path], stitches: Sequence[Path], seams: Path, seams_json: Path, colours: str
) -> None:
    """Draw tiles over the velocity, and the jumps across seams against those beside them.

    Args:
        cube: the full cube.
        tiles: windows and cores of the tiles.
        batches: folders of the tiles' forecasts, each with its ``batch.json``, of all grid models.
        stitches: what stitching said of each model's seams, JSON.
        seams: F18, mm/yr under the tiles; jumps as ratios to those beside them.
        seams_json: its facts.
        colours: which end of the bar is red (``report.colours``).
    """
    data = open_cube(cube)
    frame, cut = frame_of(data), read_tiles(tiles)
    fates, found = grouped(read_fates(batches)), read_seams(stitches)
    lost = {model: [fate for fate in own if fate.lost] for model, own in fates.items()}
    with canvas(4.6) as figure:
        left, right = figure.subfigures(1, 2, width_ratios=[1.35, 1], squeeze=False)[0]
        axes = left.subplots()
        values = frame.up(used_only(data, data.velocity))
        limit = symmetric_limit(values)
        draw_map(axes, values, frame, signed_map(colours), Normalize(-limit, limit))
        draw_graticule(axes, frame, (4.2, 3.3))
        draw_scale(axes, frame)
        _Plan(axes, frame, data.sizes["y"], data.sizes["x"]).draw(cut, lost, found)
        draw_signed_bar(left, axes, values, limit, signed_map(colours), None, aspect=26)
        axes.set_title("tiles over the velocity [mm/yr]")
        upper, lower = parts(right, [1.0 + 0.55 * max(len(found), 1), 1.0])
        _draw_ratios(upper, found)
        _list_fates(lower, fates, found)
    keep(figure, _facts(cut, lost, found, map_line(data, cube_numbers(data))), seams, seams_json)


class _Plan:
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


def _draw_ratios(figure: Any, seams: Sequence[Seam]) -> None:
    known = [seam for seam in seams if seam.blended is not None]
    if not known:
        figure.text(0.5, 0.5, "no seam", ha="center", va="center", fontsize=12, color=SOFT)
        return
    axes = figure.subplots()
    top = max(value for seam in known for value in (seam.blended, seam.cut, 1.0) if value is not None)
    for row, seam in enumerate(known):
        bars = [
            (-0.2, seam.cut, {"facecolor": "white", "edgecolor": LINES[1], "hatch": "///"}),
            (0.2, seam.blended, {"color": LINES[0]}),
        ]
        for shift, value, style in bars:
            if value is not None:
                axes.barh(row + shift, value, height=0.36, **style)
                axes.text(value + 0.015 * top, row + shift, f"{value:.2f}", va="center", fontsize=8.5)
    axes.axvline(1, color=INK, linewidth=1)
    axes.set_xlim(0, 1.18 * top)
    axes.set_ylim(len(known) - 0.5, -0.5)
    axes.set_yticks(range(len(known)), [words.model(seam.model).replace(" ", "\n") for seam in known])
    axes.set_xlabel("jump across seams / beside them")
    axes.set_title("do the seams show? (1: no)")
    axes.tick_params(axis="y", length=0)
    handles = [
        Patch(facecolor="white", edgecolor=LINES[1], hatch="///", label="tiles side by side"),
        Patch(color=LINES[0], label="blended"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)


def _list_fates(figure: Any, fates: Mapping[str, Sequence[Fate]], seams: Sequence[Seam]) -> None:
    """In words: how many tiles of each model have a forecast, and its worst seam."""
    worst = {seam.model: seam.worst for seam in seams}
    blocks = [tile_words.summary(model, [fate.status for fate in own], worst.get(model, {})) for model, own in fates.items()]
    figure.text(0.04, 0.96, "\n".join(blocks), va="top", fontsize=8.5, linespacing=1.45)


def _facts(tiles: Sequence[Tile], lost: Mapping[str, list[Fate]], seams: Sequence[Seam], line: str) -> Facts:
    rows, cols = tiles[0].shape
    skipped = sum(tile.skipped for tile in tiles)
    cover = tile_words.cover(len(tiles), skipped, rows, cols)
    said = [tile_words.seams(seam.model, seam.blended, seam.cut) for seam in seams]
    gone = [
        tile_words.left_out(
            model, [fate.tile for fate in own if fate.status == "failed"], [fate.tile for fate in own if fate.status == "skipped"]
        )
        for model, own in lost.items()
    ]
    stitched = [f"{words.capital(words.model(seam.model))}: {seam.sentence}" for seam in seams if seam.sentence]
    return Facts(
        "F18",
        " ".join([cover, *said]),
        "Left: map of the velocity with the outlines of the tiles. Right: bars of the median jump across seams over that beside them, "
        f"with and without blending. {' '.join([cover, *said, *filter(None, gone)])}",
        "Solid: the part that is a tile's own; dashed: the window its model sees. A jump is the difference between neighbouring pixels "
        f"of the forecast. {' '.join([*stitched, line])}",
        "mm/yr, and 1 for the ratios",
        {
            "tiles": len(tiles),
            "skipped": skipped,
            "seams": {
                seam.model: {
                    "blended": seam.blended, "none": seam.cut, "seam_mm": seam.seam, "interior_mm": seam.interior, "worst": dict(seam.worst),
                }
                for seam in seams
            },
            "failed": {model: [fate.tile for fate in own if fate.status == "failed"] for model, own in lost.items()},
        },
    )  # fmt: skip
