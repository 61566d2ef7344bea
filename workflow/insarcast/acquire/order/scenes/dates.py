"""Which dates of those that were found a plan uses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from datetime import datetime

from insarcast.core import InsarcastError

from ...select import Skipped, skip
from ..network.bridges import in_season
from .passes import Acquisition

FEWEST = 3  # dates: a stack needs them to close a loop


def wanted_dates(
    taken: Sequence[Acquisition], season: Sequence[str] | None, exclude: Sequence[str]
) -> tuple[list[Acquisition], list[Skipped]]:
    """Acquisitions that the study's season and list of exceptions leave."""
    kept, left_out = [], []
    for one in taken:
        if one.date in exclude:
            left_out.append(skip("date", one.date, "products.exclude"))
        elif not in_season(day_of(one), season):
            left_out.append(skip("date", one.date, "outside of hyp3.network.season"))
        else:
            kept.append(one)
    return kept, left_out


def in_period(date: str, start: str | None, end: str | None) -> bool:
    """Whether a date (``yyyymmdd``) is in the study's period; searches give a little more, for passes that go over midnight."""
    first, last = ((limit or "").replace("-", "") for limit in (start, end))
    return first <= date and (not last or date <= last)


def check_enough(taken: Sequence[Acquisition], left_out: Sequence[Skipped]) -> None:
    """Raise an InsarcastError where too few dates are left."""
    if len(taken) >= FEWEST:
        return
    dates = [entry for entry in left_out if entry["what"] == "date"]
    why = f"; {len(dates)} were left out ({dates[0]['name']}: {dates[0]['reason']})" if dates else ""
    raise InsarcastError(
        f"{len(taken)} acquisitions can be paired, and a stack needs {FEWEST} at least{why}; widen products.start and products.end, or "
        "look at hyp3.bursts, hyp3.min_cover and hyp3.network."
    )


def exceptions(exclude: Sequence[str], taken: Sequence[Acquisition], left_out: Sequence[Skipped]) -> list[Skipped]:
    """Pairs that ``products.exclude`` leaves out, and names in it that fit nothing."""
    there = {one.date for one in taken}
    dates = there | {entry["name"] for entry in left_out if entry["what"] == "date"}
    noted = {entry["name"] for entry in left_out if entry["what"] == "pair"}
    pairs = [name for name in exclude if "_" in name and set(name.split("_")) <= there and name not in noted]
    wrong = [name for name in exclude if not set(name.split("_")) <= dates]
    return [
        *(skip("pair", name, "products.exclude") for name in pairs),
        *(skip("exclude", name, "products.exclude names it, but there is no such date or pair") for name in wrong),
    ]


def day_of(one: Acquisition) -> Date:
    return datetime.strptime(one.date, "%Y%m%d").date()
