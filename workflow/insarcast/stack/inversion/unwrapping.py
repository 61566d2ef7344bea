"""Unwrapping errors: whole cycles that interferograms of a pixel are off by, found by the rest of the network, and verified.

If interferogram k is off by a jump, the least-squares estimate of that jump is its residual over its redundancy f, and allowing for it
lowers the weighted squares by w r^2 / f (Baarda's data snooping). A jump of unwrapping is a whole number of cycles, and several may be
wrong at once: a beam of hypotheses is kept for every suspect pixel, each extended by the corrections that explain most. A pixel's
correction is certain if no misfit beyond half a cycle is left and every other explanation is far worse. Where several are as good,
as for a date that only two interferograms reach, the network cannot tell; its neighbours can (:func:`settle`). Other than with
triplets alone this uses every cycle of the network and its weights, and says which side of a loop is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from . import kernel

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Operands = tuple[npt.NDArray[Any], ...]

_BEAM, _BRANCHES, _ROUNDS = 6, 5, 6
_TOO_MANY = 0.4  # share of a pixel's interferograms that misfit by half a cycle: it is noise, and nothing is looked for
_BYTES = 48 * 2**20  # of hypotheses that are looked at together
# In variances of the noise: what a further wrong interferogram has to explain; how much worse the next explanation has to be where the
# network alone decides; up to where neighbours may choose; and up to where they may object, for two wrong interferograms of one date
# look like one right, and the other way round.
_COST, _MARGIN, _TIE, _ASKED = 16.0, 16.0, 8.0, 64.0
# Pixels of this lattice of cells, aligned to the scene, compare with each other only, so that blocks do not matter.
CELL = 128
_NEIGHBOURS, _FEWEST = 12, 4
# Of a cycle: how near the right explanation is to the neighbours, how much farther the others are, and how alike the neighbours.
_NEAR, _FAR, _ALIKE = 0.25, 0.5, 1 / 6
_RECENT = 1  # dates at the end where a step that neighbours do not share may be real


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


@dataclass(frozen=True)
class Ties:
    """Explanations that the neighbours are to be asked about.

    Attributes:
        pixel: (n,) number of the pixel.
        number: (n_pairs, n) whole cycles.
        cost: (n,) how much worse than the pixel's best by the network alone, in variances of the noise.
    """

    pixel: Int
    number: npt.NDArray[np.int8]
    cost: Float


def tied(parts: list[Ties], n_pairs: int) -> Ties:
    """The ties of several slices."""
    none = Ties(np.empty(0, np.int64), np.empty((n_pairs, 0), np.int8), np.empty(0))
    return Ties(*(np.concatenate([getattr(part, entry.name) for part in [none, *parts]], axis=-1) for entry in fields(Ties)))


def joined(parts: list[Cycles]) -> Cycles:
    """The corrections of several slices."""
    none = Cycles(*(np.empty(0, np.int64),) * 4)
    return Cycles(*(np.concatenate([getattr(part, entry.name) for part in [none, *parts]]) for entry in fields(Cycles)))


def at_once(n_pairs: int) -> int:
    """Suspects to look at together."""
    return max(16, _BYTES // (5 * 8 * _BEAM * n_pairs))


def find_cycles(
    data: npt.NDArray[Any],
    weights: npt.NDArray[Any],
    pixels: Int,
    rank: Float,
    operands: Operands,
    cycle: float,
    variance: float,
) -> tuple[Cycles, Ties]:
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
    values = np.ascontiguousarray(data[:, pixels], np.float64)
    scale = np.ascontiguousarray(weights[:, pixels], np.float64)
    scale[~np.isfinite(values)] = 0.0
    freedom = np.maximum((scale > 0).sum(0) - rank, 1.0)
    owner, number = np.arange(len(pixels)), np.zeros((len(data), len(pixels)), np.int8)
    seen: list[tuple[Int, npt.NDArray[np.int8], Float, npt.NDArray[np.bool_]]] = []
    solvable = np.ones(len(pixels), np.bool_)
    for _ in range(_ROUNDS + 1):
        here = values[:, owner] - cycle * number
        residual, redundancy, worst = _misfit(here, scale[:, owner], rank[owner], operands)
        squares = (scale[:, owner] * np.nan_to_num(residual) ** 2).sum(0)
        solved = worst < cycle / 2
        seen.append((owner, number, squares, solved))
        noise = np.maximum(squares / freedom[owner], variance)
        best = np.full(len(pixels), np.inf)
        cost = squares + _COST * variance * np.abs(number).sum(0)
        np.minimum.at(best, owner[solved], cost[solved])
        if len(seen) == 1:
            far = np.abs(residual) > np.maximum(redundancy, kernel.LEAST_REDUNDANCY) * cycle / 2
            solvable = far.sum(0) <= _TOO_MANY * (scale > 0).sum(0)
        # What cannot become better than the best solved explanation of its pixel need not be looked at further.
        alive = ~solved & solvable[owner] & (cost < best[owner] + _ASKED * noise)
        if not alive.any():
            break
        owner, number = _extend(
            owner[alive], number[:, alive], squares[alive], residual[:, alive], redundancy[:, alive], scale, cycle, variance
        )
        if not len(owner):
            break
    return _decide(seen, pixels, freedom, solvable, variance)


def _extend(
    owner: Int,
    number: npt.NDArray[np.int8],
    squares: Float,
    residual: Float,
    redundancy: Float,
    scale: Float,
    cycle: float,
    variance: float,
) -> tuple[Int, npt.NDArray[np.int8]]:
    """Every hypothesis with each of its most promising corrections, the best of each pixel."""
    free = np.maximum(redundancy, kernel.LEAST_REDUNDANCY)
    jump = np.where(redundancy > kernel.LEAST_REDUNDANCY, np.nan_to_num(residual) / free, 0.0)
    turns = np.round(jump / cycle)
    gain = scale[:, owner] * free * (jump**2 - (jump - cycle * turns) ** 2)
    top = np.argsort(-gain, axis=0, kind="stable")[:_BRANCHES]
    at = np.arange(len(owner))
    grown, owners, costs = [], [], []
    for pair in top:
        use = gain[pair, at] > 0
        more = number[:, use].copy()
        more[pair[use], np.arange(use.sum())] += turns[pair[use], at[use]].astype(np.int8)
        grown.append(more)
        owners.append(owner[use])
        costs.append(squares[use] - gain[pair[use], at[use]] + _COST * variance * np.abs(more).sum(0))
    owner, number, cost = np.concatenate(owners), np.concatenate(grown, axis=1), np.concatenate(costs)
    if not len(owner):
        return owner, number
    whole = np.concatenate([owner[None].astype(np.int64), number.astype(np.int64)])
    _, first = np.unique(whole, axis=1, return_index=True)
    owner, number, cost = owner[first], number[:, first], cost[first]
    order = np.lexsort((cost, owner))
    place = np.arange(len(order)) - np.searchsorted(owner[order], owner[order])
    kept = np.sort(order[place < _BEAM])
    return owner[kept], number[:, kept]


def _decide(
    seen: list[tuple[Int, npt.NDArray[np.int8], Float, npt.NDArray[np.bool_]]],
    pixels: Int,
    freedom: Float,
    solvable: npt.NDArray[np.bool_],
    variance: float,
) -> tuple[Cycles, Ties]:
    """The certain corrections, what is left, and ties."""
    owner = np.concatenate([part[0] for part in seen])
    number = np.concatenate([part[1] for part in seen], axis=1)
    squares = np.concatenate([part[2] for part in seen])
    solved = np.concatenate([part[3] for part in seen])
    # Solved ones first, then by cost.
    cost = squares + _COST * variance * np.abs(number).sum(0)
    order = np.lexsort((cost, ~solved, owner))
    start = np.searchsorted(owner[order], np.arange(len(pixels) + 1))
    pair, pixel, count, left = [], [], [], []
    tie_pixel, tie_number, tie_cost = [], [], []
    for p in range(len(pixels)):
        mine = order[start[p] : start[p + 1]]
        best = mine[0]
        if not solvable[p]:
            left.append(pixels[p])
            continue
        noise = max(squares[best] / freedom[p], variance)
        # Noise can misfit by half a cycle too: that there is an error at all has to be evident.
        nothing = next(at for at in mine if not number[:, at].any())
        gain = squares[nothing] - squares[mine] - _COST * np.abs(number[:, mine]).sum(0) * noise
        if gain.max() < _MARGIN * noise:
            continue
        if not solved[best] or gain[0] < _MARGIN * noise:
            left.append(pixels[p])
            continue
        total = squares[mine] + _COST * noise * np.abs(number[:, mine]).sum(0)
        mine = mine[np.argsort(total, kind="stable")]
        total = np.sort(total)
        mine, total = mine[solved[mine] | (mine == best)], total[solved[mine] | (mine == best)]
        rivals = mine[total < total[0] + _ASKED * noise]
        if len(rivals) > 1:
            tie_pixel += [pixels[p]] * len(rivals)
            tie_number.append(number[:, rivals])
            tie_cost += ((total[: len(rivals)] - total[0]) / noise).tolist()
            continue
        found = np.flatnonzero(number[:, mine[0]])
        pair.append(found)
        pixel.append(np.full(len(found), pixels[p]))
        count.append(number[found, mine[0]].astype(np.int64))
    none = np.empty(0, np.int64)
    cycles = Cycles(
        np.concatenate([none, *pair]), np.concatenate([none, *pixel]), np.concatenate([none, *count]), np.array(left, np.int64)
    )
    numbers = np.concatenate(tie_number, axis=1) if tie_number else np.empty((number.shape[0], 0), np.int8)
    return cycles, Ties(np.array(tie_pixel, np.int64), numbers, np.array(tie_cost))


def settle(
    ties: Ties, series: Float | None, displacement: Float, doubtful: Int, shape: tuple[int, int] | None, cycle: float
) -> tuple[Int, Int]:
    """Choose between explanations by the nearest certain pixels: a wrong one is whole cycles off them on some dates.

    Args:
        ties: the explanations.
        series: (n_dates, n) displacement in mm by each of them.
        displacement: (n_dates, n_pixels) mm of the block.
        doubtful: numbers of the pixels whose displacement is not to be compared with.
        shape: rows and columns of the block, whose first pixel is the corner of a cell of :data:`CELL` pixels; None: no neighbours.
        cycle: mm of displacement in a whole cycle.

    Returns:
        Numbers of the chosen explanations, and of the pixels where none is certain.

    They may choose between explanations that the network cannot tell apart, as many interferograms wrong in each. Where they object
    to what the network prefers, neither is certain: the pixel may be what really moved.
    """
    certain = np.isfinite(displacement[-1])
    certain[doubtful] = False
    chosen, left = [], []
    wrong = np.abs(ties.number).sum(0)
    for p in np.unique(ties.pixel):
        mine = np.flatnonzero(ties.pixel == p)
        mine = mine[np.argsort(ties.cost[mine], kind="stable")]
        first, told = mine[0], None
        near = _nearest(int(p), certain.reshape(shape)) if shape is not None else np.empty(0, np.int64)
        if series is not None and len(near) >= _FEWEST:
            told = _told(series[:, mine], displacement[:, near], cycle)
        alike = first if series is None or told is None else mine[told]
        if told is not None and (alike == first or (ties.cost[alike] <= _TIE and wrong[alike] == wrong[first])):
            chosen.append(alike)
        elif told is None and ties.cost[mine[1]] > _MARGIN:
            chosen.append(first)
        else:
            left.append(p)
    return np.array(chosen, np.int64), np.array(left, np.int64)


def _told(series: Float, beside: Float, cycle: float) -> int | None:
    """The explanation (n_dates, n) that agrees with the neighbours (n_dates, m) where they differ; the first of several alike, or None.

    Compared are the steps from a date on which all explanations agree to the next, on which they do not: the motion of a long time
    would differ between neighbours as well. Where they differ in the last dates only, the ground itself may just have moved, and
    neighbours that did not are no evidence.
    """
    apart = np.ptp(series, axis=1) > cycle / 2
    if not apart.any():
        return 0
    onset = np.flatnonzero(apart[1:] & ~apart[:-1])
    if apart[-1] and onset[-1] >= len(apart) - 1 - _RECENT:
        return None
    steps, around = series[onset + 1] - series[onset], beside[onset + 1] - beside[onset]
    level = np.median(around, axis=1, keepdims=True)
    if np.median(np.abs(around - level), axis=1).max() > _ALIKE * cycle:
        return None
    distance = np.abs(steps - level).max(0)
    best = int(np.argmin(distance))
    same = (np.abs(steps - steps[:, best, None]) < cycle / 2).all(0)
    if distance[best] > _NEAR * cycle or (not same.all() and distance[~same].min() - distance[best] < _FAR * cycle):
        return None
    return int(np.flatnonzero(same)[0])


def _nearest(p: int, certain: npt.NDArray[np.bool_]) -> Int:
    """Numbers of the nearest certain pixels of the same cell."""
    row, col = divmod(p, certain.shape[1])
    top, west = row - row % CELL, col - col % CELL
    for reach in (3, 6, 12, 24):
        rows = slice(max(row - reach, top), min(row + reach + 1, top + CELL))
        cols = slice(max(col - reach, west), min(col + reach + 1, west + CELL))
        y, x = np.nonzero(certain[rows, cols])
        if len(y) >= _NEIGHBOURS:
            break
    y, x = y + rows.start, x + cols.start
    order = np.argsort((y - row) ** 2 + (x - col) ** 2, kind="stable")[:_NEIGHBOURS]
    return np.asarray(y[order] * certain.shape[1] + x[order], np.int64)


def _misfit(values: Float, scale: Float, rank: Float, operands: Operands) -> tuple[Float, Float, Float]:
    """Residuals (mm), redundancies and the largest misfit of an interferogram left out, by weighted least squares."""
    count, n_dates = values.shape[1], len(operands[-1])
    residual, redundancy, worst = np.zeros(values.shape), np.zeros(values.shape), np.zeros(count)
    kernel.solve(
        np.ascontiguousarray(values), np.ascontiguousarray(scale), np.arange(count), rank, *operands,
        kernel.LEAST_SQUARES, 0.0, 0.0, 1, 0.0, 1.0, True, 0, 0, np.empty((n_dates, count)), np.empty((n_dates, count)),
        np.empty(count), np.empty(count), worst, residual, redundancy,
    )  # fmt: skip
    return residual, redundancy, worst
