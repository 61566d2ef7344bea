"""What the grid models left: what became of each tile, its training, and the seams; read here for figures and page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Fate:
    """What became of a tile in one model: status, reason, attempts, parameters, and the losses of its fits."""

    model: str
    tile: int
    status: str
    reason: str
    attempts: int
    parameters: int | None
    fits: Sequence[Mapping[str, Any]]

    @property
    def lost(self) -> bool:
        """Whether the model has no forecast from this tile."""
        return self.status in ("failed", "skipped")

    @property
    def shared(self) -> bool:
        """Whether one training of all tiles together served this one too."""
        return self.status == "forecast"


@dataclass(frozen=True)
class Seam:
    """How a model's map jumps across seams; ratios are against the jumps beside them, None where there is no seam.

    Attributes:
        model: registered name.
        blended: ratio of the map as it was blended.
        cut: ratio without blending, each pixel from the tile whose core holds it; None where nothing was blended anyway.
        seam: median jump across a seam of the blended map, mm.
        interior: median jump beside them, mm.
        worst: what the worst seam is: its ``tiles`` and ``ratio``.
        sentence: what the stage that stitched says.
    """

    model: str
    blended: float | None
    cut: float | None
    seam: float | None
    interior: float | None
    worst: Mapping[str, Any]
    sentence: str


def read_fates(batches: Sequence[Path]) -> list[Fate]:
    """What became of every tile, by model and tile; ``batches`` are the folders of batches."""
    found = []
    for folder in batches:
        batch = json.loads((folder / "batch.json").read_text(encoding="utf-8"))
        found += [
            Fate(
                str(batch["model"]), int(item["tile"]), str(item["status"]), str(item.get("reason") or ""), int(item.get("attempts") or 0),
                item.get("parameters"), item.get("fits") or [],
            )
            for item in batch["tiles"]
        ]  # fmt: skip
    return sorted(found, key=lambda fate: (fate.model, fate.tile))


def read_seams(stitches: Sequence[Path]) -> list[Seam]:
    """What the stage that stitched says of each model's seams."""
    found = []
    for path in stitches:
        said = json.loads(path.read_text(encoding="utf-8"))
        seam = said.get("seam") or {}
        if said.get("blend") == "none":
            seam = seam | {"none": None}
        numbers = {key: _number(seam.get(key)) for key in ("blended", "none", "seam_mm", "interior_mm")}
        found.append(
            Seam(
                str(said["model"]), numbers["blended"], numbers["none"], numbers["seam_mm"], numbers["interior_mm"], seam.get("worst") or {},
                str(said.get("sentence") or ""),
            )
        )  # fmt: skip
    return found


def _number(value: Any) -> float | None:
    """A number; None for what is missing or not finite."""
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else None


def fits_of(fates: Sequence[Fate]) -> list[Mapping[str, Any]]:
    """The trainings of a model that list their epochs; one of all tiles together is taken once, from the first tile."""
    own = [fit for fate in fates if not fate.shared for fit in fate.fits]
    common = next((list(fate.fits) for fate in fates if fate.shared), [])
    return [fit for fit in [*common, *own] if fit.get("epochs")]


def grouped(fates: Sequence[Fate]) -> dict[str, list[Fate]]:
    """Fates by model, in the order they come."""
    found: dict[str, list[Fate]] = {}
    for fate in fates:
        found.setdefault(fate.model, []).append(fate)
    return found
