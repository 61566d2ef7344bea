"""The scene as a whole: everything that is known of it, date by date and pair by pair."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .bowls import YEAR, make_courses, make_patterns
from .coherence import coherence_of, draw_noise, make_texture, phase_deviation
from .draw import Draw, generator
from .fields import power_law_field
from .network import make_baselines, make_dates, make_pairs
from .settings import complete_settings
from .site import COVERS, ORBIT_HEIGHT, WAVELENGTH, Lattice, Look, make_cover, make_height, make_lattice, make_look
from .troposphere import make_delay
from .unwrapping import Patch, draw_patches

Array = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

KINDS = ("stable", "bowl", "vegetation", "water")
_MOVES = 2.0  # mm/yr in the line of sight: ground that moves more, or swings as far, is called a bowl
_RAD_PER_MM = -4 * np.pi / WAVELENGTH / 1000  # positive phase = away, displacement positive towards


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


@dataclass(frozen=True, eq=False)
class Scene:
    """A simulated scene; see :func:`make_scene`. Layers of a date or pair are made when asked for.

    Attributes:
        settings: the study's ``simulate``, complete.
        lattice: the lattice: ``x``, ``y`` (pixel centres), ``epsg``.
        look: look angles; ``look.enu`` is the unit vector ground -> satellite.
        height: m, (y, x).
        dates: acquisition dates.
        baselines: perpendicular position of each date, m, relative to the first.
        pairs: indices of the dates of each interferogram.
        lost: pairs whose product is missing.
        patterns: line-of-sight motion of each bowl for 1 mm of uplift at its centre, (y, x).
        courses: vertical displacement of each bowl's centre, (bowl, time) mm.
        cover: land cover, index into COVERS, (y, x).
        texture: of the coherence, (y, x).
        dem_error: m, (y, x).
        spool: folder that keeps the delay of each date, or None to keep them in memory.
    """

    settings: Mapping[str, Any]
    lattice: Lattice
    look: Look
    height: Array
    dates: list[date]
    baselines: npt.NDArray[np.float64]
    pairs: list[tuple[int, int]]
    lost: list[tuple[int, int]]
    patterns: list[Array]
    courses: npt.NDArray[np.float64]
    cover: npt.NDArray[np.uint8]
    texture: Array
    dem_error: Array
    spool: Path | None = None
    _delays: dict[int, Array] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        return self.lattice.shape

    @property
    def seed(self) -> int:
        return int(self.settings["seed"])

    @cached_property
    def time(self) -> npt.NDArray[np.datetime64]:
        """Dates as datetime64[D]."""
        return np.array(self.dates, "datetime64[D]")

    @cached_property
    def displacement(self) -> Array:
        """True deformation (time, y, x): mm in the line of sight, positive towards the satellite, 0 at the first date."""
        return np.stack([self.displacement_at(i) for i in range(len(self.dates))])

    @cached_property
    def atmosphere(self) -> Array:
        """Apparent displacement by the troposphere (time, y, x): mm, positive towards the satellite, not 0 at the first date."""
        return np.stack([self.delay_at(i) for i in range(len(self.dates))])

    @cached_property
    def velocity(self) -> Array:
        """Slope of the least-squares line through the true displacement (y, x), mm/yr."""
        return self.velocity_in((slice(None), slice(None)))

    @cached_property
    def kind(self) -> npt.NDArray[np.uint8]:
        """Index into KINDS (y, x): water, else bowl where the ground moves more than 2 mm/yr, else vegetation, else stable."""
        return self.kind_in((slice(None), slice(None)))

    def displacement_at(self, number: int, window: tuple[slice, slice] = (slice(None), slice(None))) -> Array:
        """True deformation up to one date, (y, x) mm."""
        total = np.zeros(self.cover[window].shape, np.float32)
        for course, pattern in zip(self.courses[:, number], self.patterns, strict=True):
            total += np.float32(course) * pattern[window]
        return total

    def velocity_in(self, window: tuple[slice, slice]) -> Array:
        """:attr:`velocity` in a window."""
        years = (self.time - self.time[0]).astype(float) / YEAR
        slopes = self.courses @ (years - years.mean()) / ((years - years.mean()) ** 2).sum()
        total = np.zeros(self.cover[window].shape, np.float32)
        for slope, pattern in zip(slopes, self.patterns, strict=True):
            total += np.float32(slope) * pattern[window]
        return total

    def kind_in(self, window: tuple[slice, slice]) -> npt.NDArray[np.uint8]:
        """:attr:`kind` in a window."""
        cover = self.cover[window]
        farthest = np.zeros(cover.shape, np.float32)
        for number in range(len(self.dates)):
            np.maximum(farthest, np.abs(self.displacement_at(number, window)), out=farthest)
        years = float((self.time[-1] - self.time[0]).astype(float)) / YEAR
        kind = np.where(cover == COVERS.index("vegetation"), KINDS.index("vegetation"), KINDS.index("stable")).astype(np.uint8)
        kind[farthest > _MOVES * years] = KINDS.index("bowl")
        kind[cover == COVERS.index("water")] = KINDS.index("water")
        return kind

    def delay_at(self, number: int) -> Array:
        """Apparent displacement by the troposphere on one date, (y, x) mm."""
        day = self.dates[number]
        if self.spool is None:
            if number not in self._delays:
                self._delays[number] = make_delay(self.lattice, self.height, day, self.settings["troposphere"], self.seed)
            return self._delays[number]
        path = self.spool / f"{day:%Y%m%d}.npy"
        if not path.exists():
            part = path.with_name(f".part-{path.name}")
            np.save(part, make_delay(self.lattice, self.height, day, self.settings["troposphere"], self.seed))
            os.replace(part, path)
        kept: Array = np.load(path, mmap_mode="r")
        return kept

    def coherence_at(self, i: int, j: int) -> Array:
        """True coherence of two dates, (y, x), without holes."""
        return coherence_of(
            self.cover,
            self.texture,
            (self.dates[i], self.dates[j]),
            float(self.baselines[j] - self.baselines[i]),
            self.settings["coherence"],
        )

    def interferogram(self, i: int, j: int) -> Interferogram:
        """The unwrapped interferogram of two dates, as a processor would deliver it.

        Deformation, delay and DEM error belong to the dates and close around loops; the noise is a pair's own, so loops close
        up to it, and up to whole cycles where the unwrapping went wrong.

        Args:
            i: index of the first date.
            j: index of the second date.
        """
        errors, days = self.settings["errors"], (self.dates[i], self.dates[j])
        ordinals = (days[0].toordinal(), days[1].toordinal())
        gamma = self.coherence_at(i, j)
        water = self.cover == COVERS.index("water")
        jumps, holes = draw_patches(generator(self.seed, Draw.PATCHES, *ordinals), gamma, water, self.lattice, errors)
        missing = _paint(holes, self.shape)
        gamma[missing] = np.minimum(gamma[missing], 0.05)
        phase = self._clean_phase(i, j)
        estimate = gamma
        if errors["noise"]:
            noise, estimate = draw_noise(generator(self.seed, Draw.NOISE, *ordinals), gamma, self.settings["coherence"]["looks"])
            phase += noise
        cycles = np.zeros(self.shape, np.int8)
        for patch in jumps:
            window, inside = patch.inside(self.shape)
            cycles[window][inside] += patch.cycles
        phase += np.float32(2 * np.pi) * cycles
        phase += np.float32(generator(self.seed, Draw.CONSTANT, *ordinals).uniform(-np.pi, np.pi))
        phase[missing | (estimate < errors["min_coherence"])] = np.nan
        baseline = float(self.baselines[j] - self.baselines[i])
        return Interferogram(*days, baseline, phase, estimate, gamma, cycles)

    def _clean_phase(self, i: int, j: int) -> Array:
        """Phase of deformation, delay and DEM error, rad."""
        phase = self.displacement_at(j)
        phase -= self.displacement_at(i)
        phase += self.delay_at(j)
        phase -= self.delay_at(i)
        phase *= np.float32(_RAD_PER_MM)
        if self.settings["errors"]["dem"]:
            # A height error e makes 4 pi B e / (lambda R sin(incidence)), with the slant range R over flat ground.
            factor = 4 * np.pi / WAVELENGTH * (self.baselines[j] - self.baselines[i]) / ORBIT_HEIGHT
            phase += np.float32(factor) * self.dem_error * np.tan(self.look.theta)  # cos(inc)/sin(inc): R = H / cos(inc)
        return phase


def make_scene(settings: Mapping[str, Any] | None = None, *, spool: Path | None = None) -> Scene:
    """Make a simulated subsiding basin, in memory, without products.

    Everything random is drawn by generators of (seed, thing, date or pair): the same settings give the same scene.

    Args:
        settings: the study's ``simulate``, or any part of it; the schema's defaults fill the rest. For example
            ``{"seed": 3, "area": {"rows": 64, "columns": 64}, "bowls": [...]}``.
        spool: existing folder to keep the delay of each date in, for scenes larger than the memory.

    Raises:
        InsarcastError: settings that cannot be, in one sentence.
    """
    whole = complete_settings(settings or {})
    seed = whole["seed"]
    lattice = make_lattice(whole["area"])
    look = make_look(lattice, whole["acquisitions"])
    dates = make_dates(whole["acquisitions"], seed)
    pairs, lost = make_pairs(dates, whole["acquisitions"], seed)
    days = np.array([(day - dates[0]).days for day in dates])
    patterns, reach = make_patterns(lattice, look, whole["bowls"])
    dem_error = np.zeros(lattice.shape, np.float32)
    if whole["errors"]["dem"]:
        rough = power_law_field(generator(seed, Draw.DEM_ERROR), lattice.shape, lattice.pixel, (0.5,))
        dem_error = np.float32(whole["errors"]["dem"]) * rough
    return Scene(
        settings=whole,
        lattice=lattice,
        look=look,
        height=make_height(lattice, whole["area"], seed),
        dates=dates,
        baselines=make_baselines(dates, whole["acquisitions"]["tube"], seed),
        pairs=pairs,
        lost=lost,
        patterns=patterns,
        courses=make_courses(days, dates[0].timetuple().tm_yday, whole["bowls"]),
        cover=make_cover(lattice, whole["area"], reach, seed),
        texture=make_texture(lattice, seed),
        dem_error=dem_error,
        spool=spool,
    )


def noisy_series(scene: Scene) -> Array:
    """The scene as an inverted cube would look, without interferograms or inversion.

    True displacement and delay, both relative to the most coherent stable pixel and to the first date, and noise of each date:
    the Cramer-Rao deviation of a pair of one interval, over the square root of the pairs that a date takes part in.

    Args:
        scene: of :func:`make_scene`.

    Returns:
        (time, y, x) mm in the line of sight, positive towards the satellite; exactly 0 at the first date and at that pixel.
    """
    row, col = stable_pixel(scene)
    gamma = scene.coherence_at(0, 1)
    per_date = 2 * len(scene.pairs) / len(scene.dates)
    deviation = phase_deviation(gamma, scene.settings["coherence"]["looks"]) / abs(_RAD_PER_MM) / np.sqrt(per_date)
    series = np.empty((len(scene.dates), *scene.shape), np.float32)
    for number, day in enumerate(scene.dates):
        noise = generator(scene.seed, Draw.SERIES, day.toordinal()).standard_normal(scene.shape, np.float32)
        series[number] = scene.displacement_at(number) + scene.delay_at(number) + deviation * noise
    series -= series[0].copy()
    series -= series[:, row, col].copy()[:, None, None]
    return series


def stable_pixel(scene: Scene) -> tuple[int, int]:
    """Row and column of the pixel without motion whose coherence is best; the one that moves least, if all move."""
    quality = scene.coherence_at(0, 1)
    fitting = scene.kind == KINDS.index("stable")
    if not fitting.any():
        quality = -np.abs(scene.displacement_at(len(scene.dates) - 1))
        fitting = np.ones(scene.shape, bool)
    row, col = np.unravel_index(int(np.argmax(np.where(fitting, quality, -np.inf))), scene.shape)
    return int(row), int(col)


def _paint(patches: list[Patch], shape: tuple[int, int]) -> Bools:
    """Where any of the patches is."""
    painted = np.zeros(shape, bool)
    for patch in patches:
        window, inside = patch.inside(shape)
        painted[window] |= inside
    return painted
