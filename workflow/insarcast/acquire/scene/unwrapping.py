"""What goes wrong in a pair: patches that are 2 pi off, and patches without phase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .site import Lattice

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Patch:
    """A blob around a pixel: its radius differs with direction.

    Attributes:
        row: of the centre.
        col: of the centre.
        radius: mean radius, pixels.
        lobes: angles in rad that turn its two- and threefold shape.
        cycles: whole cycles that the phase is off inside; 0 for a hole.
    """

    row: int
    col: int
    radius: float
    lobes: tuple[float, float]
    cycles: int

    def inside(self, shape: tuple[int, int]) -> tuple[tuple[slice, slice], npt.NDArray[np.bool_]]:
        """The window of a field that the patch touches, and which of its pixels are inside."""
        reach = int(np.ceil(1.5 * self.radius))
        window = tuple(
            slice(max(0, centre - reach), min(size, centre + reach + 1))
            for centre, size in zip((self.row, self.col), shape, strict=True)
        )
        dy = (np.arange(window[0].start, window[0].stop) - self.row)[:, None]
        dx = (np.arange(window[1].start, window[1].stop) - self.col)[None, :]
        angle = np.arctan2(dy, dx)
        edge = self.radius * (1 + 0.25 * np.cos(2 * angle + self.lobes[0]) + 0.15 * np.cos(3 * angle + self.lobes[1]))
        return (window[0], window[1]), np.hypot(dy, dx) <= edge


def draw_patches(
    rng: np.random.Generator, coherence: Array, forbidden: npt.NDArray[np.bool_], lattice: Lattice, errors: Mapping[str, Any]
) -> tuple[list[Patch], list[Patch]]:
    """Patches that are 2 pi off, and holes, of one pair; both where the coherence is low, as unwrapping fails there.

    Args:
        rng: generator of this pair.
        coherence: true coherence, (y, x).
        forbidden: where no patch has its centre (water), (y, x).
        lattice: the lattice.
        errors: the study's ``simulate.errors``.
    """
    chances = [(errors["unwrapping"], errors["unwrapping_radius"], 24), (errors["holes"], errors["holes_radius"], 6)]
    found: list[list[Patch]] = []
    for share, radius, candidates in chances:
        happens, cycles = rng.random() < share, int(rng.choice([-1, 1]))
        rows, cols = rng.integers(0, lattice.ny, candidates), rng.integers(0, lattice.nx, candidates)
        size = radius / lattice.pixel * float(np.exp(0.3 * rng.standard_normal()))
        lobes = (float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0, 2 * np.pi)))
        worst = int(np.argmin(coherence[rows, cols] + 10 * forbidden[rows, cols]))
        found.append([Patch(int(rows[worst]), int(cols[worst]), size, lobes, cycles)] if happens else [])
    return found[0], found[1]
