"""F27 vertical and east-west velocity, F28 their series where the ground moves most."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import Colormap, Normalize
from numpy.typing import NDArray

from ..drawing.axes import dates_axis
from ..drawing.bars import draw_signed_bar
from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import INK, LINES, SOFT, scale_map, signed_map
from ..drawing.limits import beyond, symmetric_limit
from ..drawing.maps import draw_graticule, draw_map, map_height
from ..drawing.marks import draw_legend, draw_marks, draw_scale
from ..series.points.mapping import draw_ground
from ..writing import words
from ..writing.facts import Facts
from . import sentences
from .numbers import Decomposed, read_decomposed

TITLES = {"vertical": "vertical velocity", "east": "east-west velocity"}


def draw_decomposed(
    decomposed: Path,
    record: Path,
    velocities: Path,
    velocities_json: Path,
    courses: Path,
    courses_json: Path,
    colours: str,
) -> None:
    """Draw maps of vertical and east-west velocity, and both over time where the ground moves most.

    Args:
        decomposed: what ``decompose_cubes`` left.
        record: what it says of itself.
        velocities: F27, mm/yr, up and east positive.
        velocities_json: its facts.
        courses: F28, mm.
        courses_json: its facts.
        colours: which end of the bar of vertical motion is red (``report.colours``).
    """
    found, said = read_decomposed(decomposed), json.loads(record.read_text(encoding="utf-8"))
    _draw_maps(found, said, colours, velocities, velocities_json)
    _draw_courses(found, courses, courses_json)


def colours_of(name: str, colours: str) -> Colormap:
    """Colours of a part: those of displacement for the vertical, others for east-west, which is no subsidence."""
    return signed_map(colours) if name == "vertical" else scale_map("broc")


def _draw_maps(found: Decomposed, said: dict[str, Any], colours: str, image: Path, text: Path) -> None:
    limits = {name: symmetric_limit(values) for name, values in found.velocity.items()}
    room = (3.6, 3.5)
    zero = (float(said["reference"]["lon"]), float(said["reference"]["lat"]))
    with canvas(map_height(found.frame, room[0], 1.75)) as figure:
        if found.fastest is None:
            say(figure, sentences.fastest(found)[0])
        else:
            cells = list(figure.subplots(1, 2))
            for number, (axes, (name, values)) in enumerate(zip(cells, found.velocity.items(), strict=True)):
                colour, limit = colours_of(name, colours), limits[name]
                _draw_values(axes, found, values, colour, Normalize(-limit, limit), room, left=number == 0)
                axes.set_title(TITLES[name], fontsize=9.5)
                draw_marks(axes, found.frame, zero, {}, names=False)
                draw_signed_bar(figure, axes, values, limit, colour, "mm/yr", sentences.ENDS[name], aspect=24)
            draw_scale(cells[0], found.frame)
            draw_legend(figure, not found.points and not found.used.all(), True, False, grey="not seen from two sides")
    cut = [share for name, values in found.velocity.items() if (share := beyond(values, limits[name])) > 0]
    lines = sentences.fastest(found)
    facts = Facts(
        "F27",
        "Vertical and east-west velocity",
        f"Two maps, vertical and east-west velocity. {' '.join(lines)}",
        f"Velocities in mm/yr from {words.listed([cube['name'] for cube in said['cubes']])}, each over its own record. "
        f"{sentences.caption(found, said)}{words.clipped(max(cut)) if cut else ''}",
        "mm/yr",
        {"used": int(found.used.sum()), "limits": limits, "edge": found.edge, "share_faster": found.share},
    )
    keep(figure, facts, image, text)


def _draw_values(
    axes: Any,
    found: Decomposed,
    values: NDArray[Any],
    colour: Colormap,
    norm: Normalize,
    room: tuple[float, float],
    *,
    left: bool,
) -> None:
    if not found.points:
        draw_map(axes, found.frame.up(values), found.frame, colour, norm)
        draw_graticule(axes, found.frame, room, left=left)
        return
    draw_ground(axes, found.frame, room, left=left)
    size = float(np.clip(6000 / max(values.size, 1), 6, 60))
    axes.scatter(
        found.data.x.values, found.data.y.values, s=size, c=colour(norm(values)), edgecolors=INK, linewidths=0.25, zorder=3
    )


def _draw_courses(found: Decomposed, image: Path, text: Path) -> None:
    at = None if found.fastest is None or not found.dates else found.fastest["vertical"]
    sentence = sentences.series(found)
    title, numbers = sentence, {}
    with canvas(3.0) as figure:
        if at is None:
            say(figure, sentence)
        else:
            axes = figure.add_subplot()
            axes.axhline(0, color=SOFT, linewidth=0.6)
            dates = np.array(found.dates, "datetime64[D]")
            for name, sign, line, style in (("vertical", "up", LINES[1], "-"), ("east", "east", LINES[0], (0, (5, 1.5)))):
                values, sigma = found.at(name, at), found.at(f"sigma_{name}", at)
                axes.fill_between(dates, values - sigma, values + sigma, color=line, alpha=0.18, linewidth=0)
                axes.plot(dates, values, linestyle=style, color=line, linewidth=1.6, label=f"{name} (+ {sign}) ± 1σ")
                numbers[name] = float(values[np.isfinite(values)][-1]) if np.isfinite(values).any() else None
            axes.set_ylabel("displacement [mm]")
            axes.grid(axis="y")
            axes.legend(loc="best")
            dates_axis(axes)
            title = f"Vertical and eastward displacement where the vertical motion is fastest ({words.place(*found.place(at))})"
    facts = Facts(
        "F28",
        title,
        f"Two lines over time with bands of one standard deviation. {sentence}",
        f"{sentence} Displacement in mm since the first of them, against the common reference; the bands are one standard deviation, that of a "
        "cube without its own being the scatter about a straight line.",
        "mm",
        {"dates": len(found.dates), "last": numbers},
    )
    keep(figure, facts, image, text)
