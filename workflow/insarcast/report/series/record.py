"""F26: what the record of a ready series is made of: when its points start and end, its missing dates, its release joins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..displacement.numbers import iso
from ..drawing.axes import date_axis
from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import ALARM, INK, LINES, SOFT
from ..writing import words
from ..writing.facts import Facts
from .points.joins import join_dates, join_spans
from .points.numbers import Points, read_points

STARTS, ENDS = LINES[0], LINES[1]
LONG = 1.5  # a step this many times the usual one is a gap


@dataclass(frozen=True, eq=False)
class Record:
    """Counts along the dates of a cube.

    Attributes:
        known: (time) points with a value.
        starts, ends: (time) points that start, or end, on this date, later than the first and earlier than the last date.
        days: (time - 1) days from date to date, and ``usual``: the most frequent of the recent ones.
        gaps: positions of dates that come later than usual after the one before.
        holes: values missing inside the series.
        joins: dates of release joins, and ``joined``: points that cross each.
    """

    known: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    days: NDArray[np.float64]
    usual: float
    gaps: list[int]
    holes: int
    joins: list[str]
    joined: list[int]


def record_of(points: Points) -> Record:
    """Count."""
    there = np.isfinite(points.cube.displacement.values)
    n = len(there)
    any_ = there.any(axis=0)
    first, last = there.argmax(axis=0)[any_], (n - 1 - there[::-1].argmax(axis=0))[any_]
    inside = int((last - first + 1).sum() - there[:, any_].sum())
    days = np.diff(points.cube.time.values) / np.timedelta64(1, "D")
    usual = float(np.median(days)) if len(days) else 0.0
    # The usual step may change (one satellite or two): a date is late against the steps around it.
    near = [float(np.median(days[max(at - 5, 0) : at + 6])) for at in range(len(days))]
    gaps = [at + 1 for at, (step, around) in enumerate(zip(days, near, strict=True)) if step > LONG * around]
    joins = join_dates(points)
    joined = [int(points.cube.jump.sel(time=date).values.sum()) for date in joins]
    starts, ends = (np.bincount(at, minlength=n).astype("int64") for at in (first[first > 0], last[last < n - 1]))
    return Record(there.sum(axis=1), starts, ends, days, usual, gaps, inside, iso(joins), joined)


def gaps_words(record: Record) -> str:
    """How regular the dates are."""
    if not len(record.days):
        return "There is one date only."
    usual = f"the usual step is {words.count(round(record.usual), 'day')}"
    if not record.gaps:
        return f"No date is missing; {usual}."
    longest = int(max(record.days[at - 1] for at in record.gaps))
    number = words.count(len(record.gaps), "step")
    verb = "is" if len(record.gaps) == 1 else "are"
    return f"{number} of {len(record.days)} {verb} longer than those around ({usual}, the longest gap {words.count(longest, 'day')})."


def span_words(points: Points, record: Record) -> str:
    """How many series are whole."""
    n = len(record.known)
    whole = int(np.isfinite(points.cube.displacement.values).all(axis=0).sum())
    late, early = int(record.starts.sum()), int(record.ends.sum())
    holes = f"; inside the series {words.count(record.holes, 'value')} are missing" if record.holes else ""
    if not late and not early:
        return f"All {words.count(points.total, 'series', 'series')} span {words.count(n, 'date')}{holes}."
    return (
        f"{words.count(whole, 'series', 'series')} of {points.total} have a value on each of {words.count(n, 'date')}; "
        f"{late or 'none'} start{'s' if late == 1 else ''} later and {early or 'none'} end{'s' if early == 1 else ''} earlier{holes}."
    )


def draw_record(series: Path, record: Path, record_json: Path) -> None:
    """Draw starts and ends of the series, the points with a value, and the steps between the dates.

    Args:
        series: the point cube.
        record: F26.
        record_json: its facts.
    """
    points = read_points(series)
    found = record_of(points)
    with canvas(4.2) as figure:
        if len(found.known) < 2:
            say(figure, "There is one date only.")
        else:
            axes = figure.subplots(3, 1, sharex=True, height_ratios=[1.15, 1, 0.8])
            _draw(axes, points, found)
    sentence = f"{span_words(points, found)} {gaps_words(found)}"
    facts = Facts(
        "F26",
        "What the record is made of: " + (_join_title(points) or "starts, ends and missing dates of the series"),
        f"Three panels over time: points with a value, points that start and end on each date, and the days between dates. {sentence}",
        f"{sentence} Dashed: release join, where the series of two product versions meet; steps across it are not scored."
        if found.joins
        else sentence,
        "points and days",
        {"joins": found.joins, "joined": found.joined, "gaps": len(found.gaps), "holes": found.holes},
    )
    keep(figure, facts, record, record_json)


def _join_title(points: Points) -> str:
    spans = join_spans(points)
    return f"{words.count(len(spans), 'release join')} ({words.listed(spans)})" if spans else ""


def _draw(axes: Any, points: Points, found: Record) -> None:
    time = points.cube.time.values
    top, middle, bottom = axes
    top.fill_between(time, found.known, step="mid", color="#cfd6dd", linewidth=0)
    top.step(time, found.known, where="mid", color=INK, linewidth=1.2)
    top.set_ylim(0, 1.12 * max(points.total, 1))
    top.set_ylabel("points\nwith a value")
    width = max(float((time[-1] - time[0]) / np.timedelta64(1, "D")) / 160, 3.0)
    middle.bar(time, found.starts, width=width, color=STARTS, zorder=2)
    middle.bar(time, -found.ends, width=width, color=ENDS, zorder=2)
    middle.axhline(0, color=SOFT, linewidth=0.7)
    most = max(int(found.starts.max()), int(found.ends.max()), 1)
    middle.set_ylim(-1.35 * most, 1.35 * most)
    middle.set_yticks([-most, 0, most], [str(most), "0", str(most)])
    middle.set_ylabel("points start (up)\nor end (down)")
    if not found.starts.any() and not found.ends.any():
        middle.set_yticks([])
        middle.annotate(
            "every series spans all dates", (0.5, 0.75), xycoords="axes fraction", ha="center", va="center", color=SOFT
        )
    bottom.vlines(time[1:], 0, found.days, color=SOFT, linewidth=1.0)
    late = np.array(found.gaps, int)
    bottom.vlines(time[late], 0, found.days[late - 1], color=ALARM, linewidth=1.8)
    bottom.set_ylim(0, 1.2 * float(found.days.max()))
    bottom.set_ylabel("days since\ndate before")
    for each in axes:
        each.grid(axis="y")
        for date in np.array(found.joins, "datetime64[ns]"):
            each.axvline(date, color=ALARM, linewidth=1.2, linestyle=(0, (4, 2)), zorder=1)
    if found.joins:
        late_half = np.datetime64(found.joins[-1]) > time[0] + (time[-1] - time[0]) / 2
        top.annotate(
            "release join", (np.datetime64(found.joins[-1]), 1.12 * points.total), (-4 if late_half else 4, -3), textcoords="offset points",
            ha="right" if late_half else "left", va="top", fontsize=8.5, color=ALARM,
        )  # fmt: skip
    date_axis(bottom, 10)
