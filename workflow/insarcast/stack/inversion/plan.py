"""Symbolic factorisation of a network: once per network, for every pixel of it.

Unknown is the displacement at every date but the first, which is zero. An interferogram is the difference of two of them, so the
normal matrix is the weighted Laplacian of the network, grounded at the first date: it has an entry where an interferogram joins two
dates, whatever the weights. Which entries a Cholesky factor adds to these (the fill) depends on the order of elimination only. This
module finds an order of little fill and writes the factorisation as a list of multiply-adds on numbered entries; the numeric
solvers (:mod:`.kernel` on a CPU, :mod:`.gpu` on a GPU) run that list over many pixels at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Plan:
    """The factorisation L D L' of all matrices of one pattern.

    Positions number the dates after the first in the order of their elimination; entries number the diagonal (one per position,
    entry = position) and then the entries of L below it, column by column.

    Attributes:
        position: (n_dates,) position of each date, -1 for the first.
        pair_entry: (n_pairs,) entry of the two dates of an interferogram, -1 if one of them is the first date.
        start: (n_positions + 1,) first entry of each column of L, less the number of positions; the last is their number.
        row: (n_entries - n_positions,) position of the row of each entry of L.
        target_start: (n_positions + 1,) where the updates of each column begin in ``target``.
        target: for each column p, for each pair a <= b of its entries, the entry that (row a, row b) is.
        smooth_entry: (n_dates, 3, 3) entries of the second difference that ends at each date, -1 where there is none; empty if the
            plan was made without them.
    """

    position: Int
    pair_entry: Int
    start: Int
    row: Int
    target_start: Int
    target: Int
    smooth_entry: Int

    @property
    def n_entries(self) -> int:
        return len(self.start) - 1 + len(self.row)


def make_plan(pairs: npt.NDArray[np.integer], n_dates: int, *, smooth: bool = False) -> Plan:
    """Order the dates by minimum degree and list the operations.

    Args:
        pairs: (n_pairs, 2) numbers of the first and second date.
        n_dates: number of dates.
        smooth: make room for second differences of consecutive dates, which bridge gaps.
    """
    around: list[set[int]] = [set() for _ in range(n_dates)]
    links = [(int(i), int(j)) for i, j in pairs]
    if smooth:
        links += [(t - k, t) for t in range(n_dates) for k in (1, 2) if t - k >= 0]
    for i, j in links:
        if i and j:
            around[i].add(j)
            around[j].add(i)
    order, columns = [], []
    left = set(range(1, n_dates))
    while left:
        # Ties go to the earliest date, so the plan is the same everywhere.
        date = min(left, key=lambda d: (len(around[d]), d))
        left.remove(date)
        beside = around[date]
        for other in beside:
            around[other] |= beside
            around[other] -= {other, date}
        order.append(date)
        columns.append(beside)
    position = np.full(n_dates, -1, np.int32)
    position[order] = np.arange(len(order), dtype=np.int32)
    rows = [sorted(int(position[d]) for d in column) for column in columns]
    entry = {(q, p): len(order) + k for k, (p, q) in enumerate((p, q) for p, column in enumerate(rows) for q in column)}

    def number(one: int, two: int) -> int:
        low, high = sorted((one, two))
        return low if low == high else entry[high, low]

    target = [[number(a, b) for k, a in enumerate(column) for b in column[k:]] for column in rows]
    pair_entry = [number(position[i], position[j]) if i and j else -1 for i, j in pairs.tolist()]
    smooth_entry = np.full((n_dates if smooth else 0, 3, 3), -1, np.int32)
    for t in range(2, len(smooth_entry)):
        for a in range(3):
            for b in range(3):
                one, two = position[t - 2 + a], position[t - 2 + b]
                if one >= 0 and two >= 0:
                    smooth_entry[t, a, b] = number(one, two)
    return Plan(
        position,
        np.array(pair_entry, np.int32).reshape(-1),
        _offsets(rows),
        np.array([q for column in rows for q in column], np.int32),
        _offsets(target),
        np.array([t for column in target for t in column], np.int32),
        smooth_entry,
    )


def _offsets(lists: list[list[int]]) -> Int:
    return np.concatenate([[0], np.cumsum([len(part) for part in lists])]).astype(np.int32)
