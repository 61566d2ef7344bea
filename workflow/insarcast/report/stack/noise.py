"""F14: noise indices, mask, and why pixels are not used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.colors import ListedColormap, Normalize
from numpy.typing import NDArray

from ..displacement import sentences
from ..displacement.numbers import CubeNumbers, cube_numbers, opened_cube, used_pixels
from ..drawing.bars import draw_side_bar
from ..drawing.canvas import canvas, keep, parts
from ..drawing.colours import GREY, INK, LINES, scale_map
from ..drawing.frame import Frame, frame_of
from ..drawing.limits import one_digit
from ..drawing.maps import draw_map
from ..drawing.marks import draw_scale
from ..writing import words
from ..writing.facts import Facts

# Index, words on the bar, colours, and the limits (None: from the data): what a reader of InSAR asks for first.
INDICES: tuple[tuple[str, str, str, float | None, float | None], ...] = (
    ("temporal_coherence", "temporal coherence", "batlow", 0.0, 1.0),
    ("coherence", "mean coherence", "batlow", 0.0, 1.0),
    ("n_unw", "interferograms per pixel", "batlow", 0.0, None),
    ("resid_rms", "residual rms [mm]", "batlow_r", 0.0, None),
    ("stc", "space-time misfit (STC) [mm]", "batlow_r", 0.0, None),
    ("velocity_sigma", "velocity sigma [mm/yr]", "batlow_r", 0.0, None),
)


def draw_noise(cube: Path, noise: Path, noise_json: Path) -> None:
    """Draw noise indices, the mask, and the masked share by reason.

    Args:
        cube: the full cube.
        noise: F14.
        noise_json: its facts.
    """
    data = opened_cube(cube)
    facts, frame = cube_numbers(data), frame_of(data)
    shown = [item for item in INDICES if item[0] in data and np.isfinite(data[item[0]].values).any()][:6]
    with canvas(5.33) as figure:
        top, bottom = parts(figure, [2, 0.95])
        _draw_indices(list(top.subplots(2, 3).flat), data, frame, shown)
        left, right = bottom.subplots(1, 2, width_ratios=[1, 1.9])
        _draw_mask(left, data, frame)
        _draw_reasons(right, facts)
    keep(figure, _facts(data, facts, [item[0] for item in shown]), noise, noise_json)


def _draw_indices(cells: list[Any], data: xr.Dataset, frame: Frame, shown: list[Any]) -> None:
    for axes in cells[len(shown) :]:
        axes.set_axis_off()
    for axes, (name, label, colours, low, high) in zip(cells, shown, strict=False):
        values = frame.up(np.where(np.isfinite(data.velocity.values), data[name].values.astype(float), np.nan))
        norm, extend = _limits(values, low, high)
        draw_map(axes, values, frame, scale_map(colours), norm)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_title(label, fontsize=9, fontweight="normal")
        draw_side_bar(axes, norm, scale_map(colours), extend, integer=name == "n_unw")


def _limits(values: NDArray[Any], low: float | None, high: float | None) -> tuple[Normalize, str]:
    """Given limits, or those of the 1st and 99th percentile; a quality that is 0 to 1 keeps its scale only where it is used."""
    known = values[np.isfinite(values)]
    bottom, top = (float(v) for v in np.percentile(known, [1, 99])) if known.size else (0.0, 1.0)
    if high is not None and low is not None:
        low = min(max(low, np.floor(bottom * 10) / 10), high - 0.1)
        return Normalize(low, high), "min" if (known < low).any() else "neither"
    high = float(np.ceil(top)) if top > 3 else one_digit(top)
    if bottom > 0.8 * high:  # nearly the same everywhere: a scale from 0 would show one colour
        low = float(np.floor(min(bottom, high - 1)))
    return Normalize(low or 0.0, high), "max" if (known > high).any() else "neither"


def _draw_mask(axes: Any, data: xr.Dataset, frame: Frame) -> None:
    """Used, masked and never inverted pixels in three greys that differ in lightness."""
    inverted = np.isfinite(data.velocity.values)
    classes = np.where(used_pixels(data), 2.0, np.where(inverted, 1.0, np.nan))
    draw_map(axes, frame.up(classes), frame, ListedColormap([LINES[1], "#dfe8e4"]), Normalize(0.5, 2.5))
    axes.set_xticks([])
    axes.set_yticks([])
    draw_scale(axes, frame)
    axes.set_title("mask", fontsize=9, fontweight="normal")


def _draw_reasons(axes: Any, facts: CubeNumbers) -> None:
    """One bar for the area (used, not used), and one for each reason; a pixel may have several."""
    unused = facts.total - facts.used
    rows = [("used", facts.used, "#9dbfae"), ("not used", unused, LINES[1])]
    rows += [(words.reason(name), number, GREY) for name, number in facts.reasons[:5]]
    for row, (_, number, colour) in enumerate(rows):
        axes.barh(row, number / facts.total, color=colour, height=0.7)
        axes.text(
            number / facts.total + 0.01,
            row,
            f"{words.percent(number / facts.total)} ({words.whole(number)})",
            va="center",
            fontsize=8,
            color=INK,
        )
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.22)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_title("share of the pixels, by reason", fontsize=9, fontweight="normal")


def _facts(data: xr.Dataset, facts: CubeNumbers, shown: list[str]) -> Facts:
    inverted = np.isfinite(data.velocity.values)
    medians = {name: float(np.nanmedian(np.where(inverted, data[name].values, np.nan))) for name in shown}
    labels = {name: label for name, label, *_ in INDICES}
    listed = words.listed([f"{labels[name]} {words.number(value, 0 if value >= 100 else 2)}" for name, value in medians.items()])
    sentence = sentences.used(*facts.counts)
    medium = f" Medians: {listed}." if listed else ""
    return Facts(
        "F14",
        f"Noise and mask: {sentence}",
        f"Maps of {words.listed([labels[name] for name in shown]) or 'no noise index'}, the mask, "
        f"and bars of the share of pixels by reason. {sentence}{medium}",
        f"Noise indices by their field names, the mask (pale: used, orange: masked, hatched grey: not measured), "
        f"and why pixels are not used.{medium}",
        "1, mm and mm/yr, as each bar says",
        {"medians": medians, "used": facts.used, "total": facts.total, "reasons": dict(facts.reasons)},
    )
