"""F24: spatial autocorrelation by lead time; with it F25 (lisa.py), its local pattern, is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from insarcast.core import open_store

from ..drawing.axes import lead_ticks
from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import INK, LINES, SOFT
from ..drawing.lines import label_ends
from ..writing.facts import Facts
from .lisa import draw_lisa
from .moran import LAYERS, moran_by_horizon, read_space, space_sentence
from .points.ahead import quoted_forecast
from .scores.models import who
from .scores.reading import lead_days

_LOOKS = {"truth": (INK, "-", "o"), "prediction": (LINES[0], (0, (5, 1.5)), "s"), "residual": (LINES[1], (0, (1, 1)), "D")}


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
    points, store, scored = quoted_forecast(series, calibrated, auto, scores, model)
    rows, why = read_space(space, scored)
    _draw_moran(rows, why, lead_days(store), scored, moran, moran_json)
    draw_lisa(points, [open_store(path) for path in local], why, lisa, lisa_json)


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
