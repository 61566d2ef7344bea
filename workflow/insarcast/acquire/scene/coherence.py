"""How alike two radar images are, and what that does to phase and estimated coherence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from .bowls import YEAR
from .draw import Draw, generator
from .fields import power_law_field
from .site import COVERS, Lattice

Array = npt.NDArray[np.float32]

_LOWEST, _HIGHEST = 0.01, 0.99


def make_texture(lattice: Lattice, seed: int) -> Array:
    """How the coherence differs from place to place, standard deviation 1: patches and single bright or dull pixels."""
    return power_law_field(generator(seed, Draw.TEXTURE), lattice.shape, lattice.pixel, (0.5,))


def coherence_of(
    cover: npt.NDArray[np.uint8], texture: Array, days: tuple[date, date], baseline: float, settings: Mapping[str, Any]
) -> Array:
    """True coherence of a pair.

    Temporal: gamma = last + (first - last) exp(-dt / tau) of the land cover (the form that Kellndorfer et al. 2022 fitted to
    Sentinel-1 worldwide, there with first = 1), less in the growing season where there is vegetation. Geometric:
    1 - |B| / B_critical (Zebker and Villasenor 1992).

    Args:
        cover: index into COVERS, (y, x).
        texture: see :func:`make_texture`.
        days: the two dates.
        baseline: perpendicular baseline, m.
        settings: the study's ``simulate.coherence``.

    Returns:
        (y, x) from 0.01 to 0.99.
    """
    span = (days[1] - days[0]).days
    green = np.mean([_greenness(day, settings["greenest_day"]) for day in days])
    levels = []
    for name in COVERS:
        first, last, constant = settings[name]
        level = last + (first - last) * np.exp(-span / constant)
        levels.append(level * (1 - settings["season"] * green) if name == "vegetation" else level)
    gamma = np.asarray(levels, np.float32)[cover]
    gamma += np.float32(settings["texture"]) * texture * (cover != COVERS.index("water"))
    gamma *= np.float32(max(0.0, 1 - abs(baseline) / settings["critical_baseline"]))
    return np.clip(gamma, _LOWEST, _HIGHEST, out=gamma)


def draw_noise(rng: np.random.Generator, coherence: Array, looks: float) -> tuple[Array, Array]:
    """Phase noise and estimated coherence of a multilooked pair, drawn together.

    The sample covariance of two images over L independent looks is complex Wishart; by Bartlett's decomposition it takes two
    gamma and two normal numbers a pixel. Its phase has the multilook distribution (Lee et al. 1994), whose standard deviation
    tends to sqrt((1 - gamma^2) / (2 L gamma^2)) (Rodriguez and Martin 1992), and its magnitude the one of Touzi et al. 1999,
    biased upwards where the coherence is low, as any processor's is. The noise is a pair's own: loops do not close exactly.

    Args:
        rng: generator of this pair.
        coherence: true coherence, (y, x).
        looks: number of independent looks, at least 2.

    Returns:
        Noise in rad within (-pi, pi], and estimated coherence 0 to 1, both (y, x).
    """
    shape = coherence.shape
    first = np.sqrt(rng.standard_gamma(looks, shape, np.float32))
    lost = np.sqrt(1 - coherence * coherence)
    real = coherence * first + lost * (rng.standard_normal(shape, np.float32) * np.float32(np.sqrt(0.5)))
    imaginary = lost * (rng.standard_normal(shape, np.float32) * np.float32(np.sqrt(0.5)))
    rest = lost * lost * rng.standard_gamma(looks - 1, shape, np.float32)
    power = real * real + imaginary * imaginary
    return np.arctan2(imaginary, real), np.sqrt(power / (power + rest))


def phase_deviation(coherence: npt.NDArray[np.floating], looks: float) -> npt.NDArray[np.floating]:
    """Standard deviation of the phase, rad: Cramer-Rao bound sqrt((1 - gamma^2) / (2 L gamma^2)), at most that of pure noise.

    Source: Rodriguez and Martin 1992, Theory and design of interferometric synthetic aperture radars.
    """
    bound = np.sqrt((1 - coherence**2) / (2 * looks * coherence**2))
    return np.asarray(np.minimum(bound, np.pi / np.sqrt(3)))


def _greenness(day: date, greenest: float) -> float:
    return float(0.5 * (1 + np.cos(2 * np.pi * (day.timetuple().tm_yday - greenest) / YEAR)))
