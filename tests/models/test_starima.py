"""STARIMA on fields of which the parameters are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from insarcast.core import InsarcastError, Split
from insarcast.models import TrainingData
from insarcast.models.space.neighbours import neighbour_weights
from insarcast.models.space.starima import Starima

TRUE = np.array([0.3, 0.4, -0.5, 0.2])  # phi own and neighbours', theta own and neighbours'


def field(dates: int = 80, points: int = 150, seed: int = 0, drift: float = -0.5) -> tuple[TrainingData, np.ndarray]:
    """A simulated STARIMA(1, 1, 1) with innovations of standard deviation 1; and its innovations."""
    rng = np.random.default_rng(seed)
    time = np.datetime64("2019-01-06", "D") + 12 * np.arange(dates + 5)
    places = {name: 5e5 + rng.uniform(0, 1000, points) for name in ("x", "y")}
    empty = TrainingData(np.zeros((dates, points)), np.ones((dates, points), bool), time[:dates], time, **places)
    weights = neighbour_weights(empty)
    e, z = rng.normal(size=(dates + 30, points)), np.zeros((dates + 30, points))
    for t in range(1, len(e)):
        near = [z[t - 1], weights @ z[t - 1], e[t - 1], weights @ e[t - 1]]
        z[t] = TRUE @ near + e[t]
    rates = drift * rng.uniform(0.5, 1.5, points)
    return replace(empty, displacement=np.cumsum(z[30:] + rates, axis=0)), e[30:]


def fitted(data: TrainingData, last: int = -1, horizons=(1, 2, 5), **settings) -> Starima:
    return Starima(**settings).fit(data, Split(data.time[last], (data.time[last],), horizons))


def test_finds_the_parameters() -> None:
    data, _ = field(400, 100)  # each point's mean takes a little of what lags explain: 1 / dates
    model = fitted(data)
    np.testing.assert_allclose(model.learnt["values"], TRUE, atol=0.06)
    assert model.learnt["sigma2"][0] == pytest.approx(1, abs=0.05)
    alone = fitted(replace(data, x=None, y=None))
    assert alone.learnt["sigma2"][0] > 1.02 * model.learnt["sigma2"][0], "neighbours help"


def test_gaps_bridges_and_joins_cost_little() -> None:
    data, _ = field()
    rng = np.random.default_rng(1)
    displacement = np.where(rng.random(data.displacement.shape) < 0.03, np.nan, data.displacement)
    observed, jump = np.ones_like(data.observed), np.zeros_like(data.observed)
    observed[20], jump[50] = False, True
    displacement[20:] += 50
    displacement[50:] -= 90
    poor = replace(data, displacement=displacement, observed=observed, jump=jump)
    np.testing.assert_allclose(fitted(poor).learnt["values"], TRUE, atol=0.12)


def test_derivatives() -> None:
    data, _ = field(20, 12)
    displacement = data.displacement.copy()
    displacement[7, 3] = displacement[11, 5] = np.nan
    model = Starima(p=2, q=2)
    z, _ = model._steps(replace(data, displacement=displacement))
    weights = neighbour_weights(data, k=3)
    values = np.array([0.2, 0.1, -0.1, 0.05, -0.4, 0.1, 0.1, -0.05])
    slopes = [slope for _, slope, _ in model._run(z, weights, values, derive=True)]
    for which in range(8):
        move = np.zeros(8)
        move[which] = 1e-6
        ends = [np.array([e for e, _, _ in model._run(z, weights, values + side)]) for side in (-move, move)]
        np.testing.assert_allclose([slope[which] for slope in slopes], (ends[1] - ends[0]) / 2e-6, atol=1e-7)


def test_forecast_is_the_recursion_written_out() -> None:
    data, _ = field(30, 20)
    model = fitted(data, drift=False, k=4)
    found = model.predict(data, [data.time[-1]], (1, 2, 3), (0.5,)).increment.values[0, :, 0]
    weights = neighbour_weights(data, k=4).toarray()
    phi0, phi1, theta0, theta1 = model.learnt["values"]
    ar, ma = phi0 * np.eye(20) + phi1 * weights, theta0 * np.eye(20) + theta1 * weights
    z, e = np.zeros(20), np.zeros(20)
    for step in np.diff(data.displacement, axis=0):
        z, e = step, step - ar @ z - ma @ e
    one = ar @ z + ma @ e
    np.testing.assert_allclose(found, [one, one + ar @ one, one + ar @ one + ar @ ar @ one], rtol=1e-9)


def test_intervals_cover() -> None:
    data, _ = field(110)
    past = data.until(data.time[99])
    model = fitted(past)
    starts = list(range(99, 105))
    quantiles = model.predict(data, [data.time[t] for t in starts], (1, 2, 5), (0.05, 0.95)).increment.values
    truth = np.array([[data.displacement[t + h] - data.displacement[t] for h in (1, 2, 5)] for t in starts])
    share = ((quantiles[:, :, 0] <= truth) & (truth <= quantiles[:, :, 1])).mean(axis=(0, 2))
    assert ((share > 0.85) & (share < 0.94)).all()


def test_parameters_stay_where_forecasts_cannot_grow() -> None:
    """Accelerating points would be best described by a growing process."""
    data, _ = field(40, 30)
    model = fitted(replace(data, displacement=data.displacement + 1.15 ** np.arange(40.0)[:, None]), drift=False)
    assert model._stable(model.learnt["values"])
    assert not model._stable(np.array([0.6, 0.5, 0, 0]))
    assert not model._stable(np.array([0, 0, 0.5, -0.6]))


def test_too_little_to_learn_from() -> None:
    """The random walk with drift, with the scale of all points."""
    data, _ = field(4, 5)
    values = fitted(data).predict(data, [data.time[-1]], (1, 2), (0.05, 0.5, 0.95)).increment.values[0]
    mean = (data.displacement[-1] - data.displacement[0]) / 3
    np.testing.assert_allclose(values[:, 1], [mean, 2 * mean], rtol=1e-9)
    assert np.isfinite(values).all()


def test_longer_horizons_than_fitted_for() -> None:
    data, _ = field(40, 30)
    wide = fitted(data, horizons=(1,)).predict(data, [data.time[-1]], (1, 4), (0.25, 0.75)).increment.values[0]
    np.testing.assert_allclose(wide[1, 1] - wide[1, 0], 2 * (wide[0, 1] - wide[0, 0]), rtol=1e-9)


def test_what_cannot_be() -> None:
    with pytest.raises(InsarcastError, match="starima needs p and q"):
        Starima(p=0, q=0)
