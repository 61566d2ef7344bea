"""Sentences on what is expected."""

from __future__ import annotations

from ..writing import words
from ..writing.sight import change_range, doubt, motion
from ..writing.words import NBSP, count, day, mm, place


def expected(
    name: str,
    origin: str,
    target: str,
    change: float,
    low: float | None,
    high: float | None,
    level: int,
    lon: float,
    lat: float,
    asked: bool = False,
    fastest: tuple[float, float | None, float | None] | None = None,
) -> str:
    """What the chosen model expects where it expects most, and at the fastest pixel.

    Args:
        name: model.
        origin: date of the last observation.
        target: date that is forecast.
        change: median change in mm, + towards the satellite.
        low: lower end of its interval in mm, or None.
        high: upper end, or None.
        level: nominal level of the interval, %.
        lon: longitude of the pixel, degrees.
        lat: its latitude.
        asked: whether the study names the model.
        fastest: change, low and high at the pixel with the largest velocity; None: not told.
    """
    if name == "persistence":
        why = "the study asks for persistence" if asked else "no model did better in the past"
        return f"The forecast to {day(target)} is that nothing changes after {day(origin)}: {why}."
    interval = f"no interval{NBSP}is given"
    if low is not None and high is not None:
        interval = f"{level}{NBSP}% interval {change_range(low, high)}"
    if round(abs(change)) == 0:
        return (
            f"From {day(origin)} to {day(target)} {words.model(name)} expects no pixel to move by {mm(1)} or more ({interval})."
        )
    sure = "" if low is None or high is None else doubt(low, high)
    text = (
        f"From {day(origin)} to {day(target)} {words.model(name)} expects the largest change at {place(lon, lat)}: "
        f"{mm(change)} {motion(change)} ({interval}{sure})"
    )
    if fastest is None:
        return f"{text}."
    own, near, far = fastest
    size = f"{mm(own)} {motion(own)}" if round(abs(own)) else f"less than {mm(1)}"
    return (
        f"{text}; at the fastest pixel {size}{f' ({change_range(near, far)})' if near is not None and far is not None else ''}."
    )


def untested(steps: int, target: str, tested: int) -> str:
    """That the outlook goes further than any test; empty where it does not."""
    if not tested or steps <= tested:
        return ""
    return (
        f"No lead time beyond {count(tested, 'step')} could be tested, so nothing is known about the error of what is expected by "
        f"{target} ({steps} steps ahead)."
    )
