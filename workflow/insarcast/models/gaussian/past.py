"""What the Gaussian-process average makes of the past before it looks: clipped outliers, points in groups, joins it finds itself."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..data import Array
from .evidence import Grid, log_evidence, posterior, prior_weights, step_gains


@dataclass(frozen=True)
class Group:
    """Points that were measured on the same dates and have their joins there too.

    Attributes:
        points: ``(point,)`` positions.
        rows: ``(date,)`` indices of the dates with a value.
        joins: indices of the dates whose step from the date before crosses a join, as far as both sides were measured.
    """

    points: NDArray[np.intp]
    rows: NDArray[np.intp]
    joins: tuple[int, ...]


def groups_of(values: Array, jump: NDArray[np.bool_] | None, points: NDArray[np.intp]) -> list[Group]:
    """Groups of the given points of ``values`` (time, point) with the joins in ``jump`` (time, point), in order of their patterns."""
    if not points.size:
        return []
    count = len(values)
    known = np.isfinite(values[:, points])
    crossed = np.zeros_like(known) if jump is None else jump[:, points]
    packed = np.packbits(np.concatenate([known, crossed]), axis=0).T
    _, first, which = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    found = []
    for at, example in enumerate(first):
        rows = np.flatnonzero(known[:, example])
        joins = tuple(int(j) for j in np.flatnonzero(crossed[:count, example]) if rows[0] < j <= rows[-1])
        found.append(Group(points[which.ravel() == at], rows, joins))
    return found


def bridge_rare_gaps(values: Array, most: int = 64, least: int = 32) -> Array:
    """Values in which points with gaps of their own are as complete as others, so that they can share a Cholesky factor.

    Where points have more than ``most`` different patterns of missing dates, those whose pattern fewer than ``least`` points share
    get the gaps between their first and last value filled by straight lines. It is an approximation: a filled date counts as a
    measured one. What is later than the past plays no part, for a gap is closed by a value after it that is known already.

    Args:
        values: ``(time, point)`` mm, NaN where nothing was measured.
        most: patterns that are cheap enough to be treated exactly.
        least: points that make a pattern worth a factor of its own.
    """
    known = np.isfinite(values)
    _, which, count = np.unique(np.packbits(known, axis=0).T, axis=0, return_inverse=True, return_counts=True)
    if len(count) <= most:
        return values
    filled = values.copy()
    place = np.arange(len(values))
    for point in np.flatnonzero((count[which.ravel()] < least) & known.any(axis=0)):
        rows = np.flatnonzero(known[:, point])
        inside = place[rows[0] : rows[-1] + 1]
        filled[inside, point] = np.interp(inside, rows, values[rows, point])
    return filled


def steps_of(group: Group, targets: int) -> Array:
    """``(date + target, join)`` 1 after each join of the group, else 0; what comes after the past lies after every join."""
    columns = [np.concatenate([group.rows >= join, np.ones(targets, bool)]) for join in group.joins]
    return np.array(columns, "float64").reshape(len(columns), len(group.rows) + targets).T


def clip_outliers(values: Array, window: int, width: float | None, cuts: tuple[int, ...] = ()) -> Array:
    """Values no further from their running median than ``width`` scaled median absolute deviations.

    The running median of ``window`` dates is centred, and goes along a line at both ends and at ``cuts``; the deviation is that of the whole past of
    a point, 1.4826 times the median of its absolute residuals (Hampel 1974, JASA 69:383). Nothing later than the past is seen.

    Args:
        values: ``(time, point)`` mm, no NaN.
        window: dates, an odd number.
        width: None: leave all as it is.
        cuts: rows at which a new level begins.
    """
    if width is None or not values.size:
        return values
    edges = [0, *cuts, len(values)]
    middle = np.concatenate([_running_median(values[a:b], window // 2) for a, b in pairwise(edges)])
    residual = values - middle
    limit = width * 1.4826 * np.median(np.abs(residual), axis=0)
    return np.asarray(middle + np.clip(residual, -limit, limit))


def _running_median(values: Array, half: int) -> Array:
    padded = np.full((len(values) + 2 * half, values.shape[1]), np.nan)
    padded[half : half + len(values)] = values
    views = np.sort(np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=0), axis=-1)  # NaN last
    count = np.isfinite(views).sum(axis=-1, keepdims=True)
    low = np.take_along_axis(views, (count - 1) // 2, axis=-1)
    middle = np.asarray((low + np.take_along_axis(views, count // 2, axis=-1))[..., 0] / 2)
    return _along_the_ends(values, middle, half)


def _along_the_ends(values: Array, middle: Array, half: int) -> Array:
    """The running median with its outermost ``half`` rows taken along a line.

    A window that is cut at an end lies beside its date: on ground that moves, its plain median is one of an earlier date, and the
    newest value would always be pulled back. The line is that of least squares through three windows at the end.
    """
    n, length = len(values), 3 * (2 * half + 1)
    if n < 2 * half + 2:
        return middle
    for end in (False, True):
        flipped = values[::-1] if end else values
        block = flipped[: min(length, n)]
        t = np.arange(len(block)) - (len(block) - 1) / 2
        slope = t @ block / (t @ t)
        for at in range(half):
            rows = np.arange(at + half + 1)
            middle[n - 1 - at if end else at] = np.median(flipped[rows] - slope * (rows - at)[:, None], axis=0)
    return middle


def find_join(grid: Grid, values: Array, days: Array, annual: Array, shape: float, jump: float = 1.0) -> int | None:
    """Index of the date before which many points step by amounts of their own, or None.

    Two releases of a product that were joined leave such a step; nobody need have said so. For each date the evidence of a jump of
    variance ``jump`` there, averaged over the kernels by their posterior, is compared with that of none, ``B_i`` for point i; with a
    share f of joined points the gain is ``max_f sum_i log(1 - f + f B_i)``. A join is believed where the best date gains more than
    10 and a tenth of the points, and a quarter more than any other date: a sudden change that is not a step spreads its gain over
    neighbouring dates. At least two dates after it are needed.

    Args:
        grid: the kernels.
        values: ``(time, point)`` mm, no NaN, clipped and without its mean.
        days: ``(time,)`` days.
        annual: covariance of the annual cycle.
        shape: a0 of the noise variance's prior.
        jump: variance of the jump in units of the noise variance.
    """
    n, points = values.shape
    first = np.arange(4, n - 1)
    if first.size < 2 or points < 2:
        return None
    found = list(step_gains(grid, values, days, annual, first, jump))
    misfit, log_det = np.array([each.misfit for each in found]), np.array([each.log_det for each in found])
    rate = noise_rate(misfit.min(axis=0) / n, shape)
    plain = log_evidence(misfit, log_det[:, None], n, shape, rate)
    weights = prior_weights([plain], np.full(len(plain), 1 / len(plain)), 1.0, 30)
    share = posterior(plain, weights)
    factor = np.zeros((len(first), points))
    for at in np.flatnonzero(weights > 0.01):  # the others weigh next to nothing
        gain = log_evidence(found[at].stepped, found[at].log_dets[:, None], n, shape, rate) - plain[at]
        factor += share[at] * np.exp(np.minimum(gain, 600.0))
    gains = np.max([np.log(1 - f + f * factor).sum(axis=1) for f in (0.1, 0.3, 0.6, 0.9)], axis=0)
    best = int(gains.argmax())
    rival = np.delete(gains, best).max()
    believed = gains[best] > 10 + 0.1 * points and gains[best] > 1.25 * rival
    return int(first[best]) if believed else None


def noise_rate(least: Array, shape: float) -> float:
    """b0 in mm2 of the noise variance's inverse gamma prior: its mode near the usual ``min over kernels of Q / n``."""
    known = least[np.isfinite(least)]
    return max(shape * float(np.median(known)), 1e-9) if known.size else 1.0
