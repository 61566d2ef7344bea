"""What other dates might have given: a block bootstrap over the origins of forecasts."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DRAWS = 1000


def block_weights(n: int, length: int, seed: int, draws: int = DRAWS) -> Array:
    """How often each of ``n`` origins is drawn by circular moving blocks (Politis and Romano 1992).

    The same ``n``, ``length`` and ``seed`` give the same draws, whatever the model.

    Args:
        n: origins in the order of time; the first follows the last.
        length: origins in a block, at least the lead time in steps, for forecasts from origins nearer than that share dates.
        seed: of the draws.
        draws: how many.

    Returns:
        ``(draw, n)``, every row with the sum ``n``.
    """
    rng = np.random.default_rng([seed, n, length])
    starts = rng.integers(0, n, (draws, math.ceil(n / length)))
    drawn = ((starts[..., None] + np.arange(length)) % n).reshape(draws, -1)[:, :n]
    flat = drawn + n * np.arange(draws)[:, None]
    return np.bincount(flat.ravel(), minlength=draws * n).reshape(draws, n).astype("float64")


def ratio_interval(above: Array, below: Array, weights: Array) -> tuple[float, float]:
    """5th and 95th percentile of sum(above) / sum(below) over draws; NaN without a denominator.

    Args:
        above: ``(origin,)`` sums of the numerator.
        below: ``(origin,)`` those of the denominator.
        weights: ``(draw, origin)``.
    """
    bottom = weights @ below
    known = bottom > 0
    if not known.any():
        return math.nan, math.nan
    low, high = np.percentile((weights @ above)[known] / bottom[known], [5, 95])
    return float(low), float(high)
