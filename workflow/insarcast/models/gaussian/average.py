"""The Gaussian-process average: each point by many kernels, weighed by what the kernels say about all points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from insarcast.core import InsarcastError

from ..data import Array, TrainingData
from ..law import Law
from ..levels import supported_levels
from ..pooled import Pooled
from .evidence import Answers, Grid, answers, log_evidence, posterior, prior_weights
from .kernels import annual_covariance, motions
from .past import Group, bridge_rare_gaps, clip_outliers, find_join, groups_of, noise_rate, steps_of

SHAPE = 6.0  # a0: the pooled noise variance counts as twelve dates of a point's own
ROUNDS = 30  # of expectation maximisation
STRENGTH = 5.0  # points that the weights learnt in training count for at a later origin
CHUNK = 2048  # points at a time, for memory
SAMPLE = 4096  # points that the pooled quantities are learnt from, evenly spread

# Points of a group, their last value in mm without their mean, and what every kernel says about them.
_Part = tuple[Group, NDArray[np.intp], Array, Answers]


class GaussianProcessAverage(Pooled):
    """Bayesian average over Gaussian processes in time, with a prior that all points share.

    A point's displacement is level + rate + motion (fast and forgetting, or a random walk) + a season + a jump at each join of two
    releases (``data.jump``) + white noise, all variances in units of the point's noise variance. Each combination of a grid of
    variances is a kernel; the noise variance is integrated out under an inverse gamma prior, ``a0 = 6``, ``b0 = a0 median(min Q/n)``,
    so each kernel's prediction is Student's t with ``2 a0 + n`` degrees of freedom, mean ``k*' K^-1 y`` and squared scale
    ``(b0 + Q/2) / (a0 + n/2) (k** - k*' K^-1 k*)`` (Rasmussen & Williams 2006, Gaussian Processes for Machine Learning, sections 2.2
    and 9.9). The prior weights of the kernels are those that make the evidence of all points largest (empirical Bayes, Robbins
    1956), separately for points with and without a join; the forecast is the mean over kernels by posterior weight (Hoeting et al.
    1999, Bayesian model averaging, Stat. Sci. 14:382), its scale that of the mixture's variance.

    The weights, the covariance of the season and b0 are estimated anew at each origin from all points up to it; weights learnt in
    training count for 5 points more, which matters where there are few. The past is clipped at a running median, see
    :func:`~insarcast.models.gaussian.past.clip_outliers`. Where no join is known, one is looked for. Where nearly every point has gaps of its
    own, these are bridged, see :func:`~insarcast.models.gaussian.past.bridge_rare_gaps`.
    """

    settings: ClassVar[tuple[str, ...]] = ("motion", "walks", "seasons", "rates", "jumps", "clip", "clip_window", "find_joins")

    def __init__(
        self,
        motion: Sequence[float] = (0.03, 0.15, 0.6),
        walks: Sequence[float] = (),
        seasons: Sequence[float] = (0.0, 0.15, 1.0),
        rates: Sequence[float] = (0.1, 0.4, 1.5, 6.0, 30.0),
        jumps: Sequence[float] = (0.3, 1.0, 3.0),
        clip: float | None = 2.5,
        clip_window: int = 9,
        find_joins: bool = True,
    ) -> None:
        super().__init__()
        if clip_window < 3 or clip_window % 2 == 0:
            raise InsarcastError(f"gp_average: clip_window must be an odd number of at least 3 dates, not {clip_window}.")
        if not rates or not seasons or min([*motion, *walks, *rates, *jumps], default=1) <= 0 or min(seasons) < 0:
            raise InsarcastError(
                "gp_average: motion, walks, rates and jumps must be positive, seasons not negative, and one rate and season be there."
            )
        self.motion, self.walks, self.seasons = list(motion), list(walks), list(seasons)
        self.rates, self.jumps = list(rates), list(jumps)
        self.clip, self.clip_window, self.find_joins = clip, clip_window, find_joins

    def _grid(self, joined: bool) -> Grid:
        kinds = tuple(motions(self.motion, self.walks, self.seasons))
        return Grid(kinds, tuple(self.rates), (0.0, *self.jumps) if joined else (0.0,))

    def _learn(self, past: TrainingData, *, seed: int, device: str, progress: bool) -> dict[str, np.ndarray[Any, Any]]:
        size = self._grid(False).size
        look = _Look(self, past, np.zeros(0), np.full(size, 1 / size), 1.0)
        return {"weights": look.shared if look.points.size else np.full(size, 1 / size)}

    def _law(self, past: TrainingData, horizons: list[int], lead: Array) -> Law:
        look = _Look(self, past, lead, self.learnt["weights"], STRENGTH)
        centre, scale = (np.full((len(lead), past.points), np.nan) for _ in range(2))
        freedom = np.zeros(past.points)
        for group, points, origin, part in look.all_parts():
            mean, spread = look.mixture(group, part)
            centre[:, points] = mean - origin
            scale[:, points] = spread
            freedom[points] = 2 * SHAPE + len(group.rows)
        return Law(centre, scale, freedom)


class _Look:
    """All that is estimated at one origin from the past of all points."""

    def __init__(self, model: GaussianProcessAverage, past: TrainingData, lead: Array, before: Array, strength: float) -> None:
        self.model, self.past = model, past
        self.days = np.concatenate([past.days, past.days[-1] + lead])
        self.levels = bridge_rare_gaps(supported_levels(past))
        self.points: NDArray[np.intp] = np.flatnonzero(np.isfinite(self.levels[-1]))
        self.jump = past.jump
        self.shared = before
        self.kept: list[_Part] = []
        if not self.points.size:
            return
        some = self.points[np.unique(np.linspace(0, self.points.size - 1, min(SAMPLE, self.points.size)).astype("intp"))]
        self.annual = annual_covariance(self._before_joins(some), past.days)
        if self._find_join(some):
            self.annual = annual_covariance(self._before_joins(some), past.days)
        self.kept = kept = list(self.parts(some))
        least = np.concatenate([part.misfit.min(axis=0) / len(group.rows) for group, _, _, part in kept])
        self.rate = noise_rate(least, SHAPE)
        self.weights: dict[bool, Array] = {}
        for joined in (False, True):
            evidences = [self._evidence(group, part) for group, _, _, part in kept if bool(group.joins) == joined]
            grid = model._grid(joined)
            belief = np.repeat(before, len(grid.jumps)) / len(grid.jumps)
            self.weights[joined] = prior_weights(evidences, belief, strength, ROUNDS)
        totals = [w.reshape(before.size, -1).sum(axis=1) for w in self.weights.values()]
        counts = [
            sum(part.misfit.shape[1] for group, _, _, part in kept if bool(group.joins) == joined) for joined in self.weights
        ]
        self.shared = np.average(totals, axis=0, weights=counts)

    def _before_joins(self, points: NDArray[np.intp]) -> Array:
        """``(time, point)`` clipped values up to each point's first join, NaN elsewhere."""
        values = np.full((len(self.levels), self.past.points), np.nan)
        for group in groups_of(self.levels, self.jump, points):
            values[np.ix_(group.rows, group.points)] = self._prepared(group, group.points)[0]
        if self.jump is not None:
            values[np.cumsum(self.jump, axis=0) > 0] = np.nan
        return values[:, points]

    def _find_join(self, points: NDArray[np.intp]) -> bool:
        """Look for a join in the largest group of points where none is known, and take it as one of all points."""
        if not self.model.find_joins or (self.jump is not None and self.jump[:, self.points].any()):
            return False
        group = max(groups_of(self.levels, None, points), key=lambda each: each.points.size)
        values, _ = self._prepared(group, group.points)
        found = find_join(self.model._grid(False), values, self.days[group.rows], self.annual, SHAPE)
        if found is not None:
            self.jump = np.zeros(self.levels.shape, bool)
            self.jump[group.rows[found]] = True
        return found is not None

    def _prepared(self, group: Group, points: NDArray[np.intp]) -> tuple[Array, Array]:
        """``(date, point)`` values of a group, clipped, without their mean; and the unclipped last value in the same frame."""
        values = self.levels[np.ix_(group.rows, points)]
        cuts = tuple(int(np.searchsorted(group.rows, join)) for join in group.joins)
        clipped = clip_outliers(values, self.model.clip_window, self.model.clip, cuts)
        mean = clipped.mean(axis=0)
        return clipped - mean, values[-1] - mean

    def parts(self, points: NDArray[np.intp]) -> Iterator[_Part]:
        """Chunks of points with their last value and what every kernel says about them."""
        targets = len(self.days) - len(self.past.time)
        for group in groups_of(self.levels, self.jump, points):
            days = np.concatenate([self.days[group.rows], self.days[len(self.past.time) :]])
            grid = self.model._grid(bool(group.joins))
            for at in range(0, group.points.size, CHUNK):
                chunk = group.points[at : at + CHUNK]
                values, last = self._prepared(group, chunk)
                yield group, chunk, last, answers(grid, values, days, steps_of(group, targets), self.annual)

    def all_parts(self) -> Iterable[_Part]:
        """The same of all points; what was worked out for the pooled quantities is not worked out again."""
        if not self.points.size or sum(points.size for _, points, _, _ in self.kept) == self.points.size:
            return self.kept
        self.kept = []
        return self.parts(self.points)

    def _evidence(self, group: Group, part: Answers) -> Array:
        return log_evidence(part.misfit, part.log_det[:, None], len(group.rows), SHAPE, self.rate)

    def mixture(self, group: Group, part: Answers) -> tuple[Array, Array]:
        """Mean ``(target, point)`` over kernels, and the scale of the Student's t with the mixture's variance."""
        share = posterior(self._evidence(group, part), self.weights[bool(group.joins)])
        mean = np.einsum("kp,khp->hp", share, part.mean)
        freedom = 2 * SHAPE + len(group.rows)
        noise = (self.rate + part.misfit / 2) / (SHAPE + len(group.rows) / 2)  # squared scale of the Student's t
        within = np.einsum("kp,kh->hp", share * noise, part.spread)
        between = np.maximum(np.einsum("kp,khp->hp", share, part.mean**2) - mean**2, 0.0)
        return mean, np.sqrt(within + between * (freedom - 2) / freedom)
