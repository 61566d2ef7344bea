"""Sentences on the points of a ready series: what moves, what is expected, what is not measured."""

from __future__ import annotations

import math

from ..writing import sight, words
from ..writing.words import NBSP, count, day, mm, percent, rate
from .points.ahead import Ahead
from .points.numbers import Points
from .scores.models import who

TAKEN = 0.5  # a change of which this share is expected by the next date is mostly noise taken back
WHOLE = 0.9  # from this share on all of it is


def geometry(points: Points) -> str:
    """The line of sight in words; what the product does not tell is said."""
    if points.incidence is None or points.heading is None:
        return "geometry not recorded"
    return sight.geometry(points.incidence, points.heading)


def along(points: Points) -> str:
    """The direction that is measured: along the line of sight or vertically."""
    return "vertically" if points.vertical else "along the line of sight"


def positive(points: Points) -> str:
    """Which way is positive, as one says it of a table or a map."""
    return "up" if points.vertical else "towards the satellite"


def motion(points: Points, value: float) -> str:
    """The way of a motion of these points."""
    return sight.motion(value, points.vertical)


def where(points: Points, point: int) -> str:
    """A point by its place, or by its name where it has none."""
    place = points.place(point)
    return words.place(*place) if place else f"point {points.name(point)}"


def measured(points: Points) -> str:
    """How many of the points are used."""
    if not points.count:
        return f"0 of {count(points.total, 'point')} are usable: there is nothing to map."
    if points.count == points.total:
        return f"All {count(points.total, 'point')} are used." if points.total > 1 else "The only point is used."
    return f"{count(points.count, 'point')} of {points.total} are used."


def fastest(points: Points) -> str:
    """What moves most."""
    at = points.fastest
    if at is None:
        return measured(points)
    first, last = points.dates[0], points.dates[-1]
    speed = float(points.velocity[at])
    if round(abs(speed)) == 0:
        return f"Between {day(first)} and {day(last)} no point moves by {rate(1)} or more {along(points)}."
    first, last = points.span(at)
    sigma = float(points.sigma[at])
    unsure = f" (\N{PLUS-MINUS SIGN}{NBSP}{sigma:.1f})" if math.isfinite(sigma) else ""
    share = percent(points.share)
    most = "no other point moves" if points.share == 0 else f"{share} of the {count(points.count, 'point')} move"
    if abs(speed) <= points.edge:
        most = "none of the points moves"
    return (
        f"Between {day(first)} and {day(last)} the fastest point ({where(points, at)}) moved {motion(points, speed)} at "
        f"{rate(speed)}{unsure}; {most} faster than {rate(points.edge)}."
    )


def expected(points: Points, last: Ahead, model: str) -> str:
    """What the model expects where it expects most, and at the fastest point."""
    if last.peak is None:
        return "Nothing is forecast: no point has a value on the newest date."
    if model == "persistence":
        return f"The forecast to {day(last.target)} is that nothing changes after {day(last.origin)}."
    at, name = last.peak, who(model)
    change, interval = float(last.change[at]), f"{last.level}{NBSP}% interval {span(points, last, at)}"
    start = f"From {day(last.origin)} to {day(last.target)} {name} expects"
    if round(abs(change)) == 0:
        return f"{start} no point to move by {mm(1)} or more ({interval})."
    text = (
        f"{start} the largest change at {where(points, at)}: {mm(change)} {motion(points, change)} ({interval}{doubt(last, at)})"
    )
    fast = points.fastest
    if fast is None or fast == at or not math.isfinite(float(last.change[fast])):
        return f"{text}{', which is the fastest point' if fast == at else ''}."
    own = float(last.change[fast])
    size = f"{mm(own)} {motion(points, own)}" if round(abs(own)) else f"less than {mm(1)}"
    return f"{text}; at the fastest point {size} ({span(points, last, fast)})."


def taken_back(first: Ahead, last: Ahead) -> str:
    """That the largest change is expected by the next date already, for the newest value was off; empty where it is not.

    Args:
        first: the forecast one acquisition ahead.
        last: the one that is drawn.
    """
    at = last.peak
    if at is None or first.steps == last.steps or round(abs(float(last.change[at]))) == 0:
        return ""
    soon, all_ = float(first.change[at]), float(last.change[at])
    if soon * all_ <= 0 or abs(soon) < TAKEN * abs(all_):
        return ""
    part = "All of the largest change is" if soon / all_ >= WHOLE else f"Of the largest change {mm(soon)} are"
    return (
        f"{part} expected by {day(first.target)} already: a change is counted from the newest value, and the forecast takes back what it "
        "holds to be that date's noise."
    )


def span(points: Points, last: Ahead, at: int) -> str:
    """The interval of a point in words."""
    return sight.change_range(float(last.low[at]), float(last.high[at]), points.vertical)


def doubt(last: Ahead, at: int) -> str:
    """That the interval of a point holds 0; empty where it does not."""
    return sight.doubt(float(last.low[at]), float(last.high[at]))


def unforecast(points: Points, last: Ahead) -> str:
    """How many points have no forecast, and why; empty where all have one."""
    missing = points.total - int(last.known.sum())
    if not missing:
        return ""
    verb = "has" if missing == 1 else "have"
    return (
        f"{count(missing, 'point')} {verb} no forecast: not used, or without a value on every date that the models were tried on."
    )
