"""The record of a ready series: what was read, what is missing, what was left out, and what a reader must know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .joins import Join, measure_jump
from .table import Notes

_SEVERAL = 3  # points that are no chance
_LISTED = 12  # dates of a histogram that are listed; the rest is summed
PERCENTILES = (1, 5, 25, 50, 75, 95, 99)


def missing_dates(dates: Sequence[str]) -> list[dict[str, Any]]:
    """Gaps in the calendar of acquisitions: steps at least 1.8 times the usual one around them.

    The usual step is the median of the nine steps around, for satellites come and go (6 days with both of Sentinel-1, 12 with one).

    Returns:
        ``{"from", "to", "days", "missing"}`` for each gap: the dates on both sides, and how many acquisitions would fit between.
    """
    time = np.array([f"{day[:4]}-{day[4:6]}-{day[6:]}" for day in dates], "datetime64[D]")
    steps = np.diff(time).astype(int)
    gaps = []
    for at, step in enumerate(steps):
        usual = float(np.median(steps[max(at - 4, 0) : at + 5]))
        if step >= 1.8 * usual:
            gaps.append({"from": dates[at], "to": dates[at + 1], "days": int(step), "missing": round(step / usual) - 1})
    return gaps


def presence(first: NDArray[np.intp], last: NDArray[np.intp], known: NDArray[np.intp], dates: Sequence[str]) -> dict[str, Any]:
    """Who has values when.

    Args:
        first: ``(point,)`` index of each series' first value.
        last: ``(point,)`` index of its last.
        known: ``(point,)`` number of its values.
        dates: ``yyyymmdd``.

    Returns:
        ``complete`` points with a value at every date; ``starts`` and ``ends``: dates on which series begin late or end early, with
        how many; ``gaps``: points with values missing between their first and last, and how many values.
    """
    hole = last - first + 1 - known
    return {
        "complete": int((known == len(dates)).sum()),
        "starts": _histogram(first[first > 0], dates),
        "ends": _histogram(last[last < len(dates) - 1], dates),
        "gaps": {"points": int((hole > 0).sum()), "values": int(hole.sum())},
    }


def _histogram(at: NDArray[np.intp], dates: Sequence[str]) -> list[dict[str, Any]]:
    """Points by date, in the order of the dates; where there are many dates, those with most points, and the sum of the rest."""
    count = Counter(at.tolist())
    top = sorted(index for index, _ in sorted(count.items(), key=lambda entry: (-entry[1], entry[0]))[:_LISTED])
    listed: list[dict[str, Any]] = [{"date": dates[index], "points": count[index]} for index in top]
    rest = len(at) - sum(count[index] for index in top)
    return [*listed, {"date": "other dates", "points": rest}] if rest else listed


def join_entries(
    joins: Sequence[Join], values: NDArray[np.float32], dates: Sequence[str], files: Sequence[str]
) -> list[dict[str, Any]]:
    """One entry for each join, with the size of its jump in mm."""
    return [
        {
            "file": files[join.file],
            "kind": join.kind,
            "last": dates[join.last],
            "date": dates[join.last + 1],
            "begin": None if join.begin is None else dates[join.begin],
            "n_end": join.n_end,
            "n_start": join.n_start,
            "n_joined": int(join.joined.sum()),
            "share": round(join.share, 4),
            **{name: round(value, 3) for name, value in measure_jump(values, join).items()},
        }
        for join in joins
    ]


def warn_of_joins(entries: Sequence[dict[str, Any]], notes: Notes) -> None:
    """Sentences on the joins."""
    for join in entries:
        if join["kind"] == "start":
            notes.warn(
                f"{join['n_start']} series of {join['file']} begin together on {join['begin']}, so it may join two releases of the "
                "product, but none ends early, so that nothing says where the older one ends; if you know its last date, give it in "
                "series.joins.dates."
            )
            continue
        head = f"{join['file']} joins two releases of the product after {join['last']}, as series.joins.dates says"
        if join["kind"] != "stated":
            head = f"{join['file']} seems to join two releases of the product after {join['last']}: {join['n_end']} series end there "
            head += "together" + (f" and {join['n_start']} begin together on {join['begin']}" if join["begin"] else "")
        notes.warn(
            f"{head}; {join['n_joined']} series go on across it, and the level of each may jump there by an amount nobody "
            f"measured{_size(join)}."
        )


def _size(join: dict[str, Any]) -> str:
    """How large the jumps are."""
    here, usual = join["jump_sd_mm"], join["usual_sd_mm"]
    if here != here:
        return ""
    if join["excess_mm"] < 0.5 * usual:
        return f" (their levels before and after differ by {here:.1f} mm, standard deviation over points, hardly more than elsewhere)"
    return (
        f" (their levels before and after differ by {here:.1f} mm, standard deviation over points; elsewhere by {usual:.1f} mm)"
    )


def warn_of_repeats(values: NDArray[np.float32], first: NDArray[np.intp], dates: Sequence[str], notes: Notes) -> None:
    """Say which dates are no measurements: the second of a series that begins with a value twice, one that repeats the date before
    for most points, and one inside that is zero everywhere.
    """
    for at in range(1, len(dates)):
        there = np.isfinite(values[at])
        both = there & np.isfinite(values[at - 1])
        same = both & (values[at] == values[at - 1])
        new = both & (first == at - 1)
        if new.sum() >= _SEVERAL and (same & new).sum() >= 0.8 * new.sum():
            notes.warn(
                f"{_share(int((same & new).sum()), int(new.sum()))} series that begin on {dates[at - 1]} have the same value on "
                f"{dates[at]}: their first step was not measured."
            )
        elif both.sum() >= _SEVERAL and same.sum() >= 0.5 * both.sum():
            notes.warn(
                f"{same.sum() / both.sum():.0%} of the points have the same value on {dates[at - 1]} and {dates[at]}: one of the two dates "
                "seems to be filled in; leave it out by products.exclude."
            )
        if there.sum() >= _SEVERAL and (values[at][there] == 0).all():
            notes.warn(
                f"{dates[at]} is zero at every point: it seems to be the date that the series refer to, and no measurement; leave it out by "
                "products.exclude."
            )


def _share(some: int, all_: int) -> str:
    return f"All {all_}" if some == all_ else f"{some} of the {all_}"
