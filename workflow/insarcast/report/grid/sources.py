"""Files of a cube on a grid that the page is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Sources:
    """Files of one cube that the page is made from; classes are the edges of its velocity classes, mm/yr; model is report.model.

    ``clusters`` (the store of the full vintage), ``batches`` and ``seams`` (of grid models), and ``truths`` (the table and the
    numbers of a simulated scene), and ``corrections`` (their record) are empty for a cube that has none.
    """

    name: str
    manifest: Path
    decisions: Path
    cube: Path
    forecasts: Sequence[Path]
    choice: Path
    scores: Path
    likeness: Path
    gnss: Path
    clusters: Sequence[Path]
    batches: Sequence[Path]
    seams: Sequence[Path]
    truths: Sequence[Path]
    maps: Path
    figures: Sequence[Path]
    classes: Sequence[float]
    model: str | None
    corrections: Sequence[Path] = ()
