"""What a figure says in words and numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HIDDEN = "hidden"  # a figure with nothing to show says so in its numbers, and is not on the page


@dataclass(frozen=True)
class Facts:
    """What a figure says in words and numbers; kept as JSON beside it.

    Attributes:
        id: ``F1``, ``F2`` ...
        title: the sentence over the figure.
        alt: what the figure shows, for those who do not see it.
        caption: quantity, unit, geometry, sign, reference, period and share used.
        unit: unit of what is drawn.
        numbers: the numbers that the words are made of.
    """

    id: str
    title: str
    alt: str
    caption: str
    unit: str
    numbers: dict[str, Any] = field(default_factory=dict)


def read_figures(paths: Sequence[Path]) -> dict[str, tuple[Path, Facts]]:
    """Figures by their ids, each with its facts; ``paths`` are images and the JSON beside them. Those with nothing to show are left out."""
    read = [
        (path, Facts(**json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))))
        for path in paths
        if path.suffix != ".json"
    ]
    return {facts.id: (image, facts) for image, facts in read if not facts.numbers.get(HIDDEN)}
