"""Split conformal prediction with normalised scores, counting how few errors are independent."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def normalised_scores(observed: Array, median: Array, sd: Array) -> NDArray[np.float64]:
    """``|observed - median| / sd``; NaN where one is not known or the model claims to be certain."""
    known = np.isfinite(observed) & np.isfinite(median) & (sd > 0)
    error = np.abs(observed.astype("float64") - median)
    return np.where(known, error / np.where(known, sd, 1.0), np.nan)


def corrected_level(level: float, count: int) -> float:
    """Level of the empirical quantile that covers the next of ``count`` exchangeable scores with probability ``level``.

    ``ceil((n + 1) level) / n``: Lei, G'Sell, Rinaldo, Tibshirani & Wasserman 2018, Distribution-free predictive inference for
    regression, JASA 113:1094, section 2.2. Infinity where n scores are too few for the level.
    """
    rank = math.ceil((count + 1) * level - 1e-9)
    return rank / count if 0 < rank <= count else math.inf


@dataclass(frozen=True)
class Evidence:
    """Scores of earlier origins, and how much they weigh.

    Attributes:
        scores: all finite scores, pooled.
        origins: earlier origins that gave any.
        blocks: blocks of pixels that gave any.
    """

    scores: NDArray[np.float64]
    origins: int
    blocks: int

    @property
    def count(self) -> int:
        """Independent scores: neighbouring pixels err together, so a block counts once per origin."""
        return self.origins * self.blocks

    def multiplier(self, level: float) -> float:
        """Half-width of the interval at ``level``, in standard deviations; NaN where the evidence is too little."""
        wanted = corrected_level(level, self.count) if self.count else math.inf
        if wanted > 1:
            return math.nan
        rank = math.ceil(self.scores.size * wanted - 1e-9)
        return float(np.partition(self.scores, rank - 1)[rank - 1])


def gather(scores: NDArray[np.float64], row: NDArray[np.integer], col: NDArray[np.integer], block: int) -> Evidence:
    """Evidence in ``scores`` (past, point) of the pixels at ``row`` and ``col``, in blocks of so many pixels."""
    known = np.isfinite(scores)
    seen = known.any(axis=0)
    places = np.stack([row[seen] // block, col[seen] // block])
    return Evidence(scores[known], int(known.any(axis=1).sum()), int(np.unique(places, axis=1).shape[1]))
