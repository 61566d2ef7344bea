"""What the air adds: stratified and turbulent delay of each date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from .bowls import YEAR
from .draw import Draw, generator
from .fields import power_law_field
from .site import Lattice

Array = npt.NDArray[np.float32]


def make_delay(lattice: Lattice, height: Array, day: date, troposphere: Mapping[str, Any], seed: int) -> Array:
    """Apparent line-of-sight displacement by the troposphere on one date.

    Turbulent: a power-law field (Hanssen 2001, section 4.7) whose strength differs from date to date. Stratified: proportional to
    height, with a yearly course and a random part (Doin et al. 2009). More vapour means a longer path, hence apparent motion
    away from the satellite.

    Args:
        lattice: the lattice.
        height: m, (y, x).
        day: the date.
        troposphere: the study's ``simulate.troposphere``.
        seed: the scene's seed.

    Returns:
        (y, x) mm, positive towards the satellite; about 0 in the scene's mean.
    """
    rng = generator(seed, Draw.STRATIFIED, day.toordinal())
    season = np.cos(2 * np.pi * (day.timetuple().tm_yday - troposphere["wettest_day"]) / YEAR)
    # The vapour below a place is not above it: more vapour delays the valley more than the hill.
    per_km = troposphere["stratified_seasonal"] * season + troposphere["stratified"] * rng.standard_normal()
    delay: Array = np.float32(per_km / 1000) * (height - np.float32(height.mean(dtype=np.float64)))
    if troposphere["turbulence"]:
        rng = generator(seed, Draw.TURBULENCE, day.toordinal())
        strength = troposphere["turbulence"] * np.exp(troposphere["spread"] * rng.standard_normal())
        delay += np.float32(strength) * power_law_field(
            rng, lattice.shape, lattice.pixel, troposphere["exponents"], troposphere["scales"]
        )
    return delay
