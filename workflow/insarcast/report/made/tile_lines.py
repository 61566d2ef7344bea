"""What the page says of grid models: training, tiles that were tried again or left out, seams."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..writing import words
from ..writing.tables import Cell
from . import tile_words
from .fates import grouped, read_fates, read_seams
from .training import training_words


def grid_lines(batches: Sequence[Path], seams: Sequence[Path]) -> list[str]:
    """Sentences on all grid models of a cube; none where it has no such model."""
    lines = []
    found = {seam.model: seam for seam in read_seams(seams)}
    for model, fates in grouped(read_fates(batches)).items():
        again = [fate for fate in fates if fate.attempts > 1 and not fate.lost]
        lost = {status: [fate.tile for fate in fates if fate.status == status] for status in ("failed", "skipped")}
        lines.append(training_words(model, fates))
        if len(again) > tile_words.MOST:
            lines.append(tile_words.many_retried(model, len(again)))
        else:
            lines += [tile_words.retried(model, fate.tile, fate.attempts) for fate in again]
        lines.append(tile_words.left_out(model, lost["failed"], lost["skipped"]))
        if model in found:
            lines.append(tile_words.seams(model, found[model].blended, found[model].cut))
    return [line for line in lines if line]


def lost_tiles(batches: Sequence[Path]) -> list[dict[str, Cell]]:
    """Rows of the table of everything left out: tiles without a forecast, by model."""
    return [
        {
            "what": "tile",
            "name": f"{words.model(fate.model)}, tile {fate.tile}",
            "count": None,
            "reason": f"{fate.status}: {fate.reason}",
        }
        for fate in read_fates(batches)
        if fate.lost
    ]
