"""Symbolic factorisation of a network: once per network, for every pixel of it.

Unknown is the displacement at every date but the first, which is zero. An interferogram is the difference of two of them, so the
normal matrix is the weighted Laplacian of the network, grounded at the first date: it has an entry where an interferogram joins two
dates, whatever the weights. Which entries a Cholesky factor adds to these (the fill) depends on the order of elimination only. This
module finds an order of little fill and writes the factorisation as a list of multiply-adds on numbered entries; the numeric
solvers (:mod:`.kernel` on a CPU, :mod:`.gpu` on a GPU) run that list over many pixels at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Int = npt.NDArray[np.int32]

# Second differences over these many dates bridge gaps. A step's velocity is told with less noise by dates farther away, and with less
# bias by nearer ones; over 1, 2 and 3 dates together the bridged steps of simulated stacks are 15 % nearer to the truth than over 1.
SMOOTH_LAGS = (1, 2, 3)


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
        smooth_entry: (n_rows, 3, 3) entries of each row of second differences, -1 where a date is the first; empty if the plan was
            made without them.
        smooth_date: (n_rows, 3) dates of each row.
    """

    position: Int
    pair_entry: Int
    start: Int
    row: Int
    target_start: Int
    target: Int
    smooth_entry: Int
    smooth_date: Int

    def operands(self, links: npt.NDArray[np.integer], times: npt.NDArray[np.floating]) -> tuple[npt.NDArray[Any], ...]:
        """What :func:`.kernel.solve` needs of the network, in its order.

        Args:
            links: (n_pairs, 2) date numbers.
            times: (n_dates,) time of each date.
        """
        position = self.position.astype(np.int64)
        one, two, three = times[self.smooth_date].T if len(self.smooth_date) else np.empty((3, 0))
        before, after = 1 / (two - one), 1 / (three - two)
        lag = (self.smooth_date[:, 1] - self.smooth_date[:, 0]) * np.median(np.diff(times))
        smooth = lag[:, None] * np.stack([before, -before - after, after], axis=1)
        return (
            position[links[:, 0]], position[links[:, 1]], self.pair_entry, self.start, self.row, self.target_start, self.target,
            self.smooth_entry, smooth, position,
        )  # fmt: skip


def make_plan(pairs: npt.NDArray[np.integer], n_dates: int, *, smooth: bool = False) -> Plan:
    """Order the dates by minimum degree and list the operations.

    Args:
        pairs: (n_pairs, 2) numbers of the first and second date.
        n_dates: number of dates.
        smooth: make room for second differences, which bridge gaps.
    """
    around: list[set[int]] = [set() for _ in range(n_dates)]
    links = [(int(i), int(j)) for i, j in pairs]
    dates = [(t - lag, t, t + lag) for lag in SMOOTH_LAGS for t in range(lag, n_dates - lag)] if smooth else []
    links += [pair for one, two, three in dates for pair in ((one, two), (two, three), (one, three))]
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
    smooth_entry = np.full((len(dates), 3, 3), -1, np.int32)
    for index, three in enumerate(dates):
        for a, one in enumerate(three):
            for b, two in enumerate(three):
                if one and two:
                    smooth_entry[index, a, b] = number(position[one], position[two])
    return Plan(
        position,
        np.array(pair_entry, np.int32).reshape(-1),
        _offsets(rows),
        np.array([q for column in rows for q in column], np.int32),
        _offsets(target),
        np.array([t for column in target for t in column], np.int32),
        smooth_entry,
        np.array(dates, np.int32).reshape(-1, 3),
    )


def _offsets(lists: list[list[int]]) -> Int:
    return np.concatenate([[0], np.cumsum([len(part) for part in lists])]).astype(np.int32)
