"""What a figure says in words and numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


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


def read_facts(path: Path) -> Facts:
    """The facts beside a figure."""
    return Facts(**json.loads(path.read_text(encoding="utf-8")))


HIDDEN = "hidden"  # a figure with nothing to show says so in its facts, and is not on the page
