"""Sentences on GNSS along the line of sight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..writing import words
from ..writing.words import NBSP, count, mm


def gnss(comparisons: Sequence[Mapping[str, Any]], skipped: Sequence[Any], sentence: str | None = None) -> str:
    """How InSAR and GNSS agree along the line of sight.

    Args:
        comparisons: numbers of each.
        skipped: stations and pairs that were left out.
        sentence: what the comparison says of itself; it stands where nothing was compared and nothing was left out.
    """
    if not comparisons and not skipped and sentence:
        return f"{sentence.rstrip('.')}; nothing independent checks the displacement."
    if not comparisons:
        why = f" ({count(len(skipped), 'station or pair', 'stations or pairs')} left out, see the record)" if skipped else ""
        return f"No GNSS station could be compared with the displacement{why}; nothing independent checks it."
    parts = []
    for item in comparisons:
        bias = item.get("bias")
        drift = f", GNSS minus InSAR {words.signed(bias)}{NBSP}mm on average" if bias is not None else ""
        parts.append(
            f"{words.stations(item['name'])} differs by {mm(item['rmse'])} (rms of {count(int(item['n']), 'date')}{drift})"
        )
    return f"Against GNSS along the line of sight, {'; '.join(parts)}."
