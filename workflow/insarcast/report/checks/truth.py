"""F19: a simulated scene against its truth, where nothing has to be believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.colors import Normalize

from insarcast.core import open_cube, open_store

from ..displacement.captions import map_line, reference_of
from ..displacement.numbers import cube_numbers, iso, used_only
from ..drawing.bars import draw_scale_bar, draw_signed_bar
from ..drawing.canvas import canvas, keep, parts, say
from ..drawing.colours import LINES, scale_map, signed_map
from ..drawing.frame import Frame, frame_of
from ..drawing.limits import beyond, one_digit, symmetric_limit
from ..drawing.maps import draw_graticule, draw_map
from ..drawing.marks import draw_marks, draw_scale
from ..scores import scoring
from ..writing import words
from ..writing.facts import Facts
from . import truth_words
from .truth_numbers import by_kind, by_model, cube_sentence, read_truth

MOST_KINDS = 6
# What the displacement and the forecasts are held against: name in the table, words, style.
HATCHED = {"facecolor": "white", "edgecolor": LINES[1], "hatch": "///"}
SOLID = {"color": LINES[0]}


def draw_truth(cube: Path, fields: Path, comparison: Path, colours: str, truth: Path, truth_json: Path) -> None:
    """Draw truth, displacement and their difference, and the errors against the truth.

    Args:
        cube: the full cube.
        fields: truth on the cube's grid: ``displacement`` (time, y, x), mm along the line of sight, + towards the satellite.
        comparison: table of errors of the cube and of the forecasts against the truth.
        colours: which end of the bar is red (``report.colours``).
        truth: F19, mm.
        truth_json: its facts.
    """
    data, store, table = open_cube(cube), open_store(fields), read_truth(comparison)
    frame, facts = frame_of(data), cube_numbers(data)
    layers, date = _layers(data, store, frame)
    kinds, errors = by_kind(table), by_model(table)
    limit = symmetric_limit(layers[:2])
    with canvas(5.33) as figure:
        if not np.isfinite(layers[2]).any():
            say(figure, truth_words.cube({}, None, None))
        else:
            upper, lower = parts(figure, [1.25, 1])
            rms = frame.up(used_only(data, store.rms_deformation))
            _draw_maps(upper, layers, rms, frame, reference_of(data), limit, colours)
            left, right = lower.subplots(1, 2)
            _draw_kinds(left, kinds)
            _draw_models(right, errors)
    sentence = cube_sentence(table)
    keep(
        figure,
        Facts(
            "F19",
            sentence,
            f"Maps of {date} in mm with the same colours: truth, displacement, and displacement minus truth; and a map of the rms "
            f"difference over all dates. Below: bars of the rms error "
            f"by kind of ground, with and without the atmosphere, and of the forecasts' mean absolute error against truth and "
            f"observation. {sentence}",
            f"Displacement on {date} in mm, the same limits on the first three maps, difference: displacement minus truth; the fourth: "
            "rms over all dates in mm. Errors by kind of ground: rms of displacement minus truth "
            "over all dates, against the ground's deformation, and against deformation and atmosphere together, which is what a radar "
            "sees. Errors by model: mean absolute error over all test origins and lead times, of the last observed displacement plus the "
            "forecast change against where the ground then is (the record's mean atmosphere, which the first date leaves in every "
            "displacement, taken off), and of the forecast change against the observed one. "
            f"{map_line(data, facts)}{words.clipped(beyond(layers, limit))}",
            "mm",
            {
                "date": date,
                "limit": limit,
                "kinds": {
                    name: dict(zip(("deformation", "visible", "n"), values, strict=True)) for name, values in kinds.items()
                },
                "models": {name: dict(zip(("truth", "observed"), values, strict=True)) for name, values in errors.items()},
            },
        ),
        truth,
        truth_json,
    )


def _layers(data: xr.Dataset, store: xr.Dataset, frame: Frame) -> tuple[Any, str]:
    """Truth, displacement and their difference at the last date that the truth holds, (3, y, x), north up."""
    last = store.displacement.isel(time=-1)
    here = data.displacement.sel(time=last.time.values)
    true, ours = (used_only(data, layer) for layer in (last, here))
    true = np.where(np.isfinite(ours), true, np.nan)
    return frame.up(np.stack([true, ours, ours - true])), iso(last.time.values[None])[0]


def _draw_maps(figure: Any, layers: Any, rms: Any, frame: Frame, reference: Any, limit: float, colours: str) -> None:
    grid, colour = figure.subplots(1, 4), signed_map(colours)
    top, ramp = one_digit(float(np.nanpercentile(rms, 98))), scale_map("batlow_r")
    for axes, layer in zip(grid, layers, strict=False):
        draw_map(axes, layer, frame, colour, Normalize(-limit, limit))
        draw_marks(axes, frame, reference, {}, names=False)
    draw_map(grid[3], rms, frame, ramp, Normalize(0, top))
    for axes, title in zip(grid, ("truth", "displacement", "difference", "rms, all dates"), strict=True):
        draw_graticule(axes, frame, (1.6, 1.5), left=axes is grid[0])
        axes.set_title(f"{title} [mm]", fontsize=9)
    draw_scale(grid[0], frame)
    draw_signed_bar(figure, list(grid[:3]), layers, limit, colour, None)
    draw_scale_bar(figure, grid[3], Normalize(0, top), ramp, None, "max" if np.nanmax(rms) > top else "neither", aspect=13)


def _pairs(axes: Any, names: Sequence[str], values: Sequence[tuple[float | None, float | None]], labels: tuple[str, str]) -> None:
    """Two bars for each name, with their numbers."""
    for side, (style, label) in enumerate(zip((SOLID, HATCHED), labels, strict=True)):
        for row, pair in enumerate(values):
            height = pair[side]
            if height is not None:
                axes.barh(row + (side - 0.5) * 0.4, height, height=0.36, label=label, **style)
                axes.annotate(
                    f"{height:.1f}",
                    (height, row + (side - 0.5) * 0.4),
                    (3, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=7.5,
                )
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0, 1.15 * max([value for pair in values for value in pair if value is not None] or [1.0]))
    axes.tick_params(axis="y", length=0)
    handles = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    axes.legend(handles.values(), handles.keys(), loc="upper center", bbox_to_anchor=(0.5, -0.28), ncols=2, handlelength=1.4)


def _draw_kinds(axes: Any, kinds: Mapping[str, tuple[float | None, float | None, int]]) -> None:
    shown = dict(list(kinds.items())[:MOST_KINDS])
    names = [
        f"{'all ground' if name == scoring.ALL else words.plain(name)} ({words.whole(n)})" for name, (*_, n) in shown.items()
    ]
    _pairs(axes, names, [(first, second) for first, second, _ in shown.values()], ("deformation alone", "with the atmosphere"))
    axes.set_title("displacement against truth, by ground")
    axes.set_xlabel("rms error [mm]")


def _draw_models(axes: Any, errors: Mapping[str, tuple[float | None, float | None]]) -> None:
    known = {words.model(name): pair for name, pair in errors.items()}
    _pairs(axes, list(known), list(known.values()), ("against the ground", "against observation"))
    axes.set_title("forecasts")
    axes.set_xlabel("mean absolute error [mm]")
