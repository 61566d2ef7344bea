"""Dates of a table: each once, in order, and only those that the study wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from insarcast.core import InsarcastError

from .table import Notes, Table

LEAST = 3  # dates that a series needs


def order_dates(
    values: NDArray[np.float32], days: Sequence[str], where: str, notes: Notes
) -> tuple[NDArray[np.float32], list[str]]:
    """Rows in the order of their dates, each date once.

    Args:
        values: ``(time, point)``.
        days: ``yyyymmdd`` of its rows, as the file has them.
        where: the file, for the sentence.
        notes: where a date that stands twice is listed.

    Raises:
        InsarcastError: a date stands twice with different values.
    """
    order = sorted(range(len(days)), key=lambda at: days[at])
    kept: list[int] = []
    twice: list[str] = []
    for at in order:
        if kept and days[kept[-1]] == days[at]:
            if not np.array_equal(values[kept[-1]], values[at], equal_nan=True):
                raise InsarcastError(
                    f"{where} has two columns of the date {days[at]} with different values; remove one of them or correct its date."
                )
            twice.append(days[at])
        else:
            kept.append(at)
    notes.drop("date", f"a second column of {where} with the same values", twice)
    if order != list(range(len(days))):
        notes.warn(f"The dates of {where} are not in order; they were sorted.")
    return (values if kept == list(range(len(days))) else values[kept]), [days[at] for at in kept]


def planned_dates(first: str, step: int, count: int) -> list[str]:
    """``count`` dates ``yyyymmdd`` every ``step`` days from ``first`` (``yyyymmdd`` or ``yyyy-mm-dd``)."""
    start = date.fromisoformat(first if "-" in first else f"{first[:4]}-{first[4:6]}-{first[6:]}")
    return [(start + timedelta(days=step * index)).strftime("%Y%m%d") for index in range(count)]


def select_dates(table: Table, products: Mapping[str, Any], notes: Notes) -> Table:
    """The dates that the study wants: ``products.start``, ``end`` and ``exclude``; all others are listed.

    Raises:
        InsarcastError: fewer than three are left.
    """
    start, end = ((products[key] or "").replace("-", "") for key in ("start", "end"))
    reasons = {
        f"before products.start {products['start']}": [day for day in table.dates if start and day < start],
        f"after products.end {products['end']}": [day for day in table.dates if end and day > end],
        "products.exclude": [day for day in table.dates if day in products["exclude"]],
    }
    unknown = [day for day in products["exclude"] if day not in table.dates]
    notes.drop("exclude", "products.exclude names it, but the table has no such date", unknown)
    for reason, days in reasons.items():
        notes.drop("date", reason, days)
    left = {day for days in reasons.values() for day in days}
    empty = [day for day, row in zip(table.dates, table.values, strict=True) if day not in left and not np.isfinite(row).any()]
    notes.drop("date", "no point has a value", empty)
    kept = [at for at, day in enumerate(table.dates) if day not in left and day not in empty]
    if len(kept) < LEAST:
        raise InsarcastError(
            f"{len(kept)} dates of the series are left, but a forecast needs at least {LEAST}; widen products.start, end and exclude, "
            "or give a longer series."
        )
    if len(kept) == len(table.dates):
        return table
    return replace(table, values=table.values[kept], dates=[table.dates[at] for at in kept])
