"""F1 velocity and F3 expected change of points: the maps a reader looks at first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import Colormap, Normalize
from matplotlib.patches import Rectangle

from ..drawing.bars import draw_scale_bar, draw_signed_bar
from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import INK, scale_map, signed_map
from ..drawing.frame import Frame
from ..drawing.limits import beyond, one_digit, symmetric_limit
from ..drawing.maps import map_height
from ..drawing.marks import draw_fastest
from ..writing import words
from ..writing.facts import Facts
from ..writing.sight import VERTICAL_ENDS
from . import sentences
from .points.ahead import Ahead, ahead, quoted_forecast
from .points.mapping import (
    LOWEST,
    dots,
    draw_ground,
    draw_key,
    draw_measure,
    draw_picks,
    draw_values,
    map_width,
    outside_words,
    within,
)
from .points.numbers import Points
from .points.picks import pick_points
from .scores.models import who


def draw_points(
    series: Path,
    calibrated: Sequence[Path],
    auto: Sequence[Path],
    scores: Path,
    velocity: Path,
    velocity_json: Path,
    change: Path,
    change_json: Path,
    colours: str,
    model: str | None,
) -> None:
    """Draw the velocity of the points and what is expected of them.

    Args:
        series: the point cube.
        calibrated: calibrated forecasts, one store per model.
        auto: ``auto.json``, or nothing where there is one model only.
        scores: table of scores.
        velocity: F1, mm/yr along the line of sight, + towards the satellite.
        velocity_json: its facts.
        change: F3, expected change in mm at the longest lead time, and half the width of its interval.
        change_json: its facts.
        colours: which end of the bar is red (``report.colours``).
        model: the study's ``report.model``; None: the automatic choice.
    """
    points, store, scored = quoted_forecast(series, calibrated, auto, scores, model)
    picks = pick_points(points, store)
    _draw_velocity(points, picks, colours, velocity, velocity_json)
    _draw_change(points, ahead(store, points), scored, picks, colours, change, change_json)


def _draw_velocity(points: Points, picks: Mapping[str, int], colours: str, image: Path, text: Path) -> None:
    values, limit, colour = points.velocity, symmetric_limit(points.velocity), signed_map(colours)
    frames = [each for each in (points.frame, points.dense) if each is not None]
    room = (7.0 / max(len(frames), 1), 4.0)
    tall = max((map_height(each, room[0] + 0.2, 1.1, least=LOWEST) for each in frames), default=3.6)
    with canvas(tall, "compressed" if len(frames) == 1 and not frames[0].tall else "constrained") as figure:
        if points.fastest is None:
            say(figure, sentences.measured(points))
        elif not frames:
            dots(figure.add_subplot(), points, values, None, limit, colour, "velocity [mm/yr]")
        else:
            cells = list(figure.subplots(1, len(frames), squeeze=False)[0])
            for axes, frame in zip(cells, frames, strict=True):
                _draw_part(axes, points, frame, picks, Normalize(-limit, limit), colour, room)
            if points.dense is not None:
                cells[0].set_title("all points", fontsize=9.5)
                cells[1].set_title(f"all but {words.count(points.outside, 'point')}", fontsize=9.5)
                _draw_box(cells[0], points.dense)
            draw_signed_bar(figure, cells, values, limit, colour, "velocity [mm/yr]", _ends(points, room=True))
            draw_key(figure, True, "not used" if points.count < points.total else None)
    period = f"{points.dates[0]} to {points.dates[-1]}"
    alt = sentences.measured(points)
    if points.fastest is not None:
        alt = f"{'Map' if points.frame else 'Dots'} of the velocity of {words.count(points.count, 'point')}. {sentences.fastest(points)}"
    note = " Letters: the points whose series are drawn below." if picks and points.frame else ""
    facts = Facts(
        "F1", f"Velocity of {words.count(points.count, 'point')}, {period}", alt,
        f"Slope of a straight line through each series in mm/yr, {period}. {place_line(points)}"
        f"{words.clipped(beyond(values, limit)).replace('pixels', 'points')}{note}",
        "mm/yr", {"used": points.count, "total": points.total, "limit": limit, "picks": {k: points.name(v) for k, v in picks.items()}},
    )  # fmt: skip
    keep(figure, facts, image, text)


def _draw_part(
    axes: Any,
    points: Points,
    frame: Frame,
    picks: Mapping[str, int],
    norm: Normalize,
    colour: Colormap,
    room: tuple[float, float],
) -> None:
    """One map of the velocity; the letters of the dense part stand on its own map."""
    assert points.fastest is not None
    x, y = points.map_xy()
    draw_ground(axes, frame, room)
    draw_values(axes, points, points.velocity, colour, norm)
    draw_measure(axes, points, frame)
    if within((x[points.fastest], y[points.fastest]), frame):
        draw_fastest(axes, (x[points.fastest], y[points.fastest]))
    elsewhere = points.dense if frame is not points.dense else None
    letters = {letter: at for letter, at in picks.items() if elsewhere is None or not within((x[at], y[at]), elsewhere)}
    draw_picks(axes, points, letters, frame, map_width(frame, room))


def _draw_box(axes: Any, frame: Frame) -> None:
    """Outline of the part that is drawn large beside; never so small that it is not seen."""
    low, high = axes.get_xlim()
    side = max(frame.right - frame.left, frame.top - frame.bottom, 0.05 * (high - low))
    x, y = frame.centre
    axes.add_patch(Rectangle((x - side / 2, y - side / 2), side, side, fill=False, edgecolor=INK, linewidth=1.0, zorder=5))


def _ends(points: Points, room: bool = False) -> tuple[str, str] | None:
    """The words at the ends of a bar; None: the usual ones, where there is room for them."""
    if points.vertical:
        return VERTICAL_ENDS
    return None if room else ("away (subsidence)", "towards (uplift)")


def place_line(points: Points) -> str:
    """What holds for every map of a cube: geometry, sign, reference."""
    reference = str(points.cube.attrs.get("reference") or "").strip().rstrip(".")
    zero = f"reference: {reference}" if reference else "reference not recorded"
    if points.vertical:
        return f"Vertical motion, positive up; {zero}."
    return f"Along the line of sight ({sentences.geometry(points)}), positive towards the satellite; {zero}."


def _draw_change(
    points: Points, last: Ahead, model: str, picks: Mapping[str, int], colours: str, image: Path, text: Path
) -> None:
    frame, colour = points.main, signed_map(colours)
    limit = symmetric_limit(last.change)
    wide = one_digit(float(np.nanpercentile(last.half, 98))) if np.isfinite(last.half).any() else 1.0
    # Tall scenes side by side; wide ones too, for a point needs less room than a pixel.
    with canvas(map_height(frame, 3.5, 1.2, least=LOWEST) if frame else 3.6) as figure:
        if last.peak is None:
            say(figure, "Nothing is forecast: no point has a value on the newest date.")
        elif frame is None:
            dots(figure.add_subplot(), points, last.change, last.half, limit, colour, f"change by {last.target} [mm]")
        else:
            left, right = figure.subplots(1, 2)
            for axes, first in ((left, True), (right, False)):
                draw_ground(axes, frame, (3.5, 3.6), left=first)
            draw_values(left, points, last.change, colour, Normalize(-limit, limit))
            shades = scale_map("batlow_r")
            draw_values(right, points, last.half, shades, Normalize(0, wide))
            draw_measure(left, points, frame)
            draw_picks(left, points, picks, frame, map_width(frame, (3.5, 3.6)))
            left.set_title("expected change", fontsize=9.5)
            right.set_title(f"\N{PLUS-MINUS SIGN} half of the {last.level} % interval", fontsize=9.5)
            draw_signed_bar(figure, left, last.change, limit, colour, "change [mm]", aspect=26, ends=_ends(points))
            extend = "max" if float(np.nanmax(last.half)) > wide else "neither"
            draw_scale_bar(figure, right, Normalize(0, wide), shades, "half-width [mm]", extend)
            draw_key(figure, False, "not forecast" if int(last.known.sum()) < points.total else None)
    facts = Facts(
        "F3", f"Expected change from {last.origin} to {last.target} by {who(model)}", sentences.expected(points, last, model),
        f"Median change in mm over {words.count(last.steps, 'acquisition')}, and half of the width of its {last.level} % interval. "
        f"{place_line(points)} {sentences.unforecast(points, last)}{outside_words(points)}".strip(),
        "mm", {"limit": limit, "forecast": int(last.known.sum()), "origin": last.origin, "target": last.target},
    )  # fmt: skip
    keep(figure, facts, image, text)
