"""A map panel: pixels in place, light on the relief, graticule in degrees."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from .canvas import TALLEST
from .colours import GREY
from .frame import Frame, degrees

LABEL = 0.68  # inches that a longitude takes side by side with others: 119.65° W at 8.5 points


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


def map_height(frame: Frame, width: float, extra: float, least: float = 3.2) -> float:
    """Height of a figure whose map is ``width`` inches wide, with ``extra`` inches for bar and legend."""
    return float(np.clip(width * frame.shape_ratio + extra, least, TALLEST))
