"""The direction of motion in words: the geometry of a line of sight, the way of a motion, the range of a change."""

from __future__ import annotations

from .words import mm, whole

VERTICAL_ENDS = ("down (subsidence)", "up (uplift)")  # of a bar of vertical motion


def motion(value: float, vertical: bool = False) -> str:
    """The direction of a signed quantity; + is towards the satellite, or up where it is vertical."""
    if vertical:
        return "upwards" if value > 0 else "downwards"
    return "towards the satellite" if value > 0 else "away from the satellite"


def change_range(low: float, high: float, vertical: bool = False) -> str:
    """An interval of a signed change; the words name the direction when it changes."""
    away, towards = ("down", "up") if vertical else ("away", "towards")
    ends = sorted((round(low), round(high)))
    if ends[0] < 0 < ends[1]:
        return f"{mm(ends[0])} {away} to {mm(ends[1])} {towards}"
    near, far = sorted(map(abs, ends))
    return f"{whole(near)} to {mm(far)}"


def doubt(low: float, high: float) -> str:
    """What an interval that holds 0 means, to follow it; empty where it leaves out 0."""
    return ", so it cannot be told from no change" if low <= 0 <= high else ""


def geometry(incidence: float | None, heading: float | None) -> str:
    """The line of sight in words.

    Args:
        incidence: degrees from the vertical.
        heading: flight direction, degrees clockwise from north.
    """
    if incidence is None or heading is None:
        return "line of sight of unknown geometry"
    turned = (heading + 180) % 360 - 180
    return f"{'ascending' if abs(turned) < 90 else 'descending'}, incidence {incidence:.1f}°"
