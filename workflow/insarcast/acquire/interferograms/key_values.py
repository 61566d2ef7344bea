"""Texts with a key and a value in each line, as processors leave them beside their products."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path


def read_key_values(path: Path, separator: str) -> dict[str, str]:
    """Keys in lower case -> values, of the lines that have the separator."""
    lines = [line.partition(separator) for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    return {key.strip().lower(): value.strip() for key, found, value in lines if found}


def number_of(values: Mapping[str, str], name: str) -> float | None:
    """The number that a value begins with (a unit may follow), or None."""
    try:
        number = float(values[name].split()[0])
    except (KeyError, ValueError, IndexError):
        return None
    return number if math.isfinite(number) else None
