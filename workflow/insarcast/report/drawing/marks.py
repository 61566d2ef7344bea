"""What stands on a map: scale bar, north arrow, reference, stations, the fastest pixel, and the key to them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.patheffects as effects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import ScaledTranslation

from .colours import GREY, INK
from .frame import Frame, Place

_HALO = [effects.withStroke(linewidth=2.4, foreground="white")]


def bar_length(width_m: float) -> float:
    """A round length in m (1, 2 or 5 times a power of ten), about a fifth of a map's width."""
    wanted = width_m / 5
    power = 10 ** math.floor(math.log10(wanted))
    return float(max(step * power for step in (1, 2, 5) if step * power <= wanted * 1.2))


def draw_scale(axes: Axes, frame: Frame, marks: Sequence[Place] = ()) -> None:
    """Scale bar at the lower left and north arrow at the upper right, on white so that they are read on any colour.

    Where one of ``marks`` (places in the units of the CRS) lies in the upper right, the arrow stands at the upper left.
    """
    metre = frame.metres_per_unit()
    length = bar_length((frame.right - frame.left) * metre)
    x = frame.left + 0.03 * (frame.right - frame.left)
    y = frame.bottom + 0.04 * (frame.top - frame.bottom)
    end = x + length / metre
    bar = axes.plot([x, end], [y, y], color=INK, linewidth=2.5, solid_capstyle="butt", zorder=6)[0]
    bar.set_path_effects([effects.withStroke(linewidth=5.5, foreground="white"), effects.Normal()])
    words = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    axes.annotate(
        words, ((x + end) / 2, y), (0, 4), textcoords="offset points", ha="center", fontsize=8.5, path_effects=_HALO, zorder=6
    )
    near = [
        x > frame.right - 0.12 * (frame.right - frame.left) and y > frame.top - 0.25 * (frame.top - frame.bottom)
        for x, y in marks
    ]
    corner, shift = ((0, 1), 12) if any(near) else ((1, 1), -12)
    axes.annotate(
        "N", corner, (shift, -30), xycoords="axes fraction", textcoords="offset points", ha="center", va="center",
        fontsize=9, fontweight="bold", path_effects=_HALO, zorder=6,
    )  # fmt: skip
    arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 1.3, "shrinkA": 0, "shrinkB": 0, "path_effects": _HALO}
    top, bottom = (axes.transAxes + ScaledTranslation(shift / 72, y / 72, axes.figure.dpi_scale_trans) for y in (-4, -24))
    axes.annotate("", corner, corner, xycoords=top, textcoords=bottom, arrowprops=arrow, zorder=6)


def draw_marks(
    axes: Axes, frame: Frame, reference: Place | None, stations: Mapping[str, Sequence[float]], names: bool = True
) -> None:
    """Star at the reference, triangles at GNSS stations with their names; those outside the map are left out."""
    if reference is not None:
        x, y = frame.from_lonlat(*reference)
        axes.plot(x, y, "*", markersize=13, color=INK, markeredgecolor="white", markeredgewidth=1.1, zorder=7)
    for name, (lon, lat) in sorted(stations.items()):
        x, y = frame.from_lonlat(lon, lat)
        if frame.left <= x <= frame.right and frame.bottom <= y <= frame.top:
            axes.plot(x, y, "^", markersize=8, color=INK, markeredgecolor="white", markeredgewidth=1.1, zorder=7)
            if names:
                side = -1 if x > frame.left + 0.8 * (frame.right - frame.left) else 1
                place: dict[str, Any] = {
                    "ha": "left" if side > 0 else "right",
                    "va": "center",
                    "fontsize": 9,
                    "fontweight": "bold",
                }
                axes.annotate(name, (x, y), (7 * side, 0), textcoords="offset points", path_effects=_HALO, zorder=7, **place)


def draw_fastest(axes: Axes, place: Place) -> None:
    """Ring around the fastest pixel, given in the units of the CRS."""
    for width, colour in ((3.2, "white"), (1.6, INK)):
        axes.plot(*place, "o", markersize=12, fillstyle="none", color=colour, markeredgewidth=width, zorder=7, clip_on=False)


def draw_legend(
    figure: Figure, missing: bool, reference: bool, stations: bool, fastest: bool = False, grey: str = "not used"
) -> None:
    """What star, triangle, ring and grey mean, below the maps."""
    handles: list[Any] = []
    if fastest:
        handles.append(Line2D([], [], marker="o", linestyle="", markersize=9, fillstyle="none", color=INK, label="fastest pixel"))
    if reference:
        handles.append(Line2D([], [], marker="*", linestyle="", markersize=11, color=INK, label="reference (zero)"))
    if stations:
        handles.append(Line2D([], [], marker="^", linestyle="", markersize=7, color=INK, label="GNSS station"))
    if missing:
        handles.append(Patch(facecolor=GREY, edgecolor="#8d949c", hatch="////", linewidth=0, label=grey))
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), handletextpad=0.5, columnspacing=1.8)
