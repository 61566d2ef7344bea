"""F18: how the scene was cut into tiles, what became of them, and whether their seams show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.colors import Normalize
from matplotlib.patches import Patch

from insarcast.core import Tile, open_cube, read_tiles

from ..displacement.captions import map_line
from ..displacement.numbers import cube_numbers, used_only
from ..drawing.bars import draw_signed_bar
from ..drawing.canvas import canvas, keep, parts
from ..drawing.colours import INK, LINES, SOFT, signed_map
from ..drawing.frame import frame_of
from ..drawing.limits import symmetric_limit
from ..drawing.maps import draw_graticule, draw_map
from ..drawing.marks import draw_scale
from ..writing import words
from ..writing.facts import Facts
from . import tile_words
from .fates import Fate, Seam, grouped, read_fates, read_seams
from .plan import Plan


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
        Plan(axes, frame, data.sizes["y"], data.sizes["x"]).draw(cut, lost, found)
        draw_signed_bar(left, axes, values, limit, signed_map(colours), None, aspect=26)
        axes.set_title("tiles over the velocity [mm/yr]")
        upper, lower = parts(right, [1.0 + 0.55 * max(len(found), 1), 1.0])
        _draw_ratios(upper, found)
        _list_fates(lower, fates, found)
    keep(figure, _facts(cut, lost, found, map_line(data, cube_numbers(data))), seams, seams_json)


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
