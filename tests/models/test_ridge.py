"""Pooled ridge regressions: the closed form, and what they must find in simulated series."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge as Oracle

from insarcast.core import InsarcastError, Split
from insarcast.models import make_model
from insarcast.models.regression.dlinear import moving_average
from insarcast.models.regression.ridge import normal_equations, solve
from tests.models.windows_toy import data_of, skill


def test_the_closed_form_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    features, season = rng.normal(size=(500, 6)), rng.normal(size=(500, 2, 2))
    target = features[:, :2] @ [[1.0, 0.5], [-2.0, 0.1]] + season[:, :, 0] + rng.normal(size=(500, 2))
    target[rng.random((500, 2)) < 0.3] = np.nan
    keep = np.array([True, True, False, True, True, True, True, True])
    for step, normal in enumerate(normal_equations(features, season, target)):
        known = np.isfinite(target[:, step])
        x = np.concatenate([features, season[:, step]], axis=1)[known][:, keep]
        for penalty, weights in zip([1e-3, 1.0], solve(normal, keep, np.array([1e-3, 1.0])), strict=True):
            oracle = Oracle(alpha=penalty * known.sum(), fit_intercept=False).fit(x, target[known, step])
            np.testing.assert_allclose(weights[keep], oracle.coef_, rtol=1e-8, atol=1e-10)
            assert weights[2] == 0


def test_neighbours_tell_what_comes() -> None:
    """Each point's next step is 0.9 times the mean of its four neighbours' last steps, plus noise."""
    rng, side = np.random.default_rng(1), 12
    steps = np.zeros((90, side, side))
    for index in range(1, 90):
        last = steps[index - 1]
        near = sum(np.roll(last, shift, axis) for shift in (-1, 1) for axis in (0, 1)) / 4
        steps[index] = 0.9 * near + rng.normal(0, 1, (side, side))
    data = data_of(steps.reshape(90, -1).cumsum(axis=0), side)
    alone = skill("ridge", data, neighbours="none", network=False, field_modes=0)[0]
    near = skill("ridge", data, k=4, network=False, field_modes=0)[0]
    most = 1 - 1 / steps[1:].std()  # the noise of 1 is left
    assert near > alone + 0.05
    assert most - 0.03 < near < most + 0.02


def test_white_noise_is_averaged() -> None:
    """The mean of many values forecasts a constant with noise sd s with error s, persistence with s sqrt(2)."""
    data = data_of(np.random.default_rng(2).normal(0, 3, (120, 80)))
    for name in ("ridge", "dlinear"):
        settings = {"neighbours": "none", "network": False, "field_modes": 0} if name == "ridge" else {}
        found = skill(name, data, (1, 5), **settings)
        best = 1 - np.sqrt((1 + 1 / 20) / 2)
        assert (found > best - 0.04).all(), name
        assert (found < best + 0.04).all(), name


def test_a_season_that_all_share_is_known() -> None:
    days = 12 * np.arange(150)
    wave = 5 * np.sin(2 * np.pi * days / 365.25 + 1)
    data = data_of(wave[:, None] + np.random.default_rng(3).normal(0, 1, (150, 30)))
    with_season = skill("ridge", data, (8,), neighbours="none", network=False, field_modes=0, window=4)[0]
    without = skill("ridge", data, (8,), neighbours="none", network=False, field_modes=0, window=4, season=False)[0]
    assert with_season > 0.75 > without


def test_the_intervals_cover() -> None:
    rng = np.random.default_rng(4)
    sd = rng.uniform(1, 5, 100)
    data = data_of(rng.normal(0, sd, (120, 100)))
    origins = [data.time[index] for index in range(95, 119)]
    model = make_model("ridge", neighbours="none").fit(data, Split(origins[0], tuple(origins), (1,)))
    said = model.predict(data, origins, (1,), (0.05, 0.95)).increment.values[:, 0]
    truth = data.displacement[96:120] - data.displacement[95:119]
    inside = (truth >= said[:, 0]) & (truth <= said[:, 1])
    assert 0.86 < inside.mean() < 0.95
    noisy, quiet = inside[:, sd > 4].mean(), inside[:, sd < 2].mean()
    assert abs(noisy - quiet) < 0.09, "a point's own scatter makes its interval wide"


def test_a_moving_average_by_hand() -> None:
    np.testing.assert_allclose(moving_average(np.array([[3.0, 0.0, 6.0, 3.0]]), 3), [[2, 3, 3, 4]])


def test_settings_that_make_no_sense() -> None:
    for name, settings in (("ridge", {"window": 0}), ("ridge", {"field_modes": -1}), ("dlinear", {"kernel": 4})):
        with pytest.raises(InsarcastError):
            make_model(name, **settings)
