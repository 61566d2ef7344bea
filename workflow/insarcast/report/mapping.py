"""A map panel: pixels in place, graticule in degrees, scale bar, north arrow, reference, stations, and a bar with words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.patheffects as effects
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from .frame import Frame, Place, degrees
from .look import GREY, INK, part_of, used_part

LABEL = 0.68  # inches that a longitude takes side by side with others: 119.65° W at 8.5 points
_HALO = [effects.withStroke(linewidth=2.4, foreground="white")]


def draw_map(
    axes: Axes, values: NDArray[Any], frame: Frame, colours: Colormap, norm: Normalize, shade: NDArray[Any] | None = None
) -> None:
    """Draw values (y, x; north up) at their native grid; what is NaN stays hatched grey.

    Args:
        axes: where to draw.
        values: field (y, x) as ``Frame.up`` gives it.
        frame: where the grid lies.
        colours: colour map.
        norm: limits.
        shade: light 0..1 (y, x) multiplied under the colours, or None.
    """
    axes.set_facecolor(GREY)
    axes.patch.set_hatch("////")
    axes.patch.set_edgecolor("#aeb4bb")
    colour = colours(norm(np.ma.masked_invalid(values)))
    if shade is not None:
        colour[..., :3] *= np.where(np.isfinite(shade), shade, 1.0)[..., None]
    colour[..., 3] = np.isfinite(values)
    box = (frame.left, frame.right, frame.bottom, frame.top)
    axes.imshow(colour, extent=box, origin="upper", interpolation="nearest", aspect=frame.stretch)
    for side in ("top", "right"):
        axes.spines[side].set_visible(True)


def hillshade(cube: xr.Dataset, frame: Frame) -> NDArray[Any] | None:
    """Light 0.72..1 on the relief (y, x; north up), from 315°/45°; None where there is little relief to see."""
    if "height" not in cube:
        return None
    height = frame.up(cube.height.values).astype(float)
    known = np.isfinite(height)
    if min(height.shape) < 3 or known.mean() < 0.5 or np.ptp(np.percentile(height[known], [2, 98])) < 150:
        return None
    step = (frame.right - frame.left) / height.shape[1] * frame.metres_per_unit()
    rows, columns = np.gradient(np.where(known, height, np.nanmedian(height)), step)
    slope, aspect = np.arctan(2 * np.hypot(rows, columns)), np.arctan2(-columns, rows)
    sun = math.radians(45)
    light = np.sin(sun) * np.cos(slope) + np.cos(sun) * np.sin(slope) * np.cos(math.radians(315) - aspect)
    return np.asarray(0.72 + 0.28 * np.clip(light, 0, 1))


def draw_graticule(axes: Axes, frame: Frame, room: tuple[float, float], *, bottom: bool = True, left: bool = True) -> None:
    """Ticks in decimal degrees with E, W, N, S, also where the grid is in metres.

    Args:
        axes: a map.
        frame: where its grid lies.
        room: width and height in inches that the map may take; as many ticks are set as there is room for their labels.
        bottom: whether the longitudes are written.
        left: whether the latitudes are.
    """
    width = min(room[0], room[1] / frame.shape_ratio)
    most = {"x": int(np.clip(width / 0.95, 1, 5)), "y": int(np.clip(width * frame.shape_ratio / 0.95, 1, 5))}
    ends = {
        "x": (frame.to_lonlat(frame.left, frame.bottom)[0], frame.to_lonlat(frame.right, frame.bottom)[0]),
        "y": (frame.to_lonlat(frame.left, frame.bottom)[1], frame.to_lonlat(frame.left, frame.top)[1]),
    }
    for name, shown in (("x", bottom), ("y", left)):
        low, high = ends[name]
        values = np.asarray(
            MaxNLocator(nbins=most[name], steps=[1, 2, 5, 10], min_n_ticks=min(2, most[name])).tick_values(low, high)
        )
        values = values[(values >= low) & (values <= high)]
        if name == "y":  # an upright label should not reach the corner's other label, nor out of the figure
            edge = 0.3 / (width * frame.shape_ratio) * (high - low)
            inner = values[(values >= low + edge) & (values <= high - edge)]
            values = inner if len(inner) >= min(2, len(values)) else values
            if len(values) > 2 and (values[1] - values[0]) / (high - low) * width * frame.shape_ratio < LABEL:
                values = values[::2]
        else:
            values = _side_by_side(values, low, high, width)
        if not len(values):
            values = np.array([(low + high) / 2])
        digits = max(0, math.ceil(-math.log10(values[1] - values[0]) - 1e-6)) if len(values) > 1 else _digits(float(values[0]))
        if name == "x":
            places = [frame.from_lonlat(value, ends["y"][0])[0] for value in values]
            axes.set_xticks(places, [degrees(v, "x", digits) for v in values] if shown else [""] * len(values))
        else:
            places = [frame.from_lonlat(ends["x"][0], value)[1] for value in values]
            labels = [degrees(v, "y", digits) for v in values] if shown else [""] * len(values)
            axes.set_yticks(places, labels, rotation=90, va="center")
    axes.tick_params(length=3, width=0.6, pad=2)
    axes.set_xlim(frame.left, frame.right)
    axes.set_ylim(frame.bottom, frame.top)


def _side_by_side(values: NDArray[Any], low: float, high: float, width: float) -> NDArray[Any]:
    """The longitudes whose labels neither touch each other nor, where they are close, reach out of a map ``width`` inches wide."""
    inch = width / (high - low)
    if len(values) < 2 or (values[1] - values[0]) * inch > LABEL + 0.25:
        return values
    inner = values[(values - low >= 0.5 * LABEL / inch) & (high - values >= 0.5 * LABEL / inch)]
    if len(inner) > 1 and (inner[1] - inner[0]) * inch > LABEL + 0.1:
        return inner
    return values[[int(np.abs(values - (low + high) / 2).argmin())]]


def _digits(value: float) -> int:
    """Decimals that a single tick needs, at most 3."""
    return next((digits for digits in range(3) if abs(round(value, digits) - value) < 1e-9), 3)


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


def draw_signed_bar(
    figure: Figure,
    axes: Any,
    values: NDArray[Any],
    limit: float,
    colours: Colormap,
    title: str | None,
    ends: tuple[str, str] | None = None,
    **place: Any,
) -> None:
    """Horizontal bar of a signed quantity with words at both ends (those of a displacement, if no others are given).

    Only the part of the bar that the field uses is drawn.
    """
    low, high = used_part(values, limit)
    part, norm = part_of(colours, limit, low, high)
    known = values[np.isfinite(values)]
    below, above = bool((known < low).any()), bool((known > high).any())
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[below, above]
    settings: dict[str, Any] = {"orientation": "horizontal", "aspect": 40, "pad": 0.03} | place
    bar = figure.colorbar(ScalarMappable(norm, part), ax=axes, extend=extend, extendfrac=0.03, **settings)
    bar.outline.set_linewidth(0.5)
    ticks = np.asarray(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))
    ticks = ticks[(ticks >= low - 1e-9) & (ticks <= high + 1e-9)]
    bar.set_ticks(list(ticks), labels=[f"{tick:+g}".replace("-", "\N{MINUS SIGN}") if tick else "0" for tick in ticks])
    below_words = "away from the satellite (subsidence)" if title else "away (subsidence)"
    ends = ends or (below_words, "towards (uplift)")
    for x, words, side in ((0.0, ends[0], "left"), (1.0, ends[1], "right")):
        bar.ax.text(x, -1.75, words, transform=bar.ax.transAxes, ha=side, va="top", fontsize=8.5)
    if title:  # on a line of its own: the bar of a tall scene is too narrow for all three
        bar.set_label(title, fontsize=8.5, fontweight="bold", labelpad=14)


def draw_side_bar(axes: Any, norm: Normalize, colours: Colormap, extend: str = "neither", integer: bool = False) -> None:
    """Upright bar of an unsigned quantity, as high as its map."""
    place = axes.inset_axes((1.03, 0, 0.05, 1))
    bar = axes.figure.colorbar(ScalarMappable(norm, colours), cax=place, extend=extend, extendfrac=0.04)
    bar.outline.set_linewidth(0.5)
    bar.locator = MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10], integer=integer)
    bar.update_ticks()
    place.tick_params(labelsize=8, length=2, pad=2)


def draw_scale_bar(
    figure: Figure, axes: Any, norm: Normalize, colours: Colormap, title: str | None, extend: str = "neither", **place: Any
) -> None:
    """Horizontal bar of an unsigned quantity."""
    settings: dict[str, Any] = {"orientation": "horizontal", "aspect": 26, "pad": 0.03} | place
    bar = figure.colorbar(ScalarMappable(norm, colours), ax=axes, extend=extend, extendfrac=0.03, **settings)
    bar.outline.set_linewidth(0.5)
    bar.locator = MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10])
    bar.update_ticks()
    if title:
        bar.set_label(title, fontsize=8.5, fontweight="bold")
