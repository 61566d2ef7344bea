"""Sentences on release joins: where two versions of a product meet, and what that did to the series."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .series_points import Points
from .words import NBSP, count, day


def told(record: Mapping[str, Any], points: Points) -> str:
    """The joins of a cube in one or more sentences; what is looked for and not found is said too."""
    joins = [item for item in record.get("joins", []) if item.get("kind") != "start"]
    if not joins:
        jumps = int(points.cube.jump.values.any(axis=0).sum()) if "jump" in points.cube else 0
        if jumps:
            return (
                f"{count(jumps, 'series', 'series')} cross a join of two releases of the product; steps across it are not scored."
            )
        return "No join of two releases of the product was found in the series."
    return " ".join(_one(item, points) for item in joins)


def _one(item: Mapping[str, Any], points: Points) -> str:
    ended, joined = int(item.get("n_end") or 0), int(item.get("n_joined") or 0)
    why = f"{count(ended, 'series', 'series')} end there together" if item.get("kind") != "stated" else "the study says so"
    start = f"Two releases of the product seem to meet after {day(str(item['last']))} ({why})"
    if item.get("kind") == "stated":
        start = f"Two releases of the product meet after {day(str(item['last']))} ({why})"
    return f"{start}; {count(joined, 'series', 'series')} of {points.total} go on across it{_size(item)}. Steps across it are not scored."


def _size(item: Mapping[str, Any]) -> str:
    here, usual, excess = (_number(item.get(name)) for name in ("jump_sd_mm", "usual_sd_mm", "excess_mm"))
    if here is None or usual is None or excess is None:
        return ", and how much they jump cannot be told"
    if excess < 0.3 * usual:
        return f", and their levels differ no more than elsewhere ({here:.1f} against {usual:.1f}{NBSP}mm, 1σ over the points)"
    both = f"{here:.1f} against {usual:.1f}{NBSP}mm elsewhere"
    return f", where they jump by about {excess:.1f}{NBSP}mm beyond what is usual (1σ over the points; {both})"


def _number(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(float(value)) else None
