"""Rank correlation of stated and real uncertainty, from counts that do not grow with the number of points."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Bins of the spread: eight to a factor of two, from 1/64 mm to 1024 mm; of the absolute error: three to a factor of two.
SPREADS, ERRORS = 128, 48
_LEAST_SPREAD, _LEAST_ERROR = 2.0**-6, 2.0**-8


def spread_bin(sd: NDArray[Any]) -> NDArray[np.int64]:
    """Bin of each standard deviation in mm, ascending."""
    return np.asarray(np.clip(np.floor(8 * np.log2(np.maximum(sd, _LEAST_SPREAD) / _LEAST_SPREAD)), 0, SPREADS - 1), "int64")


def error_bin(absolute: NDArray[Any]) -> NDArray[np.int64]:
    """Bin of each absolute error in mm, ascending."""
    return np.asarray(np.clip(np.floor(3 * np.log2(np.maximum(absolute, _LEAST_ERROR) / _LEAST_ERROR)), 0, ERRORS - 1), "int64")


def rank_correlation(counts: NDArray[Any]) -> float:
    """Spearman's correlation of two binned quantities, members of a bin tied; NaN where one of them does not vary.

    Args:
        counts: ``(first, second)`` how many fall into each pair of bins.
    """
    table = counts.astype("float64")
    total = table.sum()
    if total < 2:
        return math.nan
    scores, margins = [], (table.sum(axis=1), table.sum(axis=0))
    for margin in margins:
        middle = np.cumsum(margin) - margin / 2  # the mean rank of a bin, less one half
        scores.append(middle - total / 2)
    spread = [float(margin @ score**2) for margin, score in zip(margins, scores, strict=True)]
    if min(spread) <= 0:
        return math.nan
    return float(scores[0] @ table @ scores[1] / math.sqrt(spread[0] * spread[1]))
