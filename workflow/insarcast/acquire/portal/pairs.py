"""Which interferograms of a frame a study wants, and which files each has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..found import Key
from ..patterns import is_date
from ..select import Skipped, select, skip

KINDS = ("unw", "cc")


def wanted_pairs(names: Iterable[str], products: Mapping[str, Any], licsar: Mapping[str, Any]) -> tuple[list[Key], list[Skipped]]:
    """Pairs of a frame that a study wants.

    Args:
        names: ``yyyymmdd_yyyymmdd`` as the portal lists them.
        products: the study's ``products``: start, end, exclude.
        licsar: the study's ``licsar``: min_days, max_days.

    Returns:
        The wanted pairs, and what was left out: pairs by the hundred are one line, those that the study names a line each.
    """
    pairs, skipped = [], []
    for name in sorted(names):
        one, _, other = name.partition("_")
        if is_date(one) and is_date(other) and one < other:
            pairs.append((one, other))
        else:
            skipped.append(skip("pair", name, "its name holds no two dates of the calendar, the earlier first"))
    least, most = licsar["min_days"], licsar["max_days"]
    short = [pair for pair in pairs if _days(pair) < least]
    long = [pair for pair in pairs if most is not None and _days(pair) > most]
    skipped += _together(short, f"shorter than licsar.min_days, {least}") + _together(
        long, f"longer than licsar.max_days, {most}"
    )
    kept, lines = select(sorted({*pairs} - {*short, *long}), dict(products))
    period = [line for line in lines if "products.start" in line["reason"] or "products.end" in line["reason"]]
    outside = [(line["name"][:8], line["name"][9:]) for line in period if line["what"] == "pair"]
    skipped += _together(outside, "outside products.start and products.end")
    return kept, skipped + [line for line in lines if line not in period]


def files_of(pair: Key) -> dict[str, str]:
    """Kind -> name of the file below the frame's folder."""
    name = "_".join(pair)
    return {kind: f"interferograms/{name}/{name}.geo.{kind}.tif" for kind in KINDS}


def _days(pair: Key) -> int:
    first, second = (datetime.strptime(date, "%Y%m%d") for date in pair)
    return (second - first).days


def _together(pairs: Sequence[Key], reason: str) -> list[Skipped]:
    """One line for pairs that were left out for one reason."""
    if not pairs:
        return []
    names = ["_".join(pair) for pair in pairs]
    return [skip("pairs", names[0] if len(names) == 1 else f"{len(names)}, {names[0]} to {names[-1]}", reason)]
