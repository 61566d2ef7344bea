"""Structural similarity of two maps with gaps, from sums that are made block by block.

SSIM: Wang, Bovik, Sheikh, Simoncelli 2004, doi:10.1109/TIP.2003.819861 (Gaussian window of 11 x 11 pixels, sigma 1.5, K1 = 0.01,
K2 = 0.03). MS-SSIM: Wang, Simoncelli, Bovik 2003, doi:10.1109/ACSSC.2003.1292216 (five scales, 2 x 2 means between them).
On maps without gaps both equal torchmetrics' (1.9) functional forms, whose conventions are taken over: beyond the scene's edge the maps are
mirrored about the edge pixel; SSIM averages the windows centred on every pixel; contrast and structure of the first four scales average
the windows that lie inside the scene; a negative mean counts as 0 in MS-SSIM; pooling drops an odd last row or column.

With gaps: a window's weights are those of its valid pixels, scaled to a sum of 1; a window counts if its centre is valid and at
least half of its weight is; a pooled pixel is the mean of its valid pixels, and valid where at least two of the four are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

Array = NDArray[np.float64]
Bool = NDArray[np.bool_]

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
SCALES = len(SCALE_WEIGHTS)
WINDOW, SIGMA = 11, 1.5
REACH = WINDOW // 2
K1, K2 = 0.01, 0.03
LEAST_WEIGHT = 0.5  # of a window's weight on valid pixels, for the window to count
ALIGNMENT = 2 ** (SCALES - 1)  # edges of blocks are multiples of it, so that pooled pixels never straddle two blocks
HALO = REACH * ALIGNMENT
SMALLEST_SIDE = (WINDOW - 1) * ALIGNMENT + 1  # 161: below, the coarsest scale is smaller than the window

_OFFSETS = np.arange(WINDOW) - REACH
_KERNEL = np.exp(-(_OFFSETS**2) / (2 * SIGMA**2))
_KERNEL /= _KERNEL.sum()


@dataclass(frozen=True)
class Span:
    """One axis of a block with its halo.

    Attributes:
        start, stop: the block's own pixels; multiples of :data:`ALIGNMENT`, but for a stop at the scene's edge.
        low, high: the pixels at hand, with a halo of :data:`HALO` where the scene has it.
        size: of the scene.
    """

    start: int
    stop: int
    low: int
    high: int
    size: int


def span_of(own: slice, size: int) -> Span:
    """A block's span on an axis of ``size`` pixels, with its halo."""
    return Span(own.start, own.stop, max(own.start - HALO, 0), min(own.stop + HALO, size), size)


def similarity_sums(firsts: Array, second: Array, valid: Bool, data_range: float, rows: Span, cols: Span, scales: int) -> Array:
    """Sums over the windows centred on a block's own pixels, of several maps that are held against one.

    Args:
        firsts: (map, y, x) over the spans' pixels at hand; any value where not valid.
        second: (y, x) the map that they are held against.
        valid: (y, x) pixels that all maps have.
        data_range: L of the formulas, in the maps' units.
        rows: the block along y.
        cols: the block along x.
        scales: how many; from 1 to :data:`SCALES`.

    Returns:
        (map, scale, 4): sum of SSIM and number of windows; sum of contrast x structure over the windows inside the scene, and
        their number. Adding the blocks' sums gives the scene's.
    """
    maps = np.where(valid, np.concatenate([second[None], firsts]).astype("float64"), 0.0)
    sums = np.zeros((len(firsts), scales, 4))
    for scale in range(scales):
        if scale:
            maps, valid = _pool(maps, valid)
        axes = [_cut(span, scale) for span in (rows, cols)]
        if any(start >= stop for start, stop, *_ in axes):
            break
        near, beyond = tuple(axis[2] for axis in axes), [axis[3] for axis in axes]
        shape = tuple(stop - start for start, stop, *_ in axes)
        sums[:, scale] = _local_sums(
            np.pad(maps[(slice(None), *near)], [(0, 0), *beyond], mode="reflect"),
            np.pad(valid[near], beyond, mode="reflect"),
            data_range,
            np.ix_(*(_inside(span, scale) for span in (rows, cols))),
            shape,
        )
    return sums


