"""Windows of the past that the models which pool points learn from: lags of the point, its neighbours and the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data import Dates, TrainingData, days_between
from ..joins import bridge_joins
from ..levels import supported_levels

Array = NDArray[np.float64]
Table = NDArray[np.float32]

YEAR = 365.25
# The scatter of a point's steps is known from its own dates and from so many dates of all points.
PRIOR = 10
# Digits of the windows: what is smaller is the arithmetic's (a sum in another order), and a tree would split by it.
DIGITS = 5
# Standard deviation of a normal variable in units of its median absolute value.
MAD = 1.4826


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
    neighbours: Literal["knn", "delaunay", "none"] = "none"
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


def phase(dates: Dates) -> Array:
    """``(..., 2)`` sine and cosine of the time of the year."""
    angle = 2 * np.pi * days_between(np.datetime64("2000-01-01", "D"), dates) / YEAR
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1)


def filled(level: Array) -> Array:
    """Each gap with the last value before it, what comes before the first value with that; NaN for points without any."""
    known = np.isfinite(level)
    if known.all():
        return level
    rows = np.arange(len(level))[:, None]
    first = known.argmax(axis=0)
    at = np.maximum(np.maximum.accumulate(np.where(known, rows, -1), axis=0), first)
    return np.asarray(np.take_along_axis(level, at, axis=0))


def scatter(level: Array, pooled: float | None = None) -> tuple[Array, float]:
    """Robust scatter of the steps of each point, ``(point,)`` mm, and of all points together.

    The scaled median absolute deviation of the steps between neighbouring dates, its square averaged with that of all points as if they had
    given :data:`PRIOR` more steps. ``pooled``: scatter of all points where it is known already.
    """
    steps = np.diff(level, axis=0)
    count = np.isfinite(steps).sum(axis=0)
    own = np.zeros(level.shape[1])
    some = count > 0
    if some.any():
        middle = np.median if (count == len(steps)).all() else np.nanmedian
        own[some] = MAD * middle(
            np.abs(steps[:, some] - middle(steps[:, some], axis=0)), axis=0
        )  # of motion's rate, not its noise
    if pooled is None:
        pooled = float(np.median(own[some])) if some.any() else 0.0
        pooled = pooled if pooled > 0 else 1.0
    return np.sqrt((count * own**2 + PRIOR * pooled**2) / (count + PRIOR)), pooled


def leading_modes(level: Array, count: int) -> Array:
    """``(point, mode)`` orthonormal leading empirical orthogonal functions of a field in time.

    Gaps count as the last value before them, points without any as no motion. Eigenvectors of the covariance in time are mapped to
    space, so the cost is that of the shorter side.
    """
    field = np.nan_to_num(filled(level))
    field = field - field.mean(axis=0)
    power, basis = np.linalg.eigh(field @ field.T)
    top = np.argsort(power)[::-1][: min(count, len(field) - 1, field.shape[1])]
    top = top[power[top] > 1e-12 * max(power.max(), 1e-300)]
    patterns = field.T @ basis[:, top]
    return np.asarray(patterns / np.linalg.norm(patterns, axis=0))


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
