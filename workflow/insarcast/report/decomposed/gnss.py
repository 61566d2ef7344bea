"""F29: vertical and eastward displacement against GNSS."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from ..checks.gnss import draw_comparisons
from . import sentences


def draw_decomposed_gnss(gnss: Path, series: Path, comparison: Path, comparison_json: Path) -> None:
    """Draw GNSS and InSAR over time, vertically and to the east, and one against the other.

    Args:
        gnss: comparisons and what was skipped.
        series: table station_a, station_b, date, gnss_mm, insar_mm (mm, up and east positive), component.
        comparison: F29.
        comparison_json: its facts.
    """
    found = json.loads(gnss.read_text(encoding="utf-8"))
    sentence = sentences.gnss(found["comparisons"], found["skipped"], found["sentence"])
    about = "Vertical and eastward displacement, InSAR the mean around the stations, both zero at their first common date; mm, up and east positive."
    draw_comparisons(found, pd.read_parquet(series), "F29", sentence, about, comparison, comparison_json)
