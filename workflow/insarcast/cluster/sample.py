"""The pixels of a cube, block by block, and a bounded random sample of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast.core import blocks

MIN_DATES = 2  # a line needs two


@dataclass(frozen=True, eq=False)
class Pixels:
    """Usable pixels of a block.

    Attributes:
        values: ``(pixel, time)`` displacement in mm, NaN where not measured.
        usable: ``(y, x)`` where they are.
        left_out: pixels inside the mask that have too few dates.
    """

    values: NDArray[np.float32]
    usable: NDArray[np.bool_]
    left_out: int


@dataclass(frozen=True, eq=False)
class Sample:
    """A random sample of all usable pixels, each as likely as any other.

    Attributes:
        values: ``(pixel, time)`` displacement in mm, NaN where not measured; in the order of the blocks.
        usable: number of usable pixels it was drawn from.
        left_out: pixels inside the mask that have too few dates.
    """

    values: NDArray[np.float32]
    usable: int
    left_out: int


def read_pixels(cube: xr.Dataset, block: tuple[slice, slice]) -> Pixels:
    """Pixels of a block that the mask allows and that were measured on two dates or more."""
    part = cube[["displacement", "mask"]].isel(y=block[0], x=block[1]).load()
    usable = part.mask.values.copy()
    values = np.ascontiguousarray(part.displacement.values[:, usable].T)
    enough = np.isfinite(values).sum(1) >= MIN_DATES
    usable[usable] = enough
    return Pixels(values[enough], usable, int((~enough).sum()))


def draw_sample(cube: xr.Dataset, size: int, edge: int, seed: int) -> Sample:
    """At most ``size`` usable pixels, in one walk over the blocks of ``edge`` pixels.

    Each pixel draws a random number and the smallest are kept: a simple random sample without knowing beforehand how many there are.
    """
    draw = np.random.default_rng(seed)
    values, keys = np.empty((0, cube.sizes["time"]), "float32"), np.empty(0)
    usable = left_out = 0
    for block in blocks(cube.sizes["y"], cube.sizes["x"], edge):
        pixels = read_pixels(cube, block)
        usable += len(pixels.values)
        left_out += pixels.left_out
        own = draw.random(len(pixels.values))
        if len(keys) == size:  # most of the later blocks add little: do not copy the rest
            low = own < keys.max()
            own, pixels = own[low], Pixels(pixels.values[low], pixels.usable, pixels.left_out)
        keys, values = np.concatenate([keys, own]), np.concatenate([values, pixels.values])
        if len(keys) > size:
            kept = np.sort(np.argsort(keys, kind="stable")[:size])
            keys, values = keys[kept], values[kept]
    return Sample(values, usable, left_out)
