"""How the ground moves: shapes of bowls and their courses in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import erf, pi, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from .site import Lattice, Look

Array = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]

YEAR = 365.25
_MODES = 2000  # of Terzaghi's series: enough for time factors from 1e-6


def make_patterns(lattice: Lattice, look: Look, bowls: Sequence[Mapping[str, Any]]) -> tuple[list[Array], Array]:
    """Line-of-sight motion of each bowl for 1 mm of uplift at its centre.

    Vertical motion z goes with horizontal motion -b R grad z, towards the centre where the ground sinks, as the probability
    integral method has it (Knothe 1957; Liu and Liao 1965: horizontal displacement proportional to tilt).

    Args:
        lattice: the lattice.
        look: look angles.
        bowls: the study's ``simulate.bowls``, defaults filled in.

    Returns:
        A pattern (y, x) of each bowl, mm per mm, positive towards the satellite, and the greatest share of its peak that any
        bowl has (y, x).
    """
    east, north, up = look.enu
    patterns, reach = [], np.zeros(lattice.shape, np.float32)
    for bowl in bowls:
        column, row = (share * size for share, size in zip(bowl["place"], (lattice.nx, lattice.ny), strict=True))
        x = lattice.x - (lattice.west + column * lattice.pixel)
        y = lattice.y - (lattice.north - row * lattice.pixel)
        panel = bowl["panel"] or (0.0, 0.0)
        (along, slope_x), (across, slope_y) = (profile(d, bowl["radius"], width) for d, width in zip((x, y), panel, strict=True))
        shape = np.outer(across, along).astype(np.float32)
        pattern = up * shape
        if bowl["horizontal"]:
            reach_m = np.float32(bowl["horizontal"] * bowl["radius"])
            pattern -= reach_m * east * np.outer(across, slope_x).astype(np.float32)
            pattern -= reach_m * north * np.outer(slope_y, along).astype(np.float32)
        patterns.append(pattern)
        np.maximum(reach, shape, out=reach)
    return patterns, reach


def profile(distance: Values, radius: float, width: float) -> tuple[Values, Values]:
    """One direction of a bowl's shape, 1 at the centre, and its slope in 1/m.

    A point at depth makes exp(-pi d^2 / R^2) at the surface; a panel of some width makes the integral of that over it
    (Knothe-Budryk, probability integral method). Both directions multiply.

    Args:
        distance: from the centre along the axis, m.
        radius: R, radius of main influence, m.
        width: of the panel along the axis, m; 0 for a point.
    """
    if not width:
        shape = np.exp(-pi * (distance / radius) ** 2)
        return shape, -2 * pi * distance / radius**2 * shape
    ends = (distance + width / 2, distance - width / 2)
    peak = erf(sqrt(pi) * width / 2 / radius)
    integral = [np.array([erf(sqrt(pi) * d / radius) for d in end]) for end in ends]
    density = [np.exp(-pi * (end / radius) ** 2) / radius for end in ends]
    return 0.5 * (integral[0] - integral[1]) / peak, (density[0] - density[1]) / peak


def make_courses(days: npt.NDArray[np.integer], first_day: int, bowls: Sequence[Mapping[str, Any]]) -> Values:
    """Vertical displacement of each bowl's centre.

    Args:
        days: since the first date, ascending from 0.
        first_day: day of the year of the first date.
        bowls: the study's ``simulate.bowls``, defaults filled in.

    Returns:
        (bowl, time) mm, positive up, 0 at the first date.
    """
    years = days / YEAR
    swing = [_season(days + first_day, bowl["peak_day"]) - _season(np.array([first_day]), bowl["peak_day"]) for bowl in bowls]
    return np.array([course(bowl, years) + bowl["seasonal"] * own for bowl, own in zip(bowls, swing, strict=True)]).reshape(
        len(bowls), len(days)
    )


def course(bowl: Mapping[str, Any], years: Values) -> Values:
    """Displacement of a bowl's centre without its yearly swing, mm, 0 at year 0.

    Args:
        bowl: one of the study's ``simulate.bowls``, defaults filled in.
        years: since the first date, ascending from 0.
    """
    rate, constant = bowl["rate"], bowl["time_constant"]
    if bowl["kind"] == "accelerating":
        last = years[-1]
        return np.asarray(rate * constant * (np.exp((years - last) / constant) - np.exp(-last / constant)))
    if bowl["kind"] == "decaying" and bowl["form"] == "exponential":
        return np.asarray(-rate * constant * np.expm1(-years / constant))
    if bowl["kind"] == "decaying":
        start = np.array([bowl["age"] / constant])
        settled = rate * constant / consolidation_rate(start)  # mm at the end of all consolidation
        return np.asarray(settled * (consolidation((years + bowl["age"]) / constant) - consolidation(start)))
    if bowl["kind"] == "onset":
        return np.asarray(rate * np.clip(years - bowl["onset"] * years[-1], 0, None))
    return np.asarray(rate * years)


def consolidation(time_factor: Values) -> Values:
    """Average degree of consolidation U of a clay layer (Terzaghi 1923): U = 1 - sum 2/M^2 exp(-M^2 T), M = (2m+1) pi/2.

    Args:
        time_factor: T = c_v t / H^2, with the drainage path H (half the thickness of a delay interbed drained on both sides).
    """
    mode = (2 * np.arange(_MODES) + 1) * pi / 2
    return np.asarray(1 - (2 / mode**2 * np.exp(-(mode**2) * np.asarray(time_factor)[..., None])).sum(-1))


def consolidation_rate(time_factor: Values) -> Values:
    """dU/dT of :func:`consolidation`."""
    mode = (2 * np.arange(_MODES) + 1) * pi / 2
    return np.asarray((2 * np.exp(-(mode**2) * np.asarray(time_factor)[..., None])).sum(-1))


def _season(day_of_year: npt.NDArray[np.integer], peak: float) -> Values:
    return np.asarray(np.cos(2 * pi * (day_of_year - peak) / YEAR))
