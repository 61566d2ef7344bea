"""What the page says of a simulated scene's truth."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..scores.verdict import Verdict
from ..writing.tables import Table
from .truth_numbers import cube_rows, cube_sentence, forecast_sentences, read_truth
from .truth_tables import truth_forecasts_table, truth_table


@dataclass(frozen=True)
class Truth:
    """Comparisons with the truth; both are empty for a scene that was measured."""

    comparison: pd.DataFrame | None
    forecasts: Sequence[Mapping[str, Any]]

    def lines(self, verdict: Verdict) -> list[str]:
        """How far displacement and forecast are from the truth."""
        if self.comparison is None:
            return []
        return [cube_sentence(self.comparison), *forecast_sentences(self.comparison, verdict.scored, verdict.who)]

    def tables(self, cube: str, days: Mapping[int, float]) -> list[Table]:
        """Errors of displacement, velocity and forecasts."""
        if self.comparison is None:
            return []
        rows = pd.concat([cube_rows(self.comparison, quantity) for quantity in ("displacement", "velocity")])
        return [truth_table(cube, rows), truth_forecasts_table(cube, self.forecasts, days)]


def read_truths(paths: Sequence[Path]) -> Truth:
    """Read ``truth.parquet`` and ``truth.json`` of a cube, if it has them."""
    files = {path.suffix: path for path in paths}
    if ".parquet" not in files:
        return Truth(None, [])
    numbers = json.loads(files[".json"].read_text(encoding="utf-8"))
    return Truth(read_truth(files[".parquet"]), numbers["forecast"])
