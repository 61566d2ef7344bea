"""Interferograms of a scene: deformation, delay, DEM error, noise, holes and bad unwrapping of a pair of dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from .coherence import draw_noise
from .draw import Draw, generator
from .scene import RAD_PER_MM, Array, Scene
from .site import COVERS, ORBIT_HEIGHT, WAVELENGTH
from .unwrapping import Patch, draw_patches

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Interferogram:
    """One unwrapped interferogram on the scene's whole lattice.

    Attributes:
        date1: first date.
        date2: second date.
        baseline: perpendicular baseline, m.
        phase: rad, positive away from the satellite, with a constant of its own; NaN where there is none; (y, x).
        coherence: as a processor estimates it, 0 to 1, (y, x).
        true_coherence: (y, x).
        cycles: whole cycles that the phase is off by bad unwrapping, (y, x).
    """

    date1: date
    date2: date
    baseline: float
    phase: Array
    coherence: Array
    true_coherence: Array
    cycles: npt.NDArray[np.int8]


def make_interferogram(scene: Scene, i: int, j: int) -> Interferogram:
    """The unwrapped interferogram of two dates, as a processor would deliver it.

    Deformation, delay and DEM error belong to the dates and close around loops; the noise is a pair's own, so loops close
    up to it, and up to whole cycles where the unwrapping went wrong.

    Args:
        scene: the scene.
        i: index of the first date.
        j: index of the second date.
    """
    errors, days = scene.settings["errors"], (scene.dates[i], scene.dates[j])
    ordinals = (days[0].toordinal(), days[1].toordinal())
    gamma = scene.coherence_at(i, j)
    water = scene.cover == COVERS.index("water")
    jumps, holes = draw_patches(generator(scene.seed, Draw.PATCHES, *ordinals), gamma, water, scene.lattice, errors)
    missing = _paint(holes, scene.shape)
    gamma[missing] = np.minimum(gamma[missing], 0.05)
    phase = _clean_phase(scene, i, j)
    estimate = gamma
    if errors["noise"]:
        noise, estimate = draw_noise(generator(scene.seed, Draw.NOISE, *ordinals), gamma, scene.settings["coherence"]["looks"])
        phase += noise
    cycles = np.zeros(scene.shape, np.int8)
    for patch in jumps:
        window, inside = patch.inside(scene.shape)
        cycles[window][inside] += patch.cycles
    phase += np.float32(2 * np.pi) * cycles
    phase += np.float32(generator(scene.seed, Draw.CONSTANT, *ordinals).uniform(-np.pi, np.pi))
    phase[missing | (estimate < errors["min_coherence"])] = np.nan
    baseline = float(scene.baselines[j] - scene.baselines[i])
    return Interferogram(*days, baseline, phase, estimate, gamma, cycles)


def _clean_phase(scene: Scene, i: int, j: int) -> Array:
    """Phase of deformation, delay and DEM error, rad."""
    phase = scene.displacement_at(j)
    phase -= scene.displacement_at(i)
    phase += scene.delay_at(j)
    phase -= scene.delay_at(i)
    phase *= np.float32(RAD_PER_MM)
    if scene.settings["errors"]["dem"]:
        # A height error e makes 4 pi B e / (lambda R sin(incidence)), with the slant range R over flat ground.
        factor = 4 * np.pi / WAVELENGTH * (scene.baselines[j] - scene.baselines[i]) / ORBIT_HEIGHT
        phase += np.float32(factor) * scene.dem_error * np.tan(scene.look.theta)  # cos(inc)/sin(inc): R = H / cos(inc)
    return phase


def _paint(patches: list[Patch], shape: tuple[int, int]) -> Bools:
    """Where any of the patches is."""
    painted = np.zeros(shape, bool)
    for patch in patches:
        window, inside = patch.inside(shape)
        painted[window] |= inside
    return painted
