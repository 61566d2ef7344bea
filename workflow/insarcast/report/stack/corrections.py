"""F32: what the corrections did to each date."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..drawing.axes import dates_axis
from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import LINES, SOFT
from ..writing.facts import Facts
from . import inversion_words
from .pairs import time

NAMES = {
    "gacos": "GACOS delay maps",
    "era5": "ERA5 delays",
    "height": "delay with height",
    "deramp": "ramp",
    "reference": "reference",
}


def draw_corrections(corrections: Path, effect: Path, effect_json: Path) -> None:
    """Draw the scatter of each date over the scene before and after every correction, and the delay with height.

    Args:
        corrections: the record of ``estimate_corrections`` of the full vintage.
        effect: F32.
        effect_json: its facts.
    """
    found = json.loads(corrections.read_text(encoding="utf-8"))
    steps = [step for step in found["steps"] if step.get("std_before") and step["std_before"] != step["std_after"]]
    lines = inversion_words.corrections(found["steps"])
    with canvas(2.7 if len(steps) < 2 else min(5.33, 2.1 * len(steps))) as figure:
        if not steps:
            say(figure, " ".join(lines) or "Nothing was taken off after the inversion.")
        else:
            _draw(figure, steps, [time(date) for date in found["dates"]])
    facts = Facts(
        "F32",
        " ".join(lines) or "Nothing was taken off after the inversion.",
        f"Scatter of each date over the scene before and after every correction. {' '.join(lines)}",
        "Left: standard deviation over a sample of pixels of what each pixel's own straight line leaves, in mm along the line of sight, "
        "before and after. Right: delay with height of each date, where it is estimated, about the mean of the dates and before it is "
        "shrunk to what is no chance: of a small slope only a part is taken off, and of an open ring nothing.",
        "mm",
        {"steps": [{key: step.get(key) for key in ("step", "sentence", "missing", "uncovered")} for step in found["steps"]]},
    )
    keep(figure, facts, effect, effect_json)


def _draw(figure: Any, steps: list[dict[str, Any]], dates: list[np.datetime64]) -> None:
    slopes = any("mm_per_km" in step for step in steps)
    grid = figure.subplots(len(steps), 2 if slopes else 1, squeeze=False, width_ratios=[2.1, 1] if slopes else [1])
    for row, step in zip(grid, steps, strict=True):
        axes = row[0]
        axes.plot(dates, step["std_before"], "o-", color=SOFT, markersize=3.5, linewidth=1.0, label="before")
        axes.plot(dates, step["std_after"], "s-", color=LINES[0], markersize=3.5, linewidth=1.4, label="after")
        axes.set_title(NAMES.get(str(step["step"]), str(step["step"])))
        axes.set_ylabel("scatter [mm]")
        axes.set_ylim(0, None)
        axes.grid(axis="y")
        dates_axis(axes)
        if not slopes:
            continue
        if "mm_per_km" not in step:
            row[1].set_axis_off()
            continue
        values = np.array([np.nan if value is None else value for value in step["mm_per_km"]], float)
        used = np.array(step.get("corrected", [True] * len(values)), bool)
        row[1].axhline(0, color=SOFT, linewidth=0.6)
        for which, fill in ((used, LINES[1]), (~used, "none")):
            row[1].plot(np.array(dates)[which], values[which], "o", markersize=4, markerfacecolor=fill, markeredgecolor=LINES[1])
        row[1].set_ylabel("delay [mm/km]")
        row[1].grid(axis="y")
        dates_axis(row[1], 4)
    grid[0, 0].legend(loc="best")
