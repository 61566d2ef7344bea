"""F1 velocity and F3 expected change of points: the maps a reader looks at first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.patheffects as effects
import numpy as np
from matplotlib.colors import Colormap, Normalize
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from . import sentences, series_words, words
from .frame import Frame
from .look import INK, TALLEST, Facts, beyond, canvas, keep, one_digit, say, scale_map, signed_map, symmetric_limit
from .mapping import draw_fastest, draw_graticule, draw_scale, draw_scale_bar, draw_signed_bar
from .series_models import who
from .series_picks import pick_points
from .series_points import Ahead, Array, Points, ahead, read_points
from .series_scores import drawn_store, read_series_scores

GROUND = "#dfe3e7"  # between the points nothing is measured
NOT_USED = "#8d949c"


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
    points = read_points(series)
    found = read_series_scores([scores], auto, model)
    store = drawn_store(calibrated, found.scored)
    picks = pick_points(points, store)
    _draw_velocity(points, picks, colours, velocity, velocity_json)
    _draw_change(points, ahead(store, points), found.scored, picks, colours, change, change_json)


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
    """Points in the colours of their values, the largest on top; those without a value are small grey rings."""
    x, y = points.map_xy()
    known, size = np.isfinite(values), marker_size(points)
    axes.scatter(x[~known], y[~known], s=0.5 * size, facecolors="none", edgecolors=NOT_USED, linewidths=0.6, zorder=2)
    order = np.flatnonzero(known)[np.argsort(np.abs(values[known]), kind="stable")]
    axes.scatter(
        x[order], y[order], s=size, c=colours(norm(values[order])), edgecolors=INK, linewidths=0.3 if size < 40 else 0.5, zorder=3
    )


def draw_picks(axes: Any, points: Points, picks: Mapping[str, int]) -> None:
    """Letters at the points whose series are drawn."""
    x, y = points.map_xy()
    assert points.frame is not None
    middle = (points.frame.left + points.frame.right) / 2
    for letter, point in picks.items():
        side = -1 if x[point] > middle else 1
        axes.annotate(
            letter, (x[point], y[point]), (9 * side, 8), textcoords="offset points", ha="center", va="center", fontsize=10,
            fontweight="bold", path_effects=[effects.withStroke(linewidth=2.6, foreground="white")], zorder=8,
        )  # fmt: skip


def draw_measure(axes: Any, points: Points) -> None:
    """Scale bar and north arrow, the arrow in the upper corner with fewer points."""
    assert points.frame is not None
    frame, (x, y) = points.frame, points.map_xy()
    high = y > frame.top - 0.25 * (frame.top - frame.bottom)
    edge = 0.12 * (frame.right - frame.left)
    right, left = int((high & (x > frame.right - edge)).sum()), int((high & (x < frame.left + edge)).sum())
    draw_scale(axes, frame, [(frame.right, frame.top)] if right > left else [])


def map_size(frame: Frame, width: float, extra: float) -> float:
    """Height of a figure whose maps are ``width`` inches wide, with ``extra`` inches for bar and legend."""
    return float(np.clip(width * frame.shape_ratio + extra, 3.2, TALLEST))


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


def _draw_velocity(points: Points, picks: Mapping[str, int], colours: str, image: Path, text: Path) -> None:
    values, frame = points.velocity, points.frame
    limit, colour = symmetric_limit(values), signed_map(colours)
    with canvas(
        map_size(frame, 7.2, 1.1) if frame else 3.6, "constrained" if not frame or frame.tall else "compressed"
    ) as figure:
        if points.fastest is None:
            say(figure, series_words.measured(points))
        elif frame is None:
            dots(figure.add_subplot(), points, values, None, limit, colour, "velocity [mm/yr]")
        else:
            axes = figure.add_subplot()
            draw_ground(axes, frame, (7.0, 4.0))
            draw_values(axes, points, values, colour, Normalize(-limit, limit))
            draw_measure(axes, points)
            draw_fastest(axes, (float(points.cube.x.values[points.fastest]), float(points.cube.y.values[points.fastest])))
            draw_picks(axes, points, picks)
            draw_signed_bar(figure, axes, values, limit, colour, "velocity [mm/yr]")
            draw_key(figure, True, "not used" if points.count < points.total else None)
    period = f"{points.dates[0]} to {points.dates[-1]}"
    alt = series_words.measured(points)
    if points.fastest is not None:
        alt = f"{'Map' if frame else 'Dots'} of the velocity of {words.count(points.count, 'point')}. {series_words.fastest(points)}"
    note = " Letters: the points whose series are drawn below." if picks and frame else ""
    facts = Facts(
        "F1", f"Velocity of {words.count(points.count, 'point')}, {period}", alt,
        f"Slope of a straight line through each series in mm/yr, {period}. {place_line(points)}"
        f"{sentences.clipped(beyond(values, limit)).replace('pixels', 'points')}{note}",
        "mm/yr", {"used": points.count, "total": points.total, "limit": limit, "picks": {k: points.name(v) for k, v in picks.items()}},
    )  # fmt: skip
    keep(figure, facts, image, text)


def place_line(points: Points) -> str:
    """What holds for every map of a cube: geometry, sign, reference."""
    reference = str(points.cube.attrs.get("reference") or "").strip().rstrip(".")
    zero = f"reference: {reference}" if reference else "reference not recorded"
    return f"Along the line of sight ({series_words.geometry(points)}), positive towards the satellite; {zero}."


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


def _draw_change(
    points: Points, last: Ahead, model: str, picks: Mapping[str, int], colours: str, image: Path, text: Path
) -> None:
    frame, colour = points.frame, signed_map(colours)
    limit = symmetric_limit(last.change)
    wide = one_digit(float(np.nanpercentile(last.half, 98))) if np.isfinite(last.half).any() else 1.0
    # Tall scenes side by side; wide ones too, for a point needs less room than a pixel.
    with canvas(map_size(frame, 3.5, 1.2) if frame else 3.6) as figure:
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
            draw_measure(left, points)
            draw_picks(left, points, picks)
            left.set_title("expected change", fontsize=9.5)
            right.set_title(f"\N{PLUS-MINUS SIGN} half of the {last.level} % interval", fontsize=9.5)
            draw_signed_bar(
                figure, left, last.change, limit, colour, "change [mm]", aspect=26, ends=("away (subsidence)", "towards (uplift)")
            )
            extend = "max" if float(np.nanmax(last.half)) > wide else "neither"
            draw_scale_bar(figure, right, Normalize(0, wide), shades, "half-width [mm]", extend)
            draw_key(figure, False, "not forecast" if int(last.known.sum()) < points.total else None)
    facts = Facts(
        "F3", f"Expected change from {last.origin} to {last.target} by {who(model)}", series_words.expected(points, last, model),
        f"Median change in mm over {words.count(last.steps, 'acquisition')}, and half of the width of its {last.level} % interval. "
        f"{place_line(points)} {series_words.unforecast(points, last)}".strip(),
        "mm", {"limit": limit, "forecast": int(last.known.sum()), "origin": last.origin, "target": last.target},
    )  # fmt: skip
    keep(figure, facts, image, text)
