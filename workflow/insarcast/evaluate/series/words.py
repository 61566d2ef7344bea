"""What was left out of the scores of a ready series, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .stores import Cells


class Left:
    """Counts of cells by what became of them.

    Attributes:
        cells: whose target date the series reaches.
        later: whose target date comes after the series.
        unmeasured: without a displacement at origin or target.
        broken: with a release join or a bridged step between.
        missing: model -> without its forecast, of those with a truth.
        dropped: with a truth, but without a forecast of some model.
    """

    def __init__(self, models: Sequence[str]) -> None:
        self.cells = self.later = self.unmeasured = self.broken = self.dropped = 0
        self.missing = dict.fromkeys(models, 0)

    def add(self, cells: Cells, reached: NDArray[np.bool_]) -> None:
        """Count a chunk; ``reached`` (origin, horizon) where the series reaches the target."""
        points = cells.truth.shape[-1]
        known = np.isfinite(cells.truth)
        self.cells += int(reached.sum()) * points
        self.later += int((~reached).sum()) * points
        self.broken += int(cells.broken.sum())
        self.unmeasured += int((reached[..., None] & ~known & ~cells.broken).sum())
        self.dropped += int((known & ~cells.scored).sum())
        for name, median in zip(self.missing, cells.medians, strict=True):
            self.missing[name] += int((known & ~np.isfinite(median)).sum())

    def reasons(self) -> list[str]:
        """Sentences on why cells are not scored, as far as they should be."""
        found = []
        for count, why in (
            (self.unmeasured, "the series has no displacement at the origin or at the target"),
            (self.broken, "a join of two releases or a bridged step lies between origin and target"),
            (self.dropped, f"a model has no forecast ({self._culprits()})"),
        ):
            if count:
                found.append(f"{count} of {self.cells} forecasts are not scored, because {why}.")
        if not self.cells:
            found.append("the series ends before the first target.")
        return found

    def _culprits(self) -> str:
        return ", ".join(f"{name}: {count}" for name, count in self.missing.items() if count)


def unscored_sentences(left: Left) -> list[str]:
    """One sentence for each reason, for the report."""
    found = left.reasons()
    if left.later and left.cells:
        found.append(f"{left.later} forecasts reach beyond the last date of the series; nobody knows yet how they did.")
    return found
