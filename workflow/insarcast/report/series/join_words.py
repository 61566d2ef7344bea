"""Sentences on release joins: where two versions of a product meet, and what that did to the series."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..writing.words import NBSP, count, day
from .points.numbers import Points


def told(record: Mapping[str, Any], points: Points, source: str) -> str:
    """The joins of a cube in one or more sentences; empty for a source that has no releases (``points``) and no join."""
    joins = record.get("joins", [])
    if joins:
        return " ".join(_begun(item) if item.get("kind") == "start" else _one(item, points) for item in joins)
    jumps = int(points.cube.jump.values.any(axis=0).sum()) if "jump" in points.cube else 0
    if jumps:
        return f"{count(jumps, 'series', 'series')} cross a join of two releases of the product; steps across it are not scored."
    return "" if source == "points" else "No join of two releases of the product was found in the series."


def dates(record: Mapping[str, Any]) -> list[str]:
    """Between which dates releases meet, in words, each once."""
    return list(dict.fromkeys(_between(item) for item in record.get("joins", []) if item.get("kind") != "start"))


def _between(item: Mapping[str, Any]) -> str:
    return f"between {day(str(item['last']))} and {day(str(item['date']))}"


def _begun(item: Mapping[str, Any]) -> str:
    """What is warned about and not marked: series that begin together, none of which ends early."""
    number = int(item.get("n_start") or 0)
    return (
        f"{count(number, 'series', 'series')} begin together on {day(str(item['begin']))}, and none ends early: two releases of the product "
        "may meet somewhere later, which is not marked; if so, give the last date of the older one in series.joins.dates."
    )


def _one(item: Mapping[str, Any], points: Points) -> str:
    ended, joined = int(item.get("n_end") or 0), int(item.get("n_joined") or 0)
    why = f"{count(ended, 'series', 'series')} end there together" if item.get("kind") != "stated" else "the study says so"
    verb = "meet" if item.get("kind") == "stated" else "seem to meet"
    start = f"Two releases of the product {verb} {_between(item)} ({why})"
    return f"{start}; {count(joined, 'series', 'series')} of {points.total} go on across it{_size(item)}. Steps across it are not scored."


def _size(item: Mapping[str, Any]) -> str:
    here, usual, excess = (_number(item.get(name)) for name in ("jump_sd_mm", "usual_sd_mm", "excess_mm"))
    if here is None or usual is None or excess is None:
        return ", and how much they jump cannot be told"
    at, elsewhere = (f"\N{PLUS-MINUS SIGN}{value:.1f}{NBSP}mm" for value in (here, usual))
    if excess < 0.3 * usual:
        return f", and levels change there no more than elsewhere ({at} from point to point, elsewhere {elsewhere})"
    return f", and levels change there by {at} from point to point, elsewhere by {elsewhere}"


def _number(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(float(value)) else None
