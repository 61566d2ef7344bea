"""F30: what is fitted beside the velocity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.colors import Normalize

from ..drawing.bars import draw_side_bar, extend_of
from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import scale_map, signed_map
from ..drawing.frame import Frame, frame_of
from ..drawing.limits import one_digit, symmetric_limit
from ..drawing.maps import draw_map
from ..drawing.marks import draw_scale
from ..writing import words
from ..writing.facts import HIDDEN, Facts
from . import sentences
from .numbers import used_only

MOST = 6  # maps of what is fitted


def fitted_layers(data: xr.Dataset) -> list[tuple[str, str, str]]:
    """Layers of the cube that are fitted beside the velocity: name, words with the unit, and their kind."""
    known = [
        ("dem_error", "error of the DEM [m]", "height"),
        ("annual_amplitude", "amplitude of the yearly course [mm]", "size"),
        ("annual_peak_day", "day of the year nearest to the satellite", "cyclic"),
    ]
    steps = sorted(str(name) for name in data.data_vars if str(name).startswith("step_"))
    known += [(name, f"step on {words.day(name.removeprefix('step_'))} [mm]", "signed") for name in steps]
    return [item for item in known if item[0] in data and np.isfinite(used_only(data, data[item[0]])).any()]


def draw_fitted(data: xr.Dataset, colours: str, image: Path, text: Path) -> None:
    """Draw F30: maps of what is fitted beside the velocity."""
    layers, frame = fitted_layers(data), frame_of(data)
    shown = layers[:MOST]
    sentence = " ".join(sentences.fitted(data)) or "Nothing is fitted beside the velocity."
    medians = {}
    columns = min(max(len(shown), 1), 3)
    rows = -(-len(shown) // columns)
    high = rows * ((7.4 / columns - 0.55) * frame.shape_ratio + 0.4) + 0.1 if shown else 1.6
    with canvas(max(high, 1.6), "compressed") as figure:
        if not shown:
            say(figure, sentence)
        else:
            cells = list(figure.subplots(rows, columns, squeeze=False).flat)
            for axes in cells[len(shown) :]:
                axes.set_axis_off()
            for axes, (name, label, kind) in zip(cells, shown, strict=False):
                values = used_only(data, data[name])
                medians[name] = float(np.nanmedian(np.abs(values)))
                _draw_layer(axes, frame.up(values), frame, label, kind, colours)
            draw_scale(cells[0], frame)
    more = f" {words.count(len(layers) - MOST, 'more layer')} in the cube." if len(layers) > MOST else ""
    facts = Facts(
        "F30",
        sentence,
        f"Maps of {words.listed([label for _, label, _ in shown]) or 'nothing'}. {sentence}",
        f"What is fitted beside the velocity, in every used pixel; motion is along the line of sight, positive towards the satellite.{more}",
        "m, mm and days, as each bar says",
        {HIDDEN: not shown, "median_size": medians},
    )
    keep(figure, facts, image, text)


def _draw_layer(axes: Any, values: Any, frame: Frame, label: str, kind: str, colours: str) -> None:
    norm, colour = Normalize(0, 365.25), scale_map("romaO")
    if kind in ("signed", "height"):
        limit = symmetric_limit(values)
        norm, colour = Normalize(-limit, limit), signed_map(colours) if kind == "signed" else scale_map("broc")
    elif kind == "size":
        norm, colour = Normalize(0, one_digit(float(np.nanpercentile(values, 98)))), scale_map("batlow_r")
    draw_map(axes, values, frame, colour, norm)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(label, fontsize=8.5, fontweight="normal")
    draw_side_bar(axes, norm, colour, extend_of(values, norm))
