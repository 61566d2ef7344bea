"""Which pairs a study uses: start, end, exclude; everything left out is listed with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Skipped = dict[str, str]


def skip(what: str, name: str, reason: str) -> Skipped:
    """One line of the list of what was left out."""
    return {"what": what, "name": name, "reason": reason}


def select(pairs: Sequence[tuple[str, str]], products: dict[str, Any]) -> tuple[list[tuple[str, str]], list[Skipped]]:
    """Pairs that the study wants.

    Args:
        pairs: ``(date1, date2)`` of what was found, ``yyyymmdd``.
        products: the study's ``products``: start, end, exclude; and ``only``, names of the pairs that were ordered, if they were.

    Returns:
        The wanted pairs, and what was left out: pairs, then dates that no longer appear, then exclusions that fit nothing.
    """
    kept, skipped = [], []
    only = products.get("only")
    pairs = [pair for pair in pairs if only is None or "_".join(pair) in only]  # others were ordered for something else
    for pair in pairs:
        if reason := _reason(pair, products):
            skipped.append(skip("pair", "_".join(pair), reason))
        else:
            kept.append(pair)
    left = {date for pair in kept for date in pair}
    for date in sorted({date for pair in pairs for date in pair} - left):
        skipped.append(skip("date", date, _outside(date, products) or "none of its pairs is used"))
    known = {date for pair in pairs for date in pair} | {"_".join(pair) for pair in pairs}
    for name in products["exclude"] if only is None else ():  # else whoever ordered or fetched them has said it
        if name not in known:
            skipped.append(skip("exclude", name, "products.exclude names it, but there is no such date or pair"))
    return kept, skipped


def select_dates(dates: Sequence[str], products: dict[str, Any]) -> tuple[list[str], list[Skipped]]:
    """Dates of a ready series that the study wants.

    Args:
        dates: ``yyyymmdd`` of what was found.
        products: the study's ``products``: start, end, exclude.

    Returns:
        The wanted dates, ascending, and what was left out: dates, then exclusions that fit nothing.
    """
    wanted, skipped = [], []
    for date in sorted(set(dates)):
        if reason := _outside(date, products):
            skipped.append(skip("date", date, reason))
        else:
            wanted.append(date)
    for name in products["exclude"]:
        if name not in dates:
            kind = "a ready series has no pairs" if "_" in name else "there is no such date"
            skipped.append(skip("exclude", name, f"products.exclude names it, but {kind}"))
    return wanted, skipped


def _outside(date: str, products: dict[str, Any]) -> str | None:
    """Why a date is not wanted, or None."""
    start, end = products["start"], products["end"]
    if start and date < start.replace("-", ""):
        return f"before products.start {start}"
    if end and date > end.replace("-", ""):
        return f"after products.end {end}"
    return "products.exclude" if date in products["exclude"] else None


def _reason(pair: tuple[str, str], products: dict[str, Any]) -> str | None:
    """Why a pair is not wanted, or None."""
    if pair[0] >= pair[1]:
        return f"its first date {pair[0]} is not earlier than its second {pair[1]}"
    for date in pair:
        if reason := _outside(date, products):
            return f"{date}: {reason}"
    return "products.exclude" if "_".join(pair) in products["exclude"] else None
