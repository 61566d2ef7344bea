"""Windows of the past that the models which pool points learn from: lags of the point, its neighbours and the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data import Array, TrainingData, days_between
from ..joins import bridge_joins
from ..levels import filled, supported_levels
from ..noise import scatter
from ..season import phase
from ..space.modes import leading_modes

Table = NDArray[np.float32]
Neighbours = Literal["knn", "delaunay", "none"]

# Digits of the windows: what is smaller is the arithmetic's (a sum in another order), and a tree would split by it.
DIGITS = 5


@dataclass(frozen=True)
class Channels:
    """What a window holds.

    Attributes:
        window: dates before the origin.
        neighbours: the mean lags of the ``k`` nearest points, of those that a Delaunay edge joins, or none.
        k: number of nearest places.
        network: the mean lags of all points.
        modes: the lags of the point in so many leading modes (EOFs) of the field; 0: none.
    """

    window: int
    neighbours: Neighbours = "none"
    k: int = 8
    network: bool = False
    modes: int = 0


class Rows(NamedTuple):
    """Windows, all in units of their point's scatter.

    Attributes:
        lags: ``(row, channel, lag)`` level minus that of the origin, newest first; channels: own, neighbours, network, modes, those
            there are.
        season: ``(row, step, 2)`` sine and cosine of the target's day of the year minus those of the origin's.
        days: ``(row, lag)`` days before the origin, and
        origin: ``(row, 2)`` sine and cosine of the origin's day of the year.
        place: ``(row, 2)`` level of the origin minus the lowest of the training, and the range of the training.
        target: ``(row, step)`` increment, NaN where it is not known.
        scatter: ``(row,)`` mm, the unit.
    """

    lags: Table
    season: Table
    days: Table
    origin: Table
    place: Table
    target: Table
    scatter: Array


class Windows:
    """The windows of one stretch of time.

    Args:
        past: the points; nothing later than its last date is known.
        channels: what a window holds.
        weights: spatial weights ``(point, point)`` where the channels ask for neighbours.
        pooled: scatter of all points, mm; None: from ``past``.
        trained: number of the first dates, those of the training, that modes and ranges are taken from; None: all.
    """

    def __init__(
        self, past: TrainingData, channels: Channels, weights: Any = None, pooled: float | None = None, trained: int | None = None
    ) -> None:
        self.past, self.channels, self.weights = past, channels, weights
        self.level = supported_levels(past)
        self.jump = past.jump if past.jump is not None and past.jump[1:].any() else None
        clean = supported_levels(past, jumps=True)
        self.scatter, self.pooled = scatter(clean, pooled)
        self.modes = np.zeros((past.points, 0))
        until = slice(0, trained)
        known = np.isfinite(self.level[until])
        low = np.where(known, self.level[until], np.inf).min(axis=0)
        high = np.where(known, self.level[until], -np.inf).max(axis=0)
        # A point that was first measured after the training, or never moved in it, has no range: that of its noise stands in.
        some = high > low
        self.low, self.range = np.where(some, low, np.nan), np.where(some, high - low, self.scatter)
        if channels.modes:
            levels = bridge_joins(self.level[until], None if self.jump is None else self.jump[until])
            self.modes = leading_modes(levels, channels.modes)
        broken = ~past.observed if self.jump is None else ~past.observed | self.jump
        self._breaks = np.cumsum(broken, axis=0)

    def usable(self, index: int, steps: list[int]) -> NDArray[np.bool_]:
        """``(point,)`` where at least one target is known."""
        return np.asarray(np.isfinite(self.target(index, steps)).any(axis=0))

    def target(self, index: int, steps: list[int]) -> Array:
        """``(step, point)`` mm: increments, NaN where unknown, across a bridged step or across a join."""
        out = np.full((len(steps), self.past.points), np.nan)
        for at, step in enumerate(steps):
            if index + step < len(self.past.time):
                whole = self._breaks[index + step] == self._breaks[index]
                out[at] = np.where(whole, self.past.displacement[index + step] - self.past.displacement[index], np.nan)
        return out

    def lags(self, index: int) -> Array:
        """``(lag, point)`` mm: levels before a date minus that on it, newest first; before the first date the first value stands in."""
        begin = max(index - self.channels.window, 0)
        # A join is bridged by what is known of both of its sides, and that may lie before the window.
        first = 0 if self.jump is not None and self.jump[1 : index + 1].any() else begin
        jump = None if self.jump is None else self.jump[first : index + 1]
        recent = filled(bridge_joins(self.level[first : index + 1], jump))[begin - first :]
        back = (recent[:-1] - recent[-1])[::-1]
        missing = self.channels.window - len(back)
        if missing:
            oldest = back[-1:] if len(back) else np.where(np.isfinite(recent[-1:]), 0.0, np.nan)
            back = np.concatenate([back, np.repeat(oldest, missing, axis=0)])
        return np.asarray(back)

    def _place(self, index: int, points: NDArray[np.intp] | slice) -> Table:
        above = np.nan_to_num(self.level[index] - self.low)
        return np.stack([above / self.scatter, self.range / self.scatter], axis=1)[points].astype("float32")

    def rows(self, index: int, steps: list[int], points: NDArray[np.intp] | slice, lags: Array | None = None) -> Rows:
        """Windows of some points that end on one date.

        Args:
            index: the date.
            steps: horizons of the targets.
            points: which.
            lags: what :meth:`lags` says for the date, where it is at hand.
        """
        lags = self.lags(index) if lags is None else lags
        unit = self.scatter[points]
        parts = [lags[:, points]]
        if self.weights is not None and self.channels.neighbours != "none":
            parts.append(_neighbours(self.weights[points], lags))
        if self.channels.network:
            known = np.isfinite(lags)
            mean = np.where(known, lags, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
            parts.append(np.broadcast_to(mean[:, None], parts[0].shape))
        if self.channels.modes:
            parts.append((np.nan_to_num(lags) @ self.modes) @ self.modes[points].T)
        table = np.moveaxis(np.stack(parts) / unit, -1, 0).round(DIGITS).astype("float32")
        calendar = self.past.calendar
        ahead = calendar[np.minimum(index + np.array(steps), len(calendar) - 1)]
        origin = phase(calendar[index])
        before = np.maximum(index - 1 - np.arange(self.channels.window), 0)
        count = len(unit)

        def same(values: Array) -> Table:
            return np.broadcast_to(values.astype("float32"), (count, *values.shape))

        return Rows(
            table,
            same(phase(ahead) - origin),
            same(days_between(calendar[before], calendar[index])),
            same(origin),
            self._place(index, points),
            (self.target(index, steps)[:, points] / unit).T.round(DIGITS).astype("float32"),
            unit,
        )


def _neighbours(weights: Any, lags: Array) -> Array:
    """``(lag, row)`` mean over the neighbours of some points that were measured, 0 where none was."""
    known = np.isfinite(lags[0])
    if known.all():
        return np.asarray((weights @ lags.T).T)
    share = weights @ known.astype("float64")
    total = weights @ np.where(known, lags, 0.0).T
    return np.asarray((total / np.where(share > 0, share, 1.0)[:, None]).T)


def gather(windows: Windows, first: int, stop: int, steps: list[int], sample: int, seed: int) -> Rows | None:
    """The windows that end on the dates ``first`` to ``stop - 1`` and know a target; a random sample of them if there are many.

    They are sorted by what they hold, so that the order of the points is forgotten. None where there is no window.
    """
    usable = [np.flatnonzero(windows.usable(index, steps)) for index in range(first, stop)]
    count = sum(map(len, usable))
    if not count:
        return None
    keep = np.ones(count, bool)
    if count > sample:
        keep[:] = False
        keep[np.random.default_rng(seed).choice(count, sample, replace=False)] = True
    parts, begin = [], 0
    for index, points in zip(range(first, stop), usable, strict=True):
        chosen = points[keep[begin : begin + len(points)]]
        begin += len(points)
        if len(chosen):
            parts.append(windows.rows(index, steps, chosen))
    columns: list[Any] = [np.concatenate(part) for part in zip(*parts, strict=True)]
    rows = Rows(*columns)
    order = np.lexsort((rows.lags[:, 0, 0], rows.target[:, 0], rows.lags[:, 0, -1]))
    return Rows(*(part[order] for part in columns))
