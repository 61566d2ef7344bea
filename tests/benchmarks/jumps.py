"""Unwrapping errors put into a stack: jumps of a whole cycle in patches of connected pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_dilation

PATCHES = 20
SIZES = (5, 30)
SHARE = 0.1  # of the pairs


def inject(
    phase: npt.NDArray[np.float64], shape: tuple[int, int], seed: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Phase with jumps of 2 pi, and which samples were hit, ``(n_pairs, n_pixels)`` both.

    20 patches of 5 to 30 connected complete pixels; each jumps in a tenth of the pairs, drawn for the patch, up or down. Patches may
    touch and overlap, but no sample jumps twice.
    """
    rng = np.random.default_rng(seed)
    jumped, hit = phase.copy(), np.zeros(phase.shape, np.bool_)
    complete = np.isfinite(phase).all(0).reshape(shape)
    for _ in range(PATCHES):
        patch = grow(rng, complete, int(rng.integers(SIZES[0], SIZES[1] + 1))).ravel()
        for pair in rng.choice(len(phase), round(SHARE * len(phase)), replace=False):
            some = patch & ~hit[pair]
            jumped[pair, some] += rng.choice((-2 * np.pi, 2 * np.pi))
            hit[pair] |= some
    return jumped, hit


def grow(rng: np.random.Generator, there: npt.NDArray[np.bool_], size: int) -> npt.NDArray[np.bool_]:
    """A connected patch of ``size`` pixels, grown at random from one pixel over those that are there."""
    patch = np.zeros(there.shape, np.bool_)
    patch[tuple(rng.choice(np.argwhere(there)))] = True
    while patch.sum() < size:
        edge = np.argwhere(binary_dilation(patch) & ~patch & there)
        if not len(edge):
            break
        patch[tuple(rng.choice(edge))] = True
    return patch
