"""F24 spatial autocorrelation by lead time and F25 its local pattern: do neighbours err alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from insarcast.core import open_store

from ..drawing.axes import lead_ticks
from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import INK, LINES, SOFT
from ..drawing.lines import label_ends
from ..writing import words
from ..writing.facts import Facts
from .ahead import spread_out
from .mapping import NOT_USED, draw_ground, draw_measure, map_size, marker_size, outside_words
from .moran import LAYERS, moran_by_horizon, read_space, space_sentence
from .points import Points, read_points
from .scores.models import who
from .scores.reading import drawn_store, lead_days, read_series_scores

_LOOKS = {"truth": (INK, "-", "o"), "prediction": (LINES[0], (0, (5, 1.5)), "s"), "residual": (LINES[1], (0, (1, 1)), "D")}
# Quadrants of LISA: towards is blue and away red-brown as on every map; outliers have shapes of their own.
QUADRANTS = {
    1: ("high among high", "#2a6f97", "o"),
    3: ("low among low", "#9e3d08", "o"),
    2: ("low among high", "#CC79A7", "v"),
    4: ("high among low", "#E69F00", "^"),
}


def draw_space(
    series: Path,
    space: Sequence[Path],
    local: Sequence[Path],
    calibrated: Sequence[Path],
    auto: Sequence[Path],
    scores: Path,
    moran: Path,
    moran_json: Path,
    lisa: Path,
    lisa_json: Path,
    model: str | None,
) -> None:
    """Draw Moran's I by lead time and the local pattern of the last test origin.

    Args:
        series: the point cube.
        space: ``space.parquet``, and ``space.json`` where there is one.
        local: ``space.zarr``, or nothing for a cube without coordinates.
        calibrated: calibrated forecasts, one store per model.
        auto: ``auto.json``, or nothing where there is one model only.
        scores: table of scores.
        moran: F24, Moran's I by lead time.
        moran_json: its facts.
        lisa: F25, maps of significant local patterns.
        lisa_json: its facts.
        model: the study's ``report.model``; None: the automatic choice.
    """
    points = read_points(series)
    found = read_series_scores([scores], auto, model)
    store = drawn_store(calibrated, found.scored)
    rows, why = read_space(space, found.scored)
    _draw_moran(rows, why, lead_days(store), found.scored, moran, moran_json)
    _draw_lisa(points, [open_store(path) for path in local], why, lisa, lisa_json)


def _draw_moran(rows: pd.DataFrame, why: str, days: dict[int, float], model: str, image: Path, text: Path) -> None:
    series = {layer: found for layer in LAYERS if len(rows) and len(found := moran_by_horizon(rows, layer))}
    with canvas(3.5 if series else 1.6) as figure:
        if not series:
            say(figure, space_sentence(rows, why))
        else:
            axes = figure.add_subplot()
            axes.axhline(0, color=SOFT, linewidth=0.8)
            ends = []
            for layer, found in series.items():
                colour, dash, mark = _LOOKS[layer]
                x = [days[int(h)] for h in found["horizon"]]
                axes.plot(x, found["i"], color=colour, linestyle=dash, linewidth=1.8)
                for at, value, sure in zip(x, found["i"], found["sure"], strict=True):
                    axes.plot(
                        at, value, mark, color=colour, markersize=6, markerfacecolor=colour if sure > 0.5 else "white", zorder=4
                    )
                ends.append((x[-1], float(found["i"].iloc[-1]), LAYERS[layer], colour))
            axes.set_ylabel("Moran's I")
            axes.margins(x=0.03, y=0.12)
            low, high = axes.get_ylim()
            axes.set_ylim(min(low, -0.1), max(high, 0.3))  # noise about 0 should look like it
            axes.grid(axis="y")
            lead_ticks(axes, {int(h): days[int(h)] for found in series.values() for h in found["horizon"]})
            label_ends(axes, ends)
    sentence = space_sentence(rows, why)
    facts = Facts(
        "F24",
        sentence,
        f"Lines of Moran's I by lead time for observed change, forecast change and residual. {sentence}"
        if series
        else f"No figure: {sentence}",
        f"Moran's I of the change from origin to target, mean over the test origins: 0 without spatial order, 1 where neighbours are "
        f"equal. Filled: significant at 0.05 at more than half of the origins. Forecast: {who(model)}."
        if series
        else sentence,
        "1",
        {layer: {str(int(h)): float(i) for h, i in zip(found["horizon"], found["i"], strict=True)} for layer, found in series.items()},
    )  # fmt: skip
    keep(figure, facts, image, text)


def _draw_lisa(points: Points, stores: list[xr.Dataset], why: str, image: Path, text: Path) -> None:
    mapped = [store for store in stores if "lisa" in store and store.lisa.size]
    store = mapped[0] if mapped and points.frame is not None else None
    counts: dict[str, dict[str, int]] = {}
    about = why
    if store is None or points.main is None:
        with canvas(1.6) as figure:
            say(figure, why)
    else:
        which = int(np.argmax((store.lisa.values > 0).sum(axis=(0, 2))))  # the lead time with most to show, else the first
        horizon = int(store.horizon.values[which])
        names = [str(name) for name in store.layer.values]
        layers = [layer for layer in LAYERS if layer in names]
        frame = points.main
        # Wide scenes below each other would be too small: they stand side by side as tall ones do.
        with canvas(map_size(frame, 2.45, 0.95, 1.9)) as figure:
            grid = figure.subplots(1, len(layers), squeeze=False)[0]
            for at, (axes, layer) in enumerate(zip(grid, layers, strict=True)):
                part = store.lisa.isel(layer=names.index(layer), horizon=which)
                values = _placed(store, part, points)
                draw_ground(axes, frame, (2.4, 2.6), left=at == 0)
                counts[layer] = _quadrants(axes, points, values)
                axes.set_title(LAYERS[layer], fontsize=9.5)
            draw_measure(grid[0], points, frame)
            _key(figure)
        origin = str(store.attrs.get("origin") or "")[:10]
        since = f" from {origin}" if origin else ""
        told = "; ".join(f"{LAYERS[layer]}: {sum(found.values())}" for layer, found in counts.items())
        about = (
            f"Points that are significantly like or unlike their neighbours after {words.count(horizon, 'date')}{since} ({told})"
        )
    facts = Facts(
        "F25",
        about,
        f"Maps of local indicators of spatial association (LISA). {about}." if counts else f"No figure: {about}",
        "Local Moran statistics of the change, mm, at the last test origin whose targets are all observed, and of the first and last lead time "
        "the one with more such points. High: towards the satellite. "
        "False discovery rate 0.05." + outside_words(points)
        if counts
        else about,
        "1",
        {"points": counts},
    )
    keep(figure, facts, image, text)


def _placed(store: xr.Dataset, values: xr.DataArray, points: Points) -> Any:
    """Quadrants of all points of the cube; NaN where there are none."""
    if "index" in store.coords or "index" in store:
        return spread_out(store, values.values, points.total)
    return np.asarray(values.values, float)


def _quadrants(axes: Any, points: Points, values: Any) -> dict[str, int]:
    x, y = points.map_xy()
    size = 0.55 * marker_size(points) + 4
    quiet = values == 0
    axes.scatter(x[quiet], y[quiet], s=0.45 * size, color=NOT_USED, linewidths=0, zorder=2)
    found = {}
    for code, (name, colour, mark) in QUADRANTS.items():
        at = values == code
        axes.scatter(x[at], y[at], s=size, color=colour, marker=mark, edgecolors=INK, linewidths=0.4, zorder=3)
        found[name] = int(at.sum())
    return found


def _key(figure: Any) -> None:
    from matplotlib.lines import Line2D

    ring: dict[str, Any] = {"linestyle": "", "markeredgecolor": INK, "markeredgewidth": 0.4, "markersize": 7}
    handles = [Line2D([], [], marker=mark, color=colour, label=name, **ring) for name, colour, mark in QUADRANTS.values()]
    handles.append(Line2D([], [], marker="o", linestyle="", markersize=4, color=NOT_USED, label="not significant"))
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), handletextpad=0.3, columnspacing=1.2, fontsize=8
    )
