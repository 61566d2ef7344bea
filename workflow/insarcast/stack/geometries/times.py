"""Common dates of several records: inside all of them, and never across a step that nobody measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .view import Days, Float


def common_dates(records: Sequence[Days], window_days: float) -> Days:
    """Dates on which every record can say where the ground was.

    The dates are those of the record that has fewest between the last first and the first last date of all (the first of
    equals); kept are those that lie, in every other record, on a date or between two that are at most ``window_days`` apart.

    Args:
        records: ascending dates of each cube, ``datetime64[D]``.
        window_days: longest step that is interpolated across, days.

    Returns:
        Ascending dates; none where the records do not overlap.
    """
    first, last = max(dates[0] for dates in records), min(dates[-1] for dates in records)
    inside = [dates[(dates >= first) & (dates <= last)] for dates in records]
    if any(not len(dates) for dates in inside):
        return records[0][:0]
    wanted = min(inside, key=len)
    keep = np.ones(len(wanted), bool)
    for dates in records:
        before, weight = _places(dates, wanted)
        step = (dates[np.minimum(before + 1, len(dates) - 1)] - dates[before]) / np.timedelta64(1, "D")
        keep &= (weight == 0) | (step <= window_days)
    return np.asarray(wanted[keep])


def at_dates(
    values: Float, sigma: Float, broken: NDArray[np.bool_], dates: Days, wanted: Days
) -> tuple[Float, Float, NDArray[np.int64]]:
    """A record on other dates, by straight lines between neighbouring acquisitions.

    Args:
        values: ``(time, cell)`` mm, NaN where not measured.
        sigma: ``(time, cell)`` mm, taken as independent from date to date.
        broken: ``(time, cell)`` True where the step from the date before is not measured.
        dates: ``(time,)`` dates of the record.
        wanted: ``(date,)`` dates inside the record.

    Returns:
        ``(date, cell)`` values and sigmas, NaN inside a broken step, and how many broken steps lie before each date.
    """
    before, weight = _places(dates, wanted)
    after = np.minimum(before + 1, len(dates) - 1)
    share = weight[:, None]
    exact = share == 0
    level = np.where(exact, values[before], (1 - share) * values[before] + share * values[after])
    spread = np.where(exact, sigma[before], np.sqrt(((1 - share) * sigma[before]) ** 2 + (share * sigma[after]) ** 2))
    unknown = ~exact & broken[after]
    count: NDArray[np.int64] = np.cumsum(broken, axis=0, dtype=np.int64)[before]
    return np.where(unknown, np.nan, level), np.where(unknown, np.nan, spread), count


def _places(dates: Days, wanted: Days) -> tuple[NDArray[np.intp], Float]:
    """Number of the date at or before each wanted one, and how far on to the next it lies, 0 to 1."""
    days, there = dates.astype(np.int64), wanted.astype(np.int64)
    before = np.clip(np.searchsorted(days, there, side="right") - 1, 0, len(days) - 1)
    step = days[np.minimum(before + 1, len(days) - 1)] - days[before]
    return before, np.divide(there - days[before], step, out=np.zeros(len(there)), where=step > 0)


def steps_bridged(counts: Sequence[NDArray[np.int64]]) -> NDArray[np.bool_]:
    """``(date, cell)`` True where any record holds a broken step since the date before."""
    total = sum(counts[1:], counts[0])
    return np.diff(total, axis=0, prepend=total[:1]) > 0
