"""A box in degrees: whether it is one, and which one was likely meant."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from insarcast.core import InsarcastError

Bounds = tuple[float, float, float, float]

MOST_DEGREES = 20.0  # a Sentinel-1 frame spans three: what is larger was mistyped

# How the numbers of a box may have been meant, in the order of how often they are mistaken.
_MISTAKES: dict[str, Callable[[Bounds], Bounds]] = {
    "latitude and longitude exchanged": lambda b: (b[1], b[0], b[3], b[2]),
    "in the order west, east, south, north": lambda b: (b[0], b[2], b[1], b[3]),
    "in the order south, north, west, east": lambda b: (b[2], b[0], b[3], b[1]),
    "longitudes counted from 0 to 360": lambda b: (math.remainder(b[0], 360), b[1], math.remainder(b[2], 360), b[3]),
    "west and east swapped": lambda b: (b[2], b[1], b[0], b[3]),
    "south and north swapped": lambda b: (b[0], b[3], b[2], b[1]),
    "its two corners swapped": lambda b: (b[2], b[3], b[0], b[1]),
}


def check_box(value: Any) -> Bounds:
    """``[west, south, east, north]`` as four numbers.

    Raises:
        InsarcastError: it is no such box; the sentence says which one was likely meant.
    """
    if not isinstance(value, Sequence) or len(value) != 4 or not all(_is_number(number) for number in value):
        raise InsarcastError(f"area is {value!r}, but must be [west, south, east, north] in degrees, a file of polygons, or WKT.")
    west, south, east, north = map(float, value)
    box = (west, south, east, north)
    if wrong := box_fault(box):
        raise InsarcastError(f"area is {written(box)}, but {wrong}; {_advice(box)}.")
    return box


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def box_fault(box: Bounds) -> str | None:
    """What is wrong with a box, or None."""
    west, south, east, north = box
    if max(abs(south), abs(north)) > 90:
        return f"its {'second' if abs(south) > 90 else 'fourth'} number, a latitude, is beyond 90 degrees"
    if max(abs(west), abs(east)) > 180:
        return f"its {'first' if abs(west) > 180 else 'third'} number, a longitude, is beyond 180 degrees"
    if west >= east:
        return f"west, {west:g}, is not west of east, {east:g}"
    if south >= north:
        return f"south, {south:g}, is not south of north, {north:g}"
    if max(east - west, north - south) > MOST_DEGREES:
        return f"that is {east - west:g} x {north - south:g} degrees, more than {MOST_DEGREES:g}"
    return None


def _advice(box: Bounds) -> str:
    """What to do about a box that is wrong."""
    west, south, east, north = box
    if max(map(abs, box)) > 360:
        return "give [west, south, east, north] in degrees of longitude and latitude, not in metres"
    if west - east > 180:
        return "an area over the antimeridian is not supported, so make a cube of each side, or take the side that matters"
    for how, meant in _MISTAKES.items():
        if box_fault(meant(box)) is None:
            return f"was it {how}? Then write {written(meant(box))}"
    too_large = box_fault(box) is not None and west < east and south < north and max(map(abs, box)) <= 180
    return "choose a smaller area" if too_large else "give [west, south, east, north] in degrees of longitude and latitude"


def written(box: Bounds) -> str:
    """A box as a study writes it."""
    return f"[{', '.join(f'{number:.10g}' for number in box)}]"
