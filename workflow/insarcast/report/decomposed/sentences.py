"""Sentences on vertical and east-west motion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..writing import words
from ..writing.sight import VERTICAL_ENDS
from ..writing.words import NBSP, count, percent, place
from .numbers import Decomposed

NAMES = {"vertical": "vertical", "east": "east-west"}
ENDS = {"vertical": VERTICAL_ENDS, "east": ("to the west", "to the east")}


def towards(name: str, value: float) -> str:
    """The direction of a signed motion."""
    down, up = {"vertical": ("sinks", "rises"), "east": ("moves west", "moves east")}[name]
    return up if value > 0 else down


def rate(value: float, sigma: float) -> str:
    """A speed with its standard deviation, one digit where that is small."""
    digits = 0 if sigma >= 0.5 or abs(value) >= 100 else 1
    return f"{abs(value):.{digits}f} ± {sigma:.{digits}f}{NBSP}mm/yr"


def fastest(found: Decomposed) -> list[str]:
    """What moves most, vertically and sideways."""
    if found.fastest is None:
        return ["No place is seen from two sides: vertical and east-west motion cannot be told apart anywhere."]
    lines = []
    for name, at in found.fastest.items():
        value, sigma = float(found.velocity[name].ravel()[at]), float(found.sigma[name].ravel()[at])
        where = place(*found.place(at))
        if abs(value) <= 2 * sigma:
            lines.append(
                f"No {NAMES[name]} motion exceeds twice its standard deviation (the largest is {rate(value, sigma)}, at {where})."
            )
        else:
            lines.append(
                f"The fastest {NAMES[name]} motion: the ground {towards(name, value)} at {rate(value, sigma)} at {where}."
            )
    total = int(found.used.sum())
    if found.share:
        part = f"{percent(found.share)} of the {count(total, 'place')} that are seen from two sides move"
        lines[0] += f" {words.capital(part)} faster than {words.rate(found.edge)} vertically."
    return lines


def relative(record: Mapping[str, Any]) -> str:
    """That the cubes, each against its own reference, disagree about the common one; empty where they agree within their errors.

    Two standard deviations of the largest difference count, and no less than 1 mm/yr where a cube tells none.
    """
    zero, names = record["reference"], [str(cube["name"]) for cube in record["cubes"]]
    rates = zero.get("velocity_before") or []
    if len(rates) != len(names) or len(rates) < 2:
        return ""
    errors = [float(error) if error is not None else 1.0 for error in zero.get("velocity_before_sigma") or [None] * len(rates)]
    apart = max(
        (abs(one - two) - 2 * math.hypot(errors[i], errors[j]), abs(one - two))
        for i, one in enumerate(rates)
        for j, two in enumerate(rates[:i])
    )
    if apart[0] <= 0 or apart[1] < 0.1:
        return ""
    digits = 0 if apart[1] >= 20 else 1
    told = words.listed([f"{name} by {words.signed(value, digits)}{NBSP}mm/yr" for name, value in zip(names, rates, strict=True)])
    return (
        f"Before they were set to zero at {place(zero['lon'], zero['lat'])}, {told} moved there along the line of sight, each against its own "
        "reference: more apart than their errors, so one of these places moves, and vertical and east-west motion are relative to the common one."
    )


def series(found: Decomposed) -> str:
    """What the series are, or that there are none."""
    if not found.dates:
        return "The cubes have fewer than two dates in common: there are velocities, and no series."
    return f"{count(len(found.dates), 'common date')}, {found.dates[0]} to {found.dates[-1]}."


def caption(found: Decomposed, record: Mapping[str, Any]) -> str:
    """What holds for every map of a decomposition: sign, reference, places, the neglected north."""
    zero = record["reference"]
    north = 10 * record["north"]["vertical"]
    share = int(found.used.sum()) / max(record["cells"]["total"], 1)
    return (
        f"Up and east are positive; zero at {place(zero['lon'], zero['lat'])} (star); {percent(share)} of the places that the cubes share are "
        f"solved. Northward motion is neglected (10{NBSP}mm of it would look like {words.signed(north, 1)}{NBSP}mm of vertical motion)."
    )


def gnss(comparisons: Any, skipped: Any, sentence: str) -> str:
    """How vertical and east-west motion agree with GNSS."""
    if not comparisons:
        return sentence
    parts = [
        f"{words.stations(item['name'])} differs by {item['rmse']:.1f}{NBSP}mm {'vertically' if item['component'] == 'vertical' else 'to the east'} "
        f"(rms of {count(int(item['n']), 'date')}, GNSS minus InSAR {words.signed(item['bias'], 1)}{NBSP}mm on average)"
        for item in comparisons
    ]
    return f"Against GNSS, {'; '.join(parts)}."
