"""Days of the year: seasons, and pairs that bridge years near one day."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date as Date
from datetime import timedelta
from typing import Any

from insarcast.core import InsarcastError

from .graph import Edge

YEAR = 365.25
_COMMON = 2001  # a year without 29 February
_STEP = 5  # days between the days of the year that are tried


def day_of_year(text: str, key: str) -> Date:
    """``mm-dd`` as a day of a year without 29 February, which becomes the 28th.

    Raises:
        InsarcastError: there is no such day.
    """
    try:
        return Date.fromisoformat(f"{_COMMON}-{'02-28' if text == '02-29' else text}")
    except ValueError:
        raise InsarcastError(f"{key} has '{text}', which is no day of the year; write month and day, like \"05-01\".") from None


def in_season(date: Date, season: Sequence[str] | None) -> bool:
    """Whether a date is between two days of the year, both included; the second may be in the next year."""
    if season is None:
        return True
    first, last = (day_of_year(text, "hyp3.network.season") for text in season)
    day = _moved(date, _COMMON)
    return first <= day <= last if first <= last else day >= first or day <= last


def bridge_pairs(
    dates: Sequence[Date],
    settings: Mapping[str, Any],
    score: Callable[[Edge], float],
    fits: Callable[[Edge], bool],
    given: Collection[Edge] = (),
) -> list[tuple[list[Edge], int]]:
    """Pairs that span about a whole number of years and begin near one day of the year.

    The first date is within half of ``max_days`` of that day, and the pair is as near to whole years, as in asf_search's
    ``SBASNetwork``; there a year has 365 days and the day is looked for in the first date's own year only.

    Args:
        dates: acquisition dates, ascending.
        settings: the study's ``hyp3.network``: max_days, bridge_years, bridge_date, season.
        score: of a pair.
        fits: whether a pair may be used.
        given: bridges that are paid already; they are none of the pairs, and where they begin others do, too, so that a longer
            record does not move the day.

    Returns:
        The pairs of each year and each number of years, a list for each, and how many of these are paid.
    """
    half = settings["max_days"] / 2
    pairs = {
        (years, edge)
        for years in range(1, settings["bridge_years"] + 1)
        for edge in _whole_years(dates, years, half)
        if (dates[edge[1]] - dates[edge[0]]).days > settings["max_days"] and fits(edge)
    }
    day = _bridge_day(dates, settings, {edge: score(edge) for years, edge in pairs if years == 1}, half, given)
    groups: dict[tuple[int, int], list[Edge]] = {}
    for years, edge in sorted(pairs):
        target = _nearest(dates[edge[0]], day)
        if edge not in given and abs((dates[edge[0]] - target).days) <= half:
            groups.setdefault((target.year, years), []).append(edge)
    paid = Counter((_nearest(dates[one], day).year, round((dates[other] - dates[one]).days / YEAR)) for one, other in given)
    return [(groups[key], paid[key]) for key in sorted(groups)]


def _whole_years(dates: Sequence[Date], years: int, half: float) -> list[Edge]:
    edges = []
    for first, date in enumerate(dates):
        low, high = years * YEAR - half, years * YEAR + half
        second = max(first + 1, bisect_left(dates, date + timedelta(days=int(low))))
        while second < len(dates) and (days := (dates[second] - date).days) <= high:
            if days >= low:
                edges.append((first, second))
            second += 1
    return edges


def _bridge_day(
    dates: Sequence[Date], settings: Mapping[str, Any], scores: Mapping[Edge, float], half: float, given: Collection[Edge]
) -> Date:
    """The day of the year for bridges: the study's, the middle of its season, where those begin that are paid, or where the bridges
    of all years are best together.
    """
    if settings["bridge_date"]:
        return day_of_year(settings["bridge_date"], "hyp3.network.bridge_date")
    if settings["season"]:
        first, last = (day_of_year(text, "hyp3.network.season") for text in settings["season"])
        return _moved(first + timedelta(days=((last - first).days % 365) // 2), _COMMON)
    if given:
        firsts = [_moved(dates[edge[0]], _COMMON) for edge in sorted(given)]
        # The one that is least far from the others, over New Year, too.
        return min(firsts, key=lambda day: (sum(_apart(day, other) for other in firsts), day))
    best, best_sum = Date(_COMMON, 1, 1), -1.0
    for number in range(0, 365, _STEP):
        day = Date(_COMMON, 1, 1) + timedelta(days=number)
        of_year: dict[int, float] = {}
        for edge, score in scores.items():
            target = _nearest(dates[edge[0]], day)
            if abs((dates[edge[0]] - target).days) <= half:
                of_year[target.year] = max(of_year.get(target.year, 0.0), score)
        total = round(sum(of_year.values()), 6)
        if total > best_sum:
            best, best_sum = day, total
    return best


def _nearest(date: Date, day: Date) -> Date:
    """The occurrence of a day of the year that is nearest to a date."""
    return min((_moved(day, date.year + step) for step in (-1, 0, 1)), key=lambda other: abs((other - date).days))


def _apart(one: Date, other: Date) -> int:
    """Days between two days of the year, the shorter way."""
    days = abs((one - other).days)
    return min(days, 365 - days)


def _moved(date: Date, year: int) -> Date:
    """The same day of another year; 29 February becomes the 28th."""
    return date.replace(year=year, day=28) if (date.month, date.day) == (2, 29) else date.replace(year=year)
