"""F15: displacement against GNSS along the line of sight, the one check that does not come from the interferograms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..drawing.axes import dates_axis
from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import INK, LINES, SOFT
from ..writing import words
from ..writing.facts import Facts
from . import gnss_words

MOST = 3  # comparisons drawn; all are in the table
KEPT = (
    *("name", "component", "n", "rmse", "bias"),
    *(f"velocity_{name}{ending}" for name in ("gnss", "insar", "difference") for ending in ("", "_sigma")),
)
_AXES = {"vertical": "vertical [mm]", "east": "eastward [mm]"}


def draw_gnss(gnss: Path, series: Path, comparison: Path, comparison_json: Path) -> None:
    """Draw GNSS and InSAR over time, and one against the other.

    Args:
        gnss: comparisons and what was skipped.
        series: table station_a, station_b, date, gnss_mm, insar_mm (mm along the line of sight, + towards the satellite).
        comparison: F15.
        comparison_json: its facts.
    """
    found = json.loads(gnss.read_text(encoding="utf-8"))
    sentence = gnss_words.gnss(found["comparisons"], found["skipped"], found.get("sentence"))
    about = (
        "GNSS projected onto the line of sight, InSAR the mean around the stations, both zero at their first common date; "
        "mm, positive towards the satellite."
    )
    draw_comparisons(found, pd.read_parquet(series), "F15", sentence, about, comparison, comparison_json)


def draw_comparisons(
    found: dict[str, Any], table: pd.DataFrame, number: str, sentence: str, about: str, comparison: Path, comparison_json: Path
) -> None:
    """Draw comparisons with GNSS, over time and one against the other; ``number`` is the figure's."""
    rows = min(len(found["comparisons"]), MOST)
    with canvas(2.9 if rows < 2 else min(5.33, 2.2 * rows)) as figure:
        if not rows:
            say(figure, sentence)
        else:
            grid = figure.subplots(rows, 2, squeeze=False, width_ratios=[2.1, 1])
            for (left, right), item in zip(grid, found["comparisons"], strict=False):
                own = _names(table) == item["name"]
                if "component" in table:
                    own &= (table["component"] == item["component"]).to_numpy()
                part = table[own].sort_values("date")
                _draw_series(left, part, item)
                _draw_scatter(right, part, item)
            grid[0, 0].legend(loc="lower left")
    rest = (
        f" {words.count(len(found['comparisons']) - MOST, 'more comparison')} in the table."
        if len(found["comparisons"]) > MOST
        else ""
    )
    facts = Facts(
        number,
        sentence,
        f"Left: displacement over time by GNSS and InSAR in mm. Right: one against the other. {sentence}",
        f"{about}{rest}",
        "mm",
        {"comparisons": [{key: item.get(key) for key in KEPT} for item in found["comparisons"]]},
    )
    keep(figure, facts, comparison, comparison_json)


def _names(table: pd.DataFrame) -> Any:
    """Names of the comparisons as gnss.json gives them, per row."""
    both = [
        " - ".join(part for part in pair if isinstance(part, str))
        for pair in zip(table["station_a"], table["station_b"], strict=True)
    ]
    return np.array(both, dtype=object)


def _draw_series(axes: Any, part: pd.DataFrame, item: dict[str, Any]) -> None:
    axes.axhline(0, color=SOFT, linewidth=0.6)
    dates = part["date"].to_numpy()
    axes.plot(dates, part["gnss_mm"], "^-", color=LINES[1], markersize=6, linewidth=1.3, label="GNSS")
    axes.plot(dates, part["insar_mm"], "o-", color=LINES[0], markersize=5, linewidth=1.3, label="InSAR")
    axes.set_title(words.stations(item["name"]))
    axes.set_ylabel(_AXES.get(str(item.get("component")), "line of sight [mm]"))
    axes.grid(axis="y")
    dates_axis(axes)


def _draw_scatter(axes: Any, part: pd.DataFrame, item: dict[str, Any]) -> None:
    gnss, insar = part["gnss_mm"].to_numpy(float), part["insar_mm"].to_numpy(float)
    low, high = min(gnss.min(), insar.min()), max(gnss.max(), insar.max())
    edge = 0.08 * max(high - low, 1.0)
    axes.plot([low - edge, high + edge], [low - edge, high + edge], color=SOFT, linewidth=0.9)
    axes.plot(gnss, insar, "o", color=LINES[0], markersize=5)
    axes.set_aspect("equal")
    axes.set_xlabel("GNSS [mm]")
    axes.set_ylabel("InSAR [mm]")
    bias = f"\nGNSS \N{MINUS SIGN} InSAR {words.signed(item['bias'], 1)} mm" if item.get("bias") is not None else ""
    axes.text(
        0.04,
        0.97,
        f"rms {item['rmse']:.1f} mm (n = {item['n']}){bias}",
        transform=axes.transAxes,
        va="top",
        fontsize=8.5,
        color=INK,
    )
