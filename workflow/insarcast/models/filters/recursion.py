"""Exponential smoothing of many series at once, whatever dates they miss: the recursion, its errors, and the choice of its weight."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..data import Array, TrainingData

# Weights of the newest value that are tried: even steps of log(alpha / (1 - alpha)).
LOGITS = np.linspace(-4.5, 3.0, 16)
# Most points that a common weight is learnt from: its standard error is then below 0.002.
SAMPLE = 4096
# The weight where there is nothing to learn it from.
FALLBACK = 0.2
# Points that are smoothed at a time, so that the recursion stays in the processor's cache.
CHUNK = 2048


class Smoothed(NamedTuple):
    """What the recursion holds on the last date; each broadcasts to ``(weight, point)``.

    Attributes:
        weight: W, the level's precision in units of that of one date.
        level: mm.
        day: the same average of the days since the first date.
        uu: sum of the squared one-step errors of the level, mm2.
        uv: sum of their products with the errors of the day, mm days.
        vv: sum of the squared errors of the day, days2.
        n: number of one-step errors.
    """

    weight: Array
    level: Array
    day: Array
    uu: Array
    uv: Array
    vv: Array
    n: Array

    def errors(self, slope: Array | float = 0.0) -> Array:
        """Sum of squared one-step errors, mm2, where a line of ``slope`` mm per day is added."""
        return np.maximum(self.uu - 2 * slope * self.uv + slope**2 * self.vv, 0.0)


def smooth(data: TrainingData, alpha: Array | float, join: float) -> Smoothed:
    """Smooth all points up to the last date.

    The level is the mean of the past with weights that fall by ``1 - alpha`` per measured date (discounted least squares, Brown
    1963; Gardner 1985, J. Forecasting 4, section 2): with ``W = (1 - alpha) W + 1`` the level moves by ``(d - level) / W``. Once
    ``W`` has reached ``1 / alpha`` this is simple exponential smoothing; before, no first value weighs more than its due.
    A bridged step makes the past worthless (``W = 0``). The join of two releases moves the level by an unknown amount with the
    variance ``join`` times that of one date's noise, so that ``1 / W`` grows by ``join``: the filter of a local level whose
    variance, relative to the noise, is ``1 / W`` (Harvey 1989, section 4.1.2). The errors of both steps are left out.

    Args:
        data: the points.
        alpha: weight of the newest value, one number, ``(point,)``, or ``(weight, 1)`` to try several.
        join: variance of the step at a join in variances of the noise; 0 takes it for motion.
    """
    value = data.displacement
    here, broken = np.isfinite(value), ~data.observed
    joined = np.zeros_like(here) if data.jump is None or join == 0 else data.jump
    if all((flag == flag[:, :1]).all() for flag in (here, broken, joined)):  # one pattern of dates: one weight for all points
        here, broken, joined = (flag[:, :1] for flag in (here, broken, joined))
    value = np.where(np.isfinite(value), value, 0.0)
    shape = np.broadcast_shapes(np.shape(alpha), here.shape[1:])
    full = np.broadcast_shapes(np.shape(alpha), value.shape[1:])
    keep = 1.0 - np.asarray(alpha)
    weight, day, vv, count = (np.zeros(shape) for _ in range(4))
    level, uu, uv = (np.zeros(full) for _ in range(3))
    unsure = np.zeros(here.shape[1:], bool)  # the next step crosses a join
    for index, time in enumerate(data.days):
        if broken[index].any():
            weight = np.where(broken[index], 0.0, weight)
        if joined[index].any():
            weight = np.where(joined[index], weight / (1.0 + join * weight), weight)
            unsure = unsure | joined[index]
        now = here[index]
        known = (now & (weight > 0) & ~unsure).astype("float64")
        weight = np.where(now, keep * weight + 1.0, weight)
        gain = now / np.maximum(weight, 1.0)
        u, v = value[index] - level, time - day
        fresh = known * u
        uu += fresh * u
        uv += fresh * v
        vv += known * v * v
        count += known
        level += gain * u
        day = day + gain * v
        unsure = unsure & ~now
    return Smoothed(weight, level, day, uu, uv, vv, count)


def best_weight(data: TrainingData, join: float, slope: Array | None) -> Array:
    """``(point,)`` weight with the smallest one-step errors of each point, to a parabola through the best of :data:`LOGITS`.

    Args:
        data: the points.
        join: see :func:`smooth`.
        slope: ``(point,)`` mm per day of a line that is added, or None.
    """
    return _best(losses(data, join, slope))


def common_weight(data: TrainingData, join: float, slope: Callable[[TrainingData], Array | None]) -> Array:
    """``(1,)`` weight common to all points, the likeliest for normal errors with a variance of each point's own.

    That is the least ``sum(count / 2 log errors)``, over at most :data:`SAMPLE` points, evenly from first to last; ``slope`` gives
    the line that is added to each.
    """
    if data.points > SAMPLE:
        data = data.take(np.linspace(0, data.points - 1, SAMPLE).astype("intp"))
    return _best(losses(data, join, slope(data)).sum(axis=1, keepdims=True))


def losses(data: TrainingData, join: float, slope: Array | None) -> Array:
    """``(weight, point)`` negative log likelihood of the one-step errors under each of :data:`LOGITS`, the variance concentrated out."""
    alphas = 1.0 / (1.0 + np.exp(-LOGITS[:, None]))
    parts = []
    for start in range(0, data.points, CHUNK):
        part = slice(start, start + CHUNK)
        found = smooth(data.take(np.arange(data.points)[part]), alphas, join)
        errors = found.errors(0.0 if slope is None else slope[part])
        count = np.broadcast_to(found.n, errors.shape)
        loss = count / 2 * np.log(errors / np.maximum(count, 1) + 1e-6)  # a constant series counts as one with 0.001 mm of noise
        parts.append(loss)
    return np.concatenate(parts, axis=1)


def _best(loss: Array) -> Array:
    """Weight with the lowest loss; :data:`FALLBACK` where all are alike, as they are without an error."""
    return np.where((loss != loss[:1]).any(axis=0), 1.0 / (1.0 + np.exp(-_lowest(loss))), FALLBACK)


def _lowest(loss: Array) -> Array:
    """Where on :data:`LOGITS` the parabola through the lowest of ``loss`` (logit, series) and its neighbours has its vertex."""
    at = np.clip(loss.argmin(axis=0), 1, len(loss) - 2)
    before, here, after = (loss[at + side, np.arange(loss.shape[1])] for side in (-1, 0, 1))
    bend = before - 2 * here + after
    shift = np.where(bend > 0, (before - after) / 2 / np.where(bend > 0, bend, 1.0), np.sign(before - after))
    return np.asarray(LOGITS[at] + np.clip(shift, -1, 1) * (LOGITS[1] - LOGITS[0]))
