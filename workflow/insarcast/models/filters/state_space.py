"""A Kalman filter of many series at once: level, slope and yearly swing on irregular dates, relative to the noise of each series.

The covariances depend on the dates and on which of them a series has, not on its values: series with the same pattern of dates share one
recursion of 4 x 4 matrices, and only the states are every series' own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data import Array, TrainingData
from ..season import YEAR

LEVEL, SLOPE, COS, SIN = range(4)


class Variances(NamedTuple):
    """Variances in units of that of one date's noise, time in years; each ``(candidate,)``.

    Attributes:
        level: of the level's random walk, per year.
        bend: of the slope's random walk, per year, of mm per year.
        season: of the random walk of each coefficient of the yearly swing, per year.
        slope: of the slope on the first date, over points, per year squared.
        swing: of each coefficient of the yearly swing on the first date, over points.
        join: of the step where two releases of a product join.
    """

    level: Array
    bend: Array
    season: Array
    slope: Array
    swing: Array
    join: Array


class Patterns(NamedTuple):
    """The kinds of histories there are; ``(time, pattern)`` but for ``of``.

    Attributes:
        here: bool, a value was measured.
        broken: bool, the step from the date before is bridged.
        joined: bool, it crosses a join of releases.
        noise: variance of the noise in units of the series' usual one.
        of: ``(point,)`` pattern of each point.
    """

    here: NDArray[np.bool_]
    broken: NDArray[np.bool_]
    joined: NDArray[np.bool_]
    noise: Array
    of: NDArray[np.intp]


class Filtered(NamedTuple):
    """What the filter holds on the last date.

    Attributes:
        state: ``(4, candidate, point)`` level mm, slope mm per year, coefficients of cosine and sine mm.
        covariance: ``(4, 4, candidate, pattern)`` of it, in units of the noise.
        energy: ``(candidate, point)`` sum of squared innovations over their relative variances, mm2.
        logdet: ``(candidate, pattern)`` sum of the logarithms of those variances.
        n: ``(pattern,)`` number of innovations.
    """

    state: Array
    covariance: Array
    energy: Array
    logdet: Array
    n: Array


def find_patterns(data: TrainingData) -> Patterns:
    """Group the points by which dates they have, and by their noise where ``data.sigma`` tells it."""
    here = np.isfinite(data.displacement)
    broken = ~data.observed
    joined = np.zeros_like(here) if data.jump is None else data.jump
    noise = np.ones((len(here), 1))
    if data.sigma is not None:
        square = np.where(here & (data.sigma > 0), data.sigma, np.nan) ** 2
        count = np.isfinite(square).sum(axis=0)
        usual = np.where(count > 0, np.nansum(square, axis=0) / np.maximum(count, 1), 1.0)
        noise = np.where(np.isfinite(square), square / usual, 1.0)
    key = np.concatenate([here, broken, joined])
    bits = np.packbits(key, axis=0)
    if noise.shape[1] > 1:
        bits = np.concatenate([bits, np.ascontiguousarray(noise.T).view("uint8").T])
    rows = np.ascontiguousarray(bits.T)
    _, first, of = np.unique(rows.view(np.dtype((np.void, rows.shape[1])))[:, 0], return_index=True, return_inverse=True)
    columns = noise[:, first] if noise.shape[1] > 1 else np.broadcast_to(noise, (len(here), len(first)))
    return Patterns(here[:, first], broken[:, first], joined[:, first], columns, of.reshape(-1))


def observe(days: Array) -> Array:
    """``(4, ...)`` how a displacement at ``days`` since a fixed date hangs on the state."""
    turn = 2 * np.pi * days / YEAR
    return np.stack([np.ones_like(turn), np.zeros_like(turn), np.cos(turn), np.sin(turn)])


def along(row: Array, states: Array) -> Array:
    """The displacement that ``states`` (4, ...) stand for on the date of ``row``; the slope has no part in it."""
    return np.asarray(states[LEVEL] + row[COS] * states[COS] + row[SIN] * states[SIN])


def advance(covariance: Array, step: Array | float, variances: Variances) -> Array:
    """Covariance ``(4, 4, candidate, ...)`` after ``step`` years without a measurement."""
    out = covariance.copy()
    out[LEVEL] = out[LEVEL] + step * out[SLOPE]
    out[:, LEVEL] = out[:, LEVEL] + step * out[:, SLOPE]
    level, bend, season = (part[:, None] for part in (variances.level, variances.bend, variances.season))
    out[LEVEL, LEVEL] += (
        level * step + bend * step**3 / 3
    )  # the slope is a Wiener process, the level its integral and one of its own
    cross = bend * step**2 / 2
    out[LEVEL, SLOPE] += cross
    out[SLOPE, LEVEL] += cross
    out[SLOPE, SLOPE] += bend * step
    out[COS, COS] += season * step
    out[SIN, SIN] += season * step
    return out


def run_filter(data: TrainingData, variances: Variances, patterns: Patterns) -> Filtered:
    """Filter all points up to the last date (Durbin & Koopman 2012, Time Series Analysis by State Space Methods, chapter 4).

    The level is unknown before the first value, and again after a bridged step: its variance is then infinite, taken in the limit
    (their chapter 5), and that value makes no innovation. Slope and swing are known to be around zero, by their variances.

    Args:
        data: the points.
        variances: of the components, ``candidate`` sets at once.
        patterns: of ``data``, by :func:`find_patterns`.
    """
    here, broken, joined, noise, of = patterns
    groups = here.shape[1]
    one = groups == 1
    sets = len(variances.level)
    prior = np.zeros((4, 4, sets, groups))
    for at, variance in ((SLOPE, variances.slope), (COS, variances.swing), (SIN, variances.swing)):
        prior[at, at] = variance[:, None]
    covariance = prior
    state = np.zeros((4, sets, data.points))
    energy, logdet, count = np.zeros((sets, data.points)), np.zeros((sets, groups)), np.zeros(groups)
    unknown = np.ones(groups, bool)
    values = np.where(np.isfinite(data.displacement), data.displacement, 0.0)
    years = data.days / YEAR
    rows = observe(data.days)
    for index in range(len(years)):
        step = years[index] - years[index - 1] if index else 0.0
        row = rows[:, index]
        if index:
            covariance = advance(covariance, step, variances)
            state[LEVEL] += step * state[SLOPE]
        unknown |= broken[index]
        if joined[index].any():
            covariance[LEVEL, LEVEL] += variances.join[:, None] * joined[index]
        now, fresh = here[index], here[index] & unknown
        if not now.any():
            continue
        reach = along(row, covariance.swapaxes(0, 1))  # (4, candidate, pattern) covariance of the state with the value
        spread = along(row, reach) + noise[index]
        seen = now & ~fresh
        gain = np.where(seen, reach / spread, 0.0)
        if fresh.any():
            covariance, gain = _anchor(covariance, gain, row, noise[index], fresh)
        covariance = covariance - np.where(seen, gain[:, None] * reach[None], 0.0)
        logdet += np.where(seen, np.log(spread), 0.0)
        count += seen
        innovation = values[index] - along(row, state)
        each = slice(None) if one else of
        shares = np.where(seen, 1 / spread, 0.0)[:, each]
        energy += shares * innovation**2
        state += gain[..., each] * innovation
        unknown &= ~now
    return Filtered(state, covariance, energy, logdet, count)


def _anchor(covariance: Array, gain: Array, row: Array, noise: Array, fresh: NDArray[np.bool_]) -> tuple[Array, Array]:
    """The limit of an update where the level's variance is infinite: the value fixes it, the other states stay as they are."""
    others = covariance.copy()
    others[LEVEL] = others[:, LEVEL] = 0.0
    reach = along(row, others.swapaxes(0, 1))
    known = others
    known[LEVEL] = known[:, LEVEL] = -reach
    known[LEVEL, LEVEL] = along(row, reach) + noise
    gain = gain.copy()
    gain[:, :, fresh] = 0.0
    gain[LEVEL][:, fresh] = 1.0
    return np.where(fresh, known, covariance), gain
