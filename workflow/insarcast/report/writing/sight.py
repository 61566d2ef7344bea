"""The line of sight in words: its geometry, the direction of a motion, the range of a change."""

from __future__ import annotations

from .words import mm, whole


def motion(value: float) -> str:
    """The direction of a signed quantity; + is towards the satellite."""
    return "towards the satellite" if value > 0 else "away from the satellite"


def change_range(low: float, high: float) -> str:
    """An interval of a signed change; the words name the direction when it changes."""
    ends = sorted((round(low), round(high)))
    if ends[0] < 0 < ends[1]:
        return f"{mm(ends[0])} away to {mm(ends[1])} towards"
    near, far = sorted(map(abs, ends))
    return f"{whole(near)} to {mm(far)}"


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
