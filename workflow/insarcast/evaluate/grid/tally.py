"""Sums that scores are made of, filled window by window so that memory does not grow with the scene."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# So many blocks are enough to draw from; a large scene gets larger blocks, which makes its interval wider, not narrower.
MOST_BLOCKS = 4000


class Tally:
    """Sums by model, origin, horizon and velocity class; the absolute errors also by block of pixels, for the bootstrap.

    Attributes:
        count: (origin, horizon, class, block) scored pixels, the same for all models.
        absolute: (model, origin, horizon, class, block) sum of absolute errors, mm.
        sums: name -> (model, origin, horizon, class) sums: error, square, interval (how many), calibrated, inside and width per
            level, own_inside and own_width of the uncalibrated intervals.
        noise: name -> (origin, horizon, class) sums of variances, mm2, and of how many, ``n_<name>``.
    """

    def __init__(self, shape: tuple[int, int, int, int], grid: tuple[int, int], block: int) -> None:
        """``shape``: models, origins, horizons and classes; the last class is of unknown velocity."""
        edge = block * math.ceil(math.sqrt(math.ceil(grid[0] / block) * math.ceil(grid[1] / block) / MOST_BLOCKS))
        self.edge, self.columns = edge, math.ceil(grid[1] / edge)
        self.blocks = math.ceil(grid[0] / edge) * self.columns
        self.shape = shape
        self.count = np.zeros((*shape[1:], self.blocks))
        self.absolute = np.zeros((*shape, self.blocks))
        self.sums: dict[str, Array] = {}
        self.noise: dict[str, Array] = {}

    def block_of(self, row: NDArray[np.intp], col: NDArray[np.intp]) -> NDArray[np.intp]:
        """Number of the block that holds each pixel."""
        return (row // self.edge) * self.columns + col // self.edge

    def add_pixels(self, at: int, step: int, kind: NDArray[np.int64], block: NDArray[np.intp]) -> None:
        """Count scored pixels of one origin and horizon."""
        self.count[at, step] += self._by_block(kind, block, None)

    def add_errors(self, model: int, at: int, step: int, kind: NDArray[np.int64], block: NDArray[np.intp], error: Array) -> None:
        """Add errors (forecast minus truth, mm) of those pixels."""
        self.absolute[model, at, step] += self._by_block(kind, block, np.abs(error))
        self.add("error", model, at, step, kind, error)
        self.add("square", model, at, step, kind, error**2)

    def add(self, name: str, model: int, at: int, step: int, kind: NDArray[np.int64], values: Array) -> None:
        """Add values of pixels to a sum by class."""
        total = self.sums.setdefault(name, np.zeros(self.shape))
        total[model, at, step] += np.bincount(kind, values, self.shape[3])

    def add_noise(self, name: str, at: int, step: int, kind: NDArray[np.int64], variance: Array) -> None:
        """Add variances, mm2, where they are known."""
        known = np.isfinite(variance)
        for key, values in ((name, variance[known]), (f"n_{name}", np.ones(int(known.sum())))):
            total = self.noise.setdefault(key, np.zeros(self.shape[1:]))
            total[at, step] += np.bincount(kind[known], values, self.shape[3])

    def choose(self, picks: Sequence[int]) -> None:
        """Add one more model, the last: at each origin the model of that index.

        Args:
            picks: index of a model per origin.
        """

        def join(values: Array) -> Array:
            return np.concatenate([values, np.stack([values[model, at] for at, model in enumerate(picks)])[None]])

        self.absolute = join(self.absolute)
        self.sums = {name: join(values) for name, values in self.sums.items()}
        self.shape = (self.shape[0] + 1, *self.shape[1:])

    def _by_block(self, kind: NDArray[np.int64], block: NDArray[np.intp], values: Array | None) -> Array:
        size = self.shape[3] * self.blocks
        return np.bincount(kind * self.blocks + block, values, size).reshape(self.shape[3], self.blocks).astype("float64")


def neighbour_variance(field: Array, kind: NDArray[np.int64]) -> tuple[Array, NDArray[np.int64]]:
    """Semivariances at a distance of one pixel, and the class of the first pixel of each pair.

    Args:
        field: (y, x) mm, NaN where not scored.
        kind: (y, x) class.

    Returns:
        Half the squared difference of every pair of horizontal and vertical neighbours: their mean is the variance of what
        neighbours do not share, by Matheron's estimator.
    """
    pairs = ((field[:, :-1], field[:, 1:], kind[:, :-1]), (field[:-1], field[1:], kind[:-1]))
    half = np.concatenate([((second - first) ** 2 / 2).ravel() for first, second, _ in pairs])
    which = np.concatenate([part.ravel() for *_, part in pairs])
    return half[np.isfinite(half)], which[np.isfinite(half)]


def bootstrap_skill(absolute: Array, base: Array, weights: Array) -> tuple[float, float]:
    """95 % percentile interval of 1 - sum(absolute) / sum(base) over redrawn blocks; NaN with fewer than 10 blocks.

    Args:
        absolute: (block,) sums of the model's absolute errors.
        base: (block,) those of persistence.
        weights: (draw, block) how often each block was drawn.
    """
    used = base > 0
    if used.sum() < 10:
        return math.nan, math.nan
    below = weights[:, used] @ base[used]
    above = weights[:, used] @ absolute[used]
    low, high = np.percentile(1 - above[below > 0] / below[below > 0], [2.5, 97.5])
    return float(low), float(high)


def interval_pairs(quantiles: Sequence[float]) -> dict[int, tuple[int, int]]:
    """Percent of each central interval -> indices of its quantiles, the narrowest first."""
    found = {}
    for low, level in enumerate(quantiles):
        high = int(np.argmin(np.abs(np.asarray(quantiles) - (1 - level))))
        if level < 0.5 and abs(quantiles[high] - (1 - level)) < 1e-9:
            found[round(100 * (1 - 2 * level))] = (low, high)
    return dict(sorted(found.items()))
