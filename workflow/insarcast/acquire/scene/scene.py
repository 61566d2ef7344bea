"""The scene as a whole: everything that is known of it, date by date."""

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

from .bowls import YEAR
from .coherence import coherence_of
from .site import COVERS, WAVELENGTH, Lattice, Look
from .troposphere import make_delay

Array = npt.NDArray[np.float32]

KINDS = ("stable", "bowl", "vegetation", "water")
RAD_PER_MM = -4 * np.pi / WAVELENGTH / 1000  # positive phase = away, displacement positive towards
_MOVES = 2.0  # mm/yr in the line of sight: ground that moves more, or swings as far, is called a bowl


@dataclass(frozen=True, eq=False)
class Scene:
    """A simulated scene; see :func:`.make.make_scene`. Layers of a date or pair are made when asked for.

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
