"""ARIMA of each point by itself: of one order, of the order that suits the point, and with an annual wave."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from itertools import product
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from insarcast.core import InsarcastError

from ..data import Array, TrainingData, days_between
from ..law import Law
from ..series import Series
from .by_statsmodels import fit_statsmodels
from .compiled import MAX_ORDER
from .fit import fit_series
from .past import Part, Spec, checked_order, columns_of, drifts, old_enough, past_of


class _Arimas(Series):
    """What they share: the past of each origin goes to the kernel, every point with the model that is meant for it.

    The models count acquisition dates, not days: a step of 24 days is a step like one of 12. A date without a value is a step all
    the same, so that the motion over a gap adds up. Bridged steps and joins of releases hide an offset that is nobody's evidence:
    there the level starts anew, at no cost to what the model knows of the differences.
    """

    years = 1.5  # least history of a point for an annual wave

    def _law(self, data: TrainingData, indices: Sequence[int], lead: Array) -> Law:
        shape = (len(indices), lead.shape[1], data.points)
        law = Law(np.full(shape, np.nan), np.full(shape, np.nan), np.zeros((len(indices), data.points)))
        if not data.points or not len(indices):
            return law
        days = days_between(data.time[0], data.calendar)
        ahead = np.searchsorted(days, data.days[indices[0]] + lead[0] - 0.5) - indices[0]
        steps, back = np.unique(ahead, return_inverse=True)
        specs, of_point = self._choose(data)
        for at, index in enumerate(indices):
            part = past_of(data, index, steps.astype("int64"), days)
            for which, spec in enumerate(specs):
                mine = of_point == which
                if mine.any():
                    centre, scale, freedom = self._fit(part.take(mine), spec)
                    law.centre[at][:, mine], law.scale[at][:, mine] = centre.T[back], scale.T[back]
                    law.freedom[at, mine] = freedom
        return law

    @abstractmethod
    def _choose(self, data: TrainingData) -> tuple[list[Spec], NDArray[np.intp]]:
        """The models, and which of them each point has; nothing after the end of training may matter."""

    def _fit(self, part: Part, spec: Spec) -> tuple[Array, Array, Array]:
        """Centre and scale ``(point, horizon)``, and freedom ``(point,)``; points with too little history get no wave."""
        shape = (part.values.shape[1], len(part.steps))
        centre, scale, freedom = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape[0])
        waves = old_enough(part, spec, self.years)
        for mine, model in ((waves, spec), (~waves, spec._replace(harmonics=0))):
            if mine.any():
                some = part.take(mine)
                fits = fit_series(
                    some.values, some.broken, columns_of(part.days, model), model.order, part.steps, drift=drifts(model)
                )
                centre[mine], scale[mine], freedom[mine] = fits.centre, fits.scale, fits.freedom
        return centre, scale, freedom


class Arima(_Arimas):
    """ARIMA(p, d, q) with drift, of one order for all points (Box & Jenkins; Hyndman & Athanasopoulos, 3rd ed., chapter 9).

    Parameters are estimated anew for each point at each origin, by exact maximum likelihood (:mod:`.fit`). With d = 0 the
    point fluctuates about a line, or about a level where there is no drift; with d = 2 there is no drift, for the rate is a
    random walk. The law is Student's t with as many degrees of freedom as there are innovations less parameters; its variance holds
    the uncertainty of the drift, not that of phi and theta. A short or constant past falls back to the random walk with drift.
    """

    settings: ClassVar[tuple[str, ...]] = ("order", "drift", "engine")

    def __init__(
        self, order: Sequence[int] = (1, 1, 1), drift: bool = True, engine: Literal["numba", "statsmodels"] = "numba"
    ) -> None:
        """Set the order.

        Args:
            order: p, d, q: p and q at most 3, d at most 2.
            drift: whether the points may move at a rate of their own.
            engine: ``numba``, the compiled kernel, or ``statsmodels``, series by series and some thousand times slower.
        """
        super().__init__()
        self.order, self.drift, self.engine = checked_order("arima", order), drift, engine

    def _choose(self, data: TrainingData) -> tuple[list[Spec], NDArray[np.intp]]:
        return [Spec(self.order, self.drift)], np.zeros(data.points, np.intp)

    def _fit(self, part: Part, spec: Spec) -> tuple[Array, Array, Array]:
        if self.engine == "numba":
            return super()._fit(part, spec)
        return fit_statsmodels(part, spec)


class AutoArima(_Arimas):
    """The ARIMA that suits each point best, by the corrected Akaike criterion.

    Candidates are all orders up to the largest p and q, with the given d, with and without drift, with and without an annual wave
    (a year and a half of history and more). The criterion is comparable between d = 0 and d = 1, for both likelihoods are of the same
    numbers: the level of d = 0 has a diffuse start, which makes its likelihood one of the differences too. It sees no more than
    the past, though: d = 0 bets that the level never wanders and no join of releases was overlooked, and is not a candidate unless
    asked for. The choice is made once, from the dates up to the end of training; the parameters are estimated anew at each origin.
    Points whose past is too short for any candidate get the random walk with drift.
    """

    settings: ClassVar[tuple[str, ...]] = ("p", "q", "d", "harmonics")

    def __init__(self, p: int = 2, q: int = 2, d: Sequence[int] = (1,), harmonics: int = 1) -> None:
        """Set the candidates.

        Args:
            p: largest number of autoregressive parameters, at most 3.
            q: largest number of moving-average parameters, at most 3.
            d: differences to try: 0, 1 or both.
            harmonics: waves of a year, half a year, ... of the candidates with a wave, at most 3; 0: no such candidates.
        """
        super().__init__()
        if not (0 <= p <= MAX_ORDER and 0 <= q <= MAX_ORDER and d and set(d) <= {0, 1}):
            raise InsarcastError(f"auto_arima needs p and q from 0 to {MAX_ORDER} and d of 0 and 1, not {p}, {q} and {list(d)}.")
        if not 0 <= harmonics <= 3:
            raise InsarcastError(f"auto_arima has up to 3 harmonics, not {harmonics}.")
        self.p, self.q, self.d, self.harmonics = p, q, list(d), harmonics

    def candidates(self) -> list[Spec]:
        """The random walk with drift first, then from few parameters to many."""
        orders = product(range(self.p + 1), self.d, range(self.q + 1))
        found = {Spec(*each) for each in product(orders, (False, True), {0, self.harmonics})}
        walk = Spec((0, 1, 0), True)
        return [walk, *sorted(found - {walk}, key=lambda spec: (spec.parameters, spec))]

    def _choose(self, data: TrainingData) -> tuple[list[Spec], NDArray[np.intp]]:
        days = days_between(data.time[0], data.calendar)
        if self.train_end is None:
            raise ValueError("fit before predict")
        known = int(np.sum(data.time <= self.train_end))
        part = past_of(data, known - 1, np.zeros(0, np.int64), days)
        specs, best, of_point = self.candidates(), np.full(data.points, np.inf), np.zeros(data.points, np.intp)
        for which, spec in enumerate(specs):
            mine = old_enough(part, spec, self.years)
            some, columns = part.take(mine), columns_of(part.days, spec)
            aicc = np.full(data.points, np.inf)
            aicc[mine] = fit_series(some.values, some.broken, columns, spec.order, part.steps, drift=drifts(spec)).aicc
            better = aicc < best
            of_point[better], best[better] = which, aicc[better]
        return specs, of_point


class AnnualArima(_Arimas):
    """An annual wave with ARIMA errors: dynamic harmonic regression (Hyndman & Athanasopoulos, 3rd ed., section 10.5).

    A SARIMA proper needs a fixed number of dates in a year, which irregular acquisitions don't have, and would look back 30 to 60
    of them. Here cosine and sine of the elapsed days are regressors, estimated together with the ARIMA of the rest. Points with
    less than a year and a half of history before the origin get the plain ARIMA.
    """

    settings: ClassVar[tuple[str, ...]] = ("order", "drift", "harmonics", "years")

    def __init__(self, order: Sequence[int] = (1, 1, 1), drift: bool = True, harmonics: int = 1, years: float = 1.5) -> None:
        """Set the order and the wave.

        Args:
            order: p, d, q of the errors: p and q at most 3, d at most 2.
            drift: whether the points may move at a rate of their own.
            harmonics: waves of a year, half a year, ... : 1 to 3.
            years: least history for the wave.
        """
        super().__init__()
        if not 1 <= harmonics <= 3:
            raise InsarcastError(f"sarima has 1 to 3 harmonics, not {harmonics}.")
        self.order, self.drift, self.harmonics, self.years = checked_order("sarima", order), drift, harmonics, years

    def _choose(self, data: TrainingData) -> tuple[list[Spec], NDArray[np.intp]]:
        return [Spec(self.order, self.drift, self.harmonics)], np.zeros(data.points, np.intp)
