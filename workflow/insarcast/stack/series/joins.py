"""Release joins: where a file continues the series of one release of a product with those of the next.

Each release is processed anew, with a reference and a noise of its own, so that a series that goes on jumps at the join by an amount
nobody measured. It shows in who has values when, and in nothing else that a forecast may use: points that only the older release has
end together on its last date, points that only the newer one has begin together on its first. Detection looks at these dates alone;
the size of the jump is measured afterwards, for the record.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from insarcast.core import InsarcastError

LEAST = 3  # series that end together
WINDOW = 9  # dates on each side of a join that the jump is measured from
_EDGE = 4  # dates that a release reaches beyond the other, at least; fewer are the ragged end of a file
_MOST, _DATES = 3, 40  # joins in a file, and dates that each of them takes to stand out
_TIMES, _CHANCE = 3.0, 1e-4  # a join stands out so many times above other dates, and has this probability of being chance
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Join:
    """A join of two releases in the series of one file.

    Attributes:
        file: position of the file in the manifest.
        kind: ``end`` (series end there together), ``end and start`` (and others began together before), ``start`` (they only began
            together: where the older release ends is not known, and nothing is marked) or ``stated`` (by the study).
        last: index of the last date of the older release; of kind ``start`` the date before the newer one's first.
        begin: index of the newer release's first date, or None.
        n_end: series that end there.
        n_start: series that begin with the newer release.
        joined: ``(point,)`` series that go on across it.
        share: share of the file's series that end (or begin) there.
    """

    file: int
    kind: str
    last: int
    begin: int | None
    n_end: int
    n_start: int
    joined: Mask
    share: float


def find_joins(
    first: NDArray[np.intp], last: NDArray[np.intp], file: NDArray[Any], dates: int, share: float, stated: Sequence[int] = ()
) -> list[Join]:
    """Joins in the series of each file, from where the series begin and end.

    Dates count as one where many series end together within three dates; the one that most end on is the last of the older release.
    "Many" is at least three, at least ``share`` of the file's series, and more than where series end one by one.

    Args:
        first: ``(point,)`` index of each series' first value.
        last: ``(point,)`` index of its last.
        file: ``(point,)`` file of each point.
        dates: number of dates.
        share: least share of a file's series.
        stated: indices of last dates of older releases that the study knows.

    Returns:
        Joins in the order of files and dates.
    """
    found = []
    for number in np.unique(file):
        own = file == number
        final, opening = int(last[own].max()), int(first[own].min())
        ends = np.bincount(last[own], minlength=dates)
        starts = np.bincount(first[own], minlength=dates)
        begins = _peaks(np.where(np.arange(dates) >= opening + _EDGE, starts, 0), int(own.sum()), share)
        stops = _peaks(np.where(np.arange(dates) <= final - _EDGE, ends, 0), int(own.sum()), share)
        used = set()
        for stop in sorted({*stops, *(at for at in stated if opening <= at < final)}):
            begin = max((at for at in begins if at <= stop + 1), default=None)
            used.add(begin)
            joined = own & (last > stop) & (first <= stop) & (first < (begin if begin is not None else dates))
            n_end, n_start = _around(ends, stop) if stop in stops else 0, 0 if begin is None else _around(starts, begin)
            kind = "stated" if stop in stated else "end" if begin is None else "end and start"
            if kind == "stated" or joined.sum() >= LEAST:
                found.append(Join(int(number), kind, stop, begin, n_end, n_start, joined, n_end / own.sum()))
        for begin in begins:
            if begin not in used and not any(at >= begin for at in stated):
                n_start = _around(starts, begin)
                found.append(
                    Join(int(number), "start", begin - 1, begin, 0, n_start, np.zeros(len(own), bool), n_start / own.sum())
                )
    return found


def mark_jumps(joins: Sequence[Join], dates: int, points: int) -> Mask:
    """``(time, point)`` True where the step from the date before crosses a join."""
    jump = np.zeros((dates, points), bool)
    for join in joins:
        jump[join.last + 1, join.joined] = True
    return jump


def measure_jump(values: NDArray[np.float32], join: Join) -> dict[str, float]:
    """How much the joined series jump, beside what they do elsewhere.

    The jump of a point is the median of the nine dates after the join minus that of the nine before. Its standard deviation over the
    points is compared with the median of the same at all dates that are at least nine away.

    Args:
        values: ``(time, point)`` displacement in mm.
        join: where.

    Returns:
        ``jump_sd_mm`` at the join, ``usual_sd_mm`` elsewhere, ``excess_mm`` the root of the difference of their squares (0 where the
        join is no larger), ``jump_mean_mm``; NaN where there are too few dates.
    """
    own = values[:, join.joined]
    own = own[:, :: max(own.shape[1] // 5000, 1)]
    at = join.last + 1
    nothing = dict.fromkeys(("jump_sd_mm", "usual_sd_mm", "excess_mm", "jump_mean_mm"), math.nan)
    if own.shape[1] < LEAST or not WINDOW <= at <= len(own) - WINDOW:
        return nothing
    jumps = {
        place: _jump(own, place) for place in range(WINDOW, len(own) - WINDOW + 1) if place == at or abs(place - at) >= 2 * WINDOW
    }
    spread = {place: float(np.nanstd(jump)) for place, jump in jumps.items() if np.isfinite(jump).sum() >= LEAST}
    others = [value for place, value in spread.items() if place != at]
    if at not in spread or not others:
        return nothing
    here, usual = spread[at], float(np.median(others))
    excess = math.sqrt(max(here**2 - usual**2, 0.0))
    return {"jump_sd_mm": here, "usual_sd_mm": usual, "excess_mm": excess, "jump_mean_mm": float(np.nanmean(jumps[at]))}


def known_dates(stated: Sequence[str], dates: Sequence[str]) -> list[int]:
    """Indices of the last dates of older releases that the study gives.

    Raises:
        InsarcastError: the series has no such date, or none after it.
    """
    for day in stated:
        if day not in dates:
            near = min(dates, key=lambda other: abs(int(other) - int(day)))
            raise InsarcastError(f"series.joins.dates names {day}, but the series has no such date; the nearest is {near}.")
        if day == dates[-1]:
            raise InsarcastError(
                f"series.joins.dates names {day}, the last date of the series: nothing follows it to be joined to."
            )
    return [list(dates).index(day) for day in stated]


def _jump(values: NDArray[np.float32], at: int) -> NDArray[np.float32]:
    """``(point,)`` median of the dates from ``at`` minus that of the dates before it, NaN unless all are there."""
    return np.asarray(np.median(values[at : at + WINDOW], axis=0) - np.median(values[at - WINDOW : at], axis=0), "float32")


def _peaks(count: NDArray[Any], series: int, share: float) -> list[int]:
    """Dates on which, with the one before and the one after, many series end (or begin): at most three, far above all others.

    A release ends on one date. So the date must stand out three times above every other that is no such date, and must not be what
    chance does where series end one by one: a Poisson count at the rate of the other dates (half a series is added, for none seen is
    not none), asked once for each date.
    """
    from scipy.special import pdtrc

    rest, order = count.astype("int64").copy(), []
    for _ in range(_MOST + 1):
        at = int(rest.argmax())
        order.append((at, int(rest[at]), _around(rest, at), rest.copy()))
        rest[max(at - 1, 0) : at + 2] = 0
    for number in range(min(_MOST, len(count) // _DATES), 0, -1):
        _, lowest, together, _ = order[number - 1]
        at, highest_other, _, others = order[number]
        rate = (others.sum() + 0.5) / max(len(count) - 3 * number, 1)
        if (
            lowest >= _TIMES * highest_other
            and together >= max(LEAST, math.ceil(share * series))
            and len(count) * pdtrc(lowest - 1, rate) < _CHANCE
        ):
            return sorted(place for place, *_ in order[:number])
    return []


def _around(count: NDArray[Any], at: int) -> int:
    return int(count[max(at - 1, 0) : at + 2].sum())
