"""Tables of other forms: a row per point and date, and bare numbers without a first line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from insarcast.core import Header, InsarcastError, parse_date

from .columns import LONG, POINT, find_columns
from .dates import order_dates, planned_dates
from .table import Notes, Table
from .text import read_numbers


def is_long(header: Header, settings: Mapping[str, Any]) -> bool:
    """Whether a text table has a row per point and date: no column is a date, and one is called so."""
    if settings["layout"] != "auto":
        return bool(settings["layout"] == "long")
    return not header.dates and set(LONG) <= set(find_columns(header.names, settings["columns"], str(header.path)))


def read_long(header: Header, settings: Mapping[str, Any], number: int, notes: Notes, threads: int) -> Table:
    """Read a table with a row per point and date; points are in the order in which they first appear.

    Args:
        header: the table's first line.
        settings: the study's ``series``.
        number: position of the file in the manifest.
        notes: where ignored columns and repeated rows are listed.
        threads: parsers at work.

    Raises:
        InsarcastError: the point, the date or the value has no column, a date is none, or a point has two values at one date.
    """
    found = find_columns(header.names, settings["columns"], str(header.path))
    for thing in ("id", *LONG):
        if thing not in found:
            raise InsarcastError(
                f"{header.path} has a row per point and date, but no column for the {thing} is known by its name (it has "
                f"{', '.join(header.names[:8])}); name it in series.columns.{thing}."
            )
    known = {thing: at for thing, at in found.items() if thing in POINT or thing == "date"}
    notes.drop("column", "nothing that is used", _ignored(header, {at for at, _ in (*known.values(), found["value"])}))
    text = {known[thing][0] for thing in ("id", "date")}
    at_value, flip = found["value"]
    numbers, others = read_numbers(header, [at_value], {at: at in text for at, _ in known.values()}, settings, threads)
    point, ids, first = _codes(others[known["id"][0]])
    day, named, _ = _codes(others[known["date"][0]])
    days = [_day(name, header) for name in named]
    values = np.full((len(days), len(ids)), np.nan, "float32")
    values[day, point] = numbers[0] * np.float32(flip)
    _check_once(values, day, point, numbers[0] * np.float32(flip), ids, days, header, notes)
    columns: dict[str, NDArray[Any]] = {"id": ids}
    for thing, (at, sign) in known.items():
        if thing not in ("id", "date"):
            columns[thing] = others[at][first] * sign
    moved = [thing for thing in ("lon", "lat", "x", "y") if thing in known and _moves(others[known[thing][0]], first[point])]
    if moved:
        notes.warn(f"Points of {header.path.name} change their {' and '.join(moved)} from row to row; the first row's is used.")
    ordered, days = order_dates(values, days, str(header.path), Notes())  # rows of a long table come in any order
    return Table(ordered, days, columns, np.full(len(ids), number, "int16"))


def read_matrix(header: Header, settings: Mapping[str, Any], number: int, notes: Notes, threads: int) -> Table:
    """Read bare numbers, a row per point, a column per date: from ``series.first`` every ``series.step`` days.

    Raises:
        InsarcastError: a cell is no number, or rows have different lengths.
    """
    bare = replace(header, lines=header.lines - 1)
    values, _ = read_numbers(bare, range(len(header.names)), {}, settings, threads)
    days = planned_dates(settings["first"], settings["step"], len(values))
    ids = np.arange(1, values.shape[1] + 1).astype(str).astype(object)
    notes.warn(
        f"{header.path.name} has no dates: they were counted from {settings['first']}, every {settings['step']} days, as the study says."
    )
    return Table(values, days, {"id": ids}, np.full(len(ids), number, "int16"))


def _ignored(header: Header, used: set[int]) -> list[str]:
    return [name for at, name in enumerate(header.names) if at not in used]


def _codes(texts: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[Any], NDArray[np.intp]]:
    """Number of each text, the texts in the order in which they first appear, and where that is."""
    import pandas as pd

    codes, names = pd.factorize(texts)
    first = np.full(len(names), len(texts), np.intp)
    np.minimum.at(first, codes, np.arange(len(texts)))
    return codes.astype(np.intp), np.asarray(names, object), first


def _day(name: str, header: Header) -> str:
    day = parse_date(str(name))
    if day is None:
        raise InsarcastError(
            f"{header.path}: '{str(name)[:40]}' in its column of dates is no date (20180131 or 2018-01-31); correct it, or name the "
            "right column in series.columns.date."
        )
    return day


def _moves(values: NDArray[Any], first: NDArray[np.intp]) -> bool:
    return not np.array_equal(values, values[first], equal_nan=True)


def _check_once(
    values: NDArray[np.float32],
    day: NDArray[np.intp],
    point: NDArray[np.intp],
    written: NDArray[np.float32],
    ids: NDArray[Any],
    days: list[str],
    header: Header,
    notes: Notes,
) -> None:
    """Each point has one value at a date; the same value twice is listed.

    Raises:
        InsarcastError: it has two.
    """
    other = ~((values[day, point] == written) | (np.isnan(values[day, point]) & np.isnan(written)))
    if other.any():
        row = int(np.flatnonzero(other)[0])
        raise InsarcastError(
            f"{header.path}: point {ids[point[row]]} has two different values on {days[day[row]]}; remove one of the rows, or give the "
            "points different names."
        )
    more = len(day) - len(np.unique(day * len(ids) + point))
    if more:
        notes.dropped.append({"what": "row", "reason": "repeats the value of its point and date", "count": more, "names": []})
