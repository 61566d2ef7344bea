"""Unwrapping errors: whole cycles that an interferogram is off by, found by the rest of the network, and verified.

If interferogram k of a pixel is off by a jump, the least-squares estimate of that jump is its residual over its redundancy, and
allowing for it lowers the weighted squares by w r^2 / f (Baarda's data snooping). A jump of unwrapping is a whole number of cycles.
The interferogram whose correction by whole cycles explains most is corrected first, then the pixel is solved anew. A correction is
made only if the estimate lies near a whole number, explains far more than noise, and no other interferogram could explain the same;
a pixel's corrections are kept only if no misfit beyond half a cycle is left in it. Other than triplets alone this uses every cycle of the network,
its weights, and says which side of a loop is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from . import kernel

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Operands = tuple[npt.NDArray[Any], ...]

_ROUNDS = 8
_NEAR = 0.25  # of a cycle
# Chi-square of one degree of freedom: 5 standard deviations.
_EVIDENCE = 25.0


@dataclass(frozen=True)
class Cycles:
    """Corrections of unwrapping in a block.

    Attributes:
        pair, pixel: numbers of the corrected samples.
        count: whole cycles taken off each.
        left: numbers of the pixels that misfit by more than half a cycle and could not be corrected for certain.
    """

    pair: Int
    pixel: Int
    count: Int
    left: Int


def find_cycles(
    data: npt.NDArray[Any],
    weights: npt.NDArray[Any],
    pixels: Int,
    rank: Float,
    operands: Operands,
    cycle: float,
    variance: float,
) -> Cycles:
    """Find the whole cycles in suspect pixels.

    Args:
        data: (n_pairs, n_pixels) mm; NaN = missing. Not changed.
        weights: the same shape; 0 = not used.
        pixels: numbers of the suspects.
        rank: (len(pixels),) unknowns that their interferograms determine.
        operands: of the network's plan.
        cycle: mm of displacement in a whole cycle, half the wavelength.
        variance: usual variance of unit weight.
    """
    values, scale = np.ascontiguousarray(data[:, pixels], np.float64), np.ascontiguousarray(weights[:, pixels], np.float64)
    number, alive = np.zeros(values.shape, np.int64), np.arange(len(pixels))
    failed = np.zeros(len(pixels), np.bool_)
    for turn in range(_ROUNDS):
        residual, redundancy, worst = _misfit(values[:, alive], scale[:, alive], rank[alive], operands)
        suspect = worst > cycle / 2
        alive, residual, redundancy = alive[suspect], residual[:, suspect], redundancy[:, suspect]
        if not len(alive) or turn == _ROUNDS - 1:
            break
        free = np.maximum(redundancy, kernel.LEAST_REDUNDANCY)
        jump = np.where(redundancy > kernel.LEAST_REDUNDANCY, residual / free, 0.0)
        turns = np.round(jump / cycle)
        weight = np.nan_to_num(scale[:, alive])
        gain = weight * free * (jump**2 - (jump - cycle * turns) ** 2)
        at = np.arange(len(alive))
        best = gain.argmax(0)
        # What is left of the squares, spread over the freedom that is left, is the noise the gain has to beat.
        squares = (weight * np.nan_to_num(residual) ** 2).sum(0) - gain[best, at]
        freedom = np.maximum((weight > 0).sum(0) - rank[alive] - 1, 1)
        noise = np.maximum(squares / freedom, variance)
        second = gain.copy()
        second[best, at] = 0.0
        near = np.abs(jump[best, at] / cycle - turns[best, at]) < _NEAR
        sure = near & (gain[best, at] > _EVIDENCE * noise) & (gain[best, at] - second.max(0) > _EVIDENCE * noise)
        failed[alive[~sure]] = True
        alive, best, at = alive[sure], best[sure], at[sure]
        values[best, alive] -= turns[best, at] * cycle
        number[best, alive] += turns[best, at].astype(np.int64)
    failed[alive] = True
    number[:, failed] = 0
    pair, place = np.nonzero(number)
    return Cycles(pair, pixels[place], number[pair, place], pixels[failed])


def _misfit(values: Float, scale: Float, rank: Float, operands: Operands) -> tuple[Float, Float, Float]:
    """Residuals (mm), redundancies and the largest misfit of an interferogram left out, by weighted least squares."""
    count, n_dates = values.shape[1], len(operands[-1])
    residual, redundancy, worst = np.zeros(values.shape), np.zeros(values.shape), np.zeros(count)
    kernel.solve(
        np.ascontiguousarray(values), np.ascontiguousarray(scale), np.arange(count), rank, *operands,
        kernel.LEAST_SQUARES, 0.0, 0.0, 1, 0.0, 1.0, True, 0, np.empty((n_dates, count)), np.empty((n_dates, count)),
        np.empty(count), np.empty(count), worst, residual, redundancy,
    )  # fmt: skip
    return residual, redundancy, worst
