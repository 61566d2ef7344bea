"""F3: what is expected; with it F10 (failure.py) is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.colors import Normalize

from insarcast.core import open_cube, open_store

from ..displacement import sentences
from ..displacement.captions import map_line, reference_of
from ..displacement.numbers import cube_numbers
from ..drawing.bars import draw_scale_bar, draw_signed_bar
from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import scale_map, signed_map
from ..drawing.frame import Frame, frame_of
from ..drawing.limits import beyond, one_digit, symmetric_limit
from ..drawing.maps import draw_graticule, draw_map, map_height
from ..drawing.marks import draw_legend, draw_marks, draw_scale
from ..scores.verdict import chosen_store
from ..writing import words
from ..writing.facts import Facts
from .failure import draw_errors
from .outlook import Outlook, expected_words, outlooks


def draw_forecast(
    cube: Path,
    forecasts: Sequence[Path],
    choice: Path,
    errors: Path,
    forecast: Path,
    forecast_json: Path,
    failure: Path,
    failure_json: Path,
    colours: str,
    model: str | None,
) -> None:
    """Draw the operational forecast and the errors of past ones.

    Args:
        cube: the full cube.
        forecasts: calibrated forecasts, one store per model.
        choice: the newest choice of a model.
        errors: median forecast minus observation, mm, per model, origin and horizon.
        forecast: F3, mm along the line of sight.
        forecast_json: its facts.
        failure: F10, mm.
        failure_json: its facts.
        colours: which end of the bar is red (``report.colours``).
        model: the model to draw (``report.model``); None: the newest choice.
    """
    data, store = open_cube(cube), chosen_store(forecasts, choice, model)
    last = outlooks(store, data)[-1]
    _draw_outlook(data, last, colours, model is not None, forecast, forecast_json)
    name = str(store.attrs["model"])
    draw_errors(data, open_store(errors).sel(model=name), store, name, colours, failure, failure_json)


def _beyond_doubt(last: Outlook) -> str:
    """In how many pixels the interval leaves out 0; empty without an interval."""
    if last.low is None or last.high is None:
        return ""
    known = np.isfinite(last.low) & np.isfinite(last.high)
    share = float(((last.low > 0) | (last.high < 0))[known].mean()) if known.any() else 0.0
    return f" and leaves out 0 in {words.percent(share)} of the pixels" if share else " and holds 0 in every pixel"


def _draw_outlook(data: xr.Dataset, last: Outlook, colours: str, asked: bool, image: Path, text: Path) -> None:
    frame, facts = frame_of(data), cube_numbers(data)
    change, half = frame.up(last.change), None if last.half is None else frame.up(last.half)
    limit = symmetric_limit(change)
    with canvas(map_height(frame, 3.5, 1.65)) as figure:
        if last.peak is None:
            say(figure, sentences.used(*facts.counts))
        else:
            left, right = figure.subplots(1, 2)
            colour = signed_map(colours)
            draw_map(left, change, frame, colour, Normalize(-limit, limit))
            draw_signed_bar(figure, left, change, limit, colour, None, aspect=24)
            left.set_title("expected change [mm]")
            _draw_half(figure, right, half, frame, last.level)
            for axes in (left, right):
                draw_graticule(axes, frame, (3.7, 3.6), left=axes is left)
                draw_marks(axes, frame, reference_of(data), {})
            draw_scale(left, frame)
            draw_legend(figure, facts.used < facts.total, reference_of(data) is not None, False)
    sentence = expected_words(data, last, asked)
    width = (
        ""
        if half is None or np.isnan(half).all()
        else f" The {last.level} % interval is \N{PLUS-MINUS SIGN}{words.mm(float(np.nanmedian(half)))} at the median pixel"
        f"{_beyond_doubt(last)}."
    )
    keep(
        figure,
        Facts(
            "F3",
            f"Expected change from {last.origin} to {last.target} by {words.model(last.model)}, and its {last.level} % half-width",
            f"Two maps in mm. Left: median change. Right: half-width of the {last.level} % interval. {sentence}{width}",
            f"{sentence}{width} {map_line(data, facts)}{words.clipped(beyond(change, limit))}",
            "mm",
            {
                "model": last.model, "origin": last.origin, "target": last.target, "level": last.level, "limit": limit,
                "largest": None if last.peak is None else float(last.change[last.peak]),
                "half_width": None if half is None or np.isnan(half).all() else float(np.nanmedian(half)),
            },
        ),
        image,
        text,
    )  # fmt: skip


def _draw_half(figure: Any, axes: Any, half: Any, frame: Frame, level: int) -> None:
    if half is None:
        draw_map(axes, np.full((1, 1), np.nan), frame, scale_map("batlow_r"), Normalize(0, 1))
        axes.set_title("the model gives no interval")
        return
    top = one_digit(float(np.nanpercentile(half, 98)))
    draw_map(axes, half, frame, scale_map("batlow_r"), Normalize(0, top))
    draw_scale_bar(
        figure, axes, Normalize(0, top), scale_map("batlow_r"), None, "max" if np.nanmax(half) > top else "neither", aspect=24
    )
    axes.set_title(f"half-width of the {level} % interval [mm]")
