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


def corrected_level(level: float, count: float) -> float:
    """Level of the empirical quantile that covers the next of ``count`` exchangeable scores with probability ``level``.

    ``(n + 1) level / n``: Lei, G'Sell, Rinaldo, Tibshirani & Wasserman 2018, Distribution-free predictive inference for
    regression, JASA 113:1094, section 2.2. Infinity where n scores are too few for the level.
    """
    wanted = (count + 1) * level / count if count > 0 else math.inf
    return wanted if wanted <= 1 + 1e-9 else math.inf


@dataclass(frozen=True)
class Evidence:
    """Scores of earlier origins, and how much they weigh.

    Attributes:
        scores: (past, point) scores, every row with some that are known; NaN elsewhere.
        blocks: blocks of pixels that gave any.
    """

    scores: NDArray[np.float64]
    blocks: int

    @property
    def origins(self) -> int:
        """Earlier origins that gave scores."""
        return len(self.scores)

    def independent(self, level: float) -> float:
        """How many independent scores the evidence is worth at a level.

        Neighbouring pixels err together, so a block of pixels counts once per origin; and where the whole scene errs together
        (atmosphere, reference), the share of scores below the quantile differs between origins by more than chance: its variance
        over the K origins, ``s2``, says that they are worth ``level (1 - level) K / s2`` (the design effect of Kish 1965, Survey
        Sampling, section 5.4). At most origins x blocks, at least origins.
        """
        most = self.origins * self.blocks
        if self.origins < 2:
            return float(self.origins)
        known = np.isfinite(self.scores)
        share = (known & (self.scores <= self._quantile(level))).sum(axis=1) / known.sum(axis=1)
        variance = float(share.var(ddof=1))
        worth = level * (1 - level) * self.origins / variance if variance > 0 else math.inf
        return float(min(max(worth, self.origins), most))

    def multiplier(self, level: float) -> float:
        """Half-width of the interval at ``level``, in standard deviations; NaN where the evidence is too little."""
        wanted = corrected_level(level, self.independent(level))
        return self._quantile(wanted) if wanted < math.inf else math.nan

    def _quantile(self, level: float) -> float:
        """Smallest score that a share of at least ``level`` of all does not exceed."""
        pooled = self.scores[np.isfinite(self.scores)]
        rank = min(max(math.ceil(pooled.size * level - 1e-9), 1), pooled.size)
        return float(np.partition(pooled, rank - 1)[rank - 1])


def gather(scores: NDArray[np.float64], row: NDArray[np.integer], col: NDArray[np.integer], block: int) -> Evidence:
    """Evidence in ``scores`` (past, point) of the pixels at ``row`` and ``col``, in blocks of so many pixels."""
    known = np.isfinite(scores)
    seen = known.any(axis=0)
    places = np.stack([row[seen] // block, col[seen] // block])
    return Evidence(scores[known.any(axis=1)], int(np.unique(places, axis=1).shape[1]))
