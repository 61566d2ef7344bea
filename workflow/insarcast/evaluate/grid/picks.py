"""The automatic choice as one more model: which model it was at every origin."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from insarcast.core import InsarcastError

CHOSEN = "chosen"


def read_picks(choice: Path, origins: Sequence[str], models: Sequence[str]) -> list[int]:
    """Index of the model that was chosen at each origin.

    Raises:
        InsarcastError: the choice names no model, or one without a forecast, for an origin; or a model is called ``chosen``.
    """
    if CHOSEN in models:
        raise InsarcastError(f"A model is called '{CHOSEN}', the name of the automatic choice in the scores; rename it.")
    named = {str(item["origin"]): str(item["model"]) for item in json.loads(choice.read_text(encoding="utf-8"))["by_origin"]}
    for origin in origins:
        if named.get(origin) not in models:
            raise InsarcastError(f"{choice} chooses no model with a forecast at {origin}; delete the file and run again.")
    return [models.index(named[origin]) for origin in origins]
