"""What cannot be used, or must not pass without a word: every point left out is listed with its reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from insarcast.core import InsarcastError

from .dates import LEAST
from .table import Notes, Table

FACTORS = {"mm": 1.0, "cm": 10.0, "m": 1000.0}
# Values that stand for "nothing" in many products; three of a kind are no chance.
_MARKS = (-999.0, 999.0, -9999.0, 9999.0, -99999.0, 99999.0, -32768.0, 32767.0, 1e20, -1e20, 9.969209968386869e36, -3.4028235e38)
_MARKED = 3
_SAMPLE = 20000  # points whose steps are looked at
# Least and largest usual change from date to date in mm that a radar's series can have: P-SBAS, filtered in time, has 0.7.
_LEAST_STEP, _LOW_STEP, _LARGEST_STEP = 0.05, 0.1, 300.0


def clean_points(table: Table, notes: Notes, placed: bool) -> Table:
    """Leave out points that hold nothing, and the second of two that are the same; give each a name of its own.

    Args:
        table: as it was read.
        notes: where all that is listed.
        placed: whether the points have places; without, two equal series may be two points.

    Raises:
        InsarcastError: cells hold a number that stands for "nothing", or no point is left.
    """
    _refuse_marks(table)
    infinite = int(sum(np.isinf(row).sum() for row in table.values))
    if infinite:
        table.values[np.isinf(table.values)] = np.nan
        notes.dropped.append({"what": "cell", "reason": "is infinite", "count": infinite, "names": []})
    count = np.isfinite(table.values).sum(0)
    low, high = np.full(table.points, np.inf, "float32"), np.full(table.points, -np.inf, "float32")
    for row in table.values:
        np.fmin(low, row, out=low)
        np.fmax(high, row, out=high)
    empty, short, constant = count == 0, (count > 0) & (count < LEAST), (count >= LEAST) & (low == high)
    again = _repeated(table, placed) & ~empty & ~constant & ~short
    ids = table.columns["id"]
    notes.drop("point", "has no value at any date", ids[empty])
    notes.drop("point", f"has fewer than {LEAST} values", ids[short])
    notes.drop("point", "its value never changes, so nothing was measured", ids[constant])
    if placed:
        notes.drop("point", "repeats another point: same place, same values", ids[again])
    elif again.any():
        notes.warn(
            f"{_count(int(again.sum()), 'point has', 'points have')} the same values as another; without places they were kept."
        )
    gone = empty | short | constant | (again if placed else False)
    if gone.all():
        raise InsarcastError(
            f"None of the {table.points} points can be used: {notes.dropped[-1]['reason']}; give a table with series."
        )
    return _name(table.take(~gone) if gone.any() else table, notes)


def to_mm(table: Table, units: str, sign: str, notes: Notes) -> Table:
    """Displacements in mm, positive towards the satellite; refuses what can only be in other units.

    Raises:
        InsarcastError: the usual change from date to date is far below or above what radar measures.
    """
    factor = np.float32(FACTORS[units] * (1 if sign == "towards" else -1))
    if factor != 1:
        np.multiply(table.values, factor, out=table.values)
    step = usual_step(table.values)
    low, high = np.nanpercentile(_sampled(table.values), (2, 98))
    if step < _LEAST_STEP and high - low < 1:
        better = "m" if step * 1000 / FACTORS[units] < 50 and units != "m" else "cm"
        advice = f"set series.units to '{better}' if they are in {better}" if units != "m" else "look at what it holds"
        raise InsarcastError(
            f"The displacements change by {step:.2g} mm from date to date if they are in {units}, far less than radar measures; {advice}."
        )
    if step > _LARGEST_STEP:
        advice = (
            "set series.units to 'mm' if they are in mm" if units != "mm" else "look for values that mean nothing (series.nodata)"
        )
        raise InsarcastError(
            f"The displacements change by {step:.4g} mm from date to date if they are in {units}, far more than radar can follow; {advice}."
        )
    if step < _LOW_STEP:
        notes.warn(
            f"The displacements change by only {step:.2g} mm from date to date: they are smoothed, or in other units than {units} "
            "(series.units)."
        )
    return table


def usual_step(values: NDArray[np.float32]) -> float:
    """Median absolute change from date to date in mm, of a sample of the points; values ``(time, point)``."""
    steps = np.abs(np.diff(_sampled(values), axis=0))
    return float(np.nanmedian(steps)) if np.isfinite(steps).any() else float("nan")


def _sampled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values[:, :: max(values.shape[1] // _SAMPLE, 1)]


def _refuse_marks(table: Table) -> None:
    extremes = [(float(np.nanmin(row)), float(np.nanmax(row))) for row in table.values if np.isfinite(row).any()]
    for mark in _MARKS:
        if any(abs(end) >= abs(mark) * 0.999 for both in extremes for end in both):
            count = int(sum((row == np.float32(mark)).sum() for row in table.values))
            if count >= _MARKED:
                raise InsarcastError(
                    f"{count} cells of the table are exactly {mark:g}, which seems to mean that nothing was measured; set series.nodata "
                    f"to {mark:g}."
                )


def _repeated(table: Table, placed: bool) -> NDArray[np.bool_]:
    """Points that equal an earlier one in place and all values; found by a 64-bit sum, then compared value by value."""
    draw = np.random.default_rng(0)
    key = np.zeros(table.points, "uint64")
    layers = [np.asarray(table.columns[name], "float64") for name in ("lon", "lat", "x", "y") if placed and name in table.columns]
    for row in (*layers, *table.values):
        bits = np.where(np.isnan(row), np.float64(1e300), row.astype("float64") + 0.0).view("uint64")
        key += (bits ^ (bits >> np.uint64(29))) * np.uint64(draw.integers(1, 2**63) | 1)
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero(key[order][1:] == key[order][:-1])
    again = np.zeros(table.points, bool)
    for at in same:
        first, second = order[at], order[at + 1]
        if np.array_equal(table.values[:, first], table.values[:, second], equal_nan=True):
            again[second] = True
    return again


def _name(table: Table, notes: Notes) -> Table:
    """A name for each point: the second of a name gets ``-2``."""
    ids = table.columns["id"].astype(str).astype(object)
    names, inverse, count = np.unique(ids.astype(str), return_inverse=True, return_counts=True)
    if (count == 1).all() and "" not in names:
        return replace(table, columns=table.columns | {"id": ids})
    taken, seen = set(names.tolist()), dict.fromkeys(np.flatnonzero(count > 1).tolist(), 0)
    for at, which in enumerate(inverse.tolist()):
        if which in seen:
            seen[which] += 1
            number = seen[which]
            while number > 1 and f"{ids[at]}-{number}" in taken:
                number += 1
            if number > 1:
                seen[which] = number
                ids[at] = f"{ids[at]}-{number}"
                taken.add(ids[at])
    ids[ids == ""] = "unnamed"
    repeated = names[count > 1]
    first = f" ({', '.join(repeated[:3])}{' ...' if len(repeated) > 3 else ''})"
    notes.warn(
        f"{_count(len(repeated), 'name is', 'names are')} borne by several points{first}; the later ones got -2, -3 ... added."
    )
    return replace(table, columns=table.columns | {"id": ids})


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