def ssim_of(sums: Array) -> float:
    """SSIM, the mean over windows; NaN where no window counts.

    Args:
        sums: (scale, 4), one map's of :func:`similarity_sums`, added over blocks.
    """
    return float(sums[0, 0] / sums[0, 1]) if sums[0, 1] else math.nan


def ms_ssim_of(sums: Array) -> float:
    """MS-SSIM: contrast x structure of four scales and SSIM of the fifth, to the powers of the weights; NaN where a scale has no window."""
    if len(sums) < SCALES:
        return math.nan
    means = [sums[scale, 2:] for scale in range(SCALES - 1)] + [sums[SCALES - 1, :2]]
    if any(count == 0 for _, count in means):
        return math.nan
    return float(
        np.prod([max(total / count, 0.0) ** weight for (total, count), weight in zip(means, SCALE_WEIGHTS, strict=True)])
    )


def _pool(maps: Array, valid: Bool) -> tuple[Array, Bool]:
    """Means of the valid pixels of 2 x 2; maps hold 0 where not valid."""
    ny, nx = (size // 2 for size in valid.shape)
    count = valid[: 2 * ny, : 2 * nx].reshape(ny, 2, nx, 2).sum(axis=(1, 3))
    total = maps[:, : 2 * ny, : 2 * nx].reshape(len(maps), ny, 2, nx, 2).sum(axis=(2, 4))
    return np.where(count >= 2, total / np.maximum(count, 1), 0.0), count >= 2


def _cut(span: Span, scale: int) -> tuple[int, int, slice, tuple[int, int]]:
    """A block's own pixels at a scale; where they and their windows lie in what is at hand; and how far those reach beyond the scene."""
    start, stop, end = span.start >> scale, span.stop >> scale, span.size >> scale
    low, high = max(start - REACH, 0), min(stop + REACH, end)
    base = span.low >> scale
    return start, stop, slice(low - base, high - base), (REACH - (start - low), REACH - (high - stop))


def _inside(span: Span, scale: int) -> Bool:
    """Which of a block's own pixels at a scale have their whole window inside the scene."""
    own = np.arange(span.start >> scale, span.stop >> scale)
    return np.asarray((own >= REACH) & (own < (span.size >> scale) - REACH))


def _local_sums(maps: Array, valid: Bool, data_range: float, inside: tuple[Bool, ...], shape: tuple[int, ...]) -> Array:
    """Sums over one scale, (map, 4), of the maps after the first against the first; all reach :data:`REACH` beyond ``shape``."""
    second, *firsts = maps
    own = (slice(REACH, REACH + shape[0]), slice(REACH, REACH + shape[1]))
    weight = np.ones(shape) if valid.all() else _smooth(valid.astype("float64"), own)
    counts = valid[own] & (weight >= LEAST_WEIGHT)
    whole = np.zeros(shape, bool)
    whole[inside] = counts[inside]
    scaled = np.where(counts, weight, 1.0)
    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    mean_second = _smooth(second, own) / scaled
    variance_second = np.maximum(_smooth(second**2, own) / scaled - mean_second**2, 0.0)
    sums = np.zeros((len(firsts), 4))
    for index, first in enumerate(firsts):
        mean, square, product = (_smooth(part, own) / scaled for part in (first, first**2, first * second))
        variance = np.maximum(square - mean**2, 0.0) + variance_second
        structure = (2 * (product - mean * mean_second) + c2) / (variance + c2)
        similarity = (2 * mean * mean_second + c1) / (mean**2 + mean_second**2 + c1) * structure
        sums[index] = similarity[counts].sum(), counts.sum(), structure[whole].sum(), whole.sum()
    return sums


def _smooth(values: Array, own: tuple[slice, slice]) -> Array:
    """Gaussian means of the windows centred on the own pixels."""
    along = correlate1d(values, _KERNEL, axis=0, mode="constant")[own[0]]
    return np.asarray(correlate1d(along, _KERNEL, axis=1, mode="constant")[:, own[1]])
