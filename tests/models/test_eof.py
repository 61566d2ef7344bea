"""Forecasts through a few modes of the field."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from insarcast.core import InsarcastError
from insarcast.models import make_model
from insarcast.models.space.eof import _regressions, smooth
from tests.models.windows_toy import data_of, skill


def field(seed: int = 0, dates: int = 120, points: int = 150) -> np.ndarray:
    """One pattern that returns to 0 by a third at each date, under noise of each point."""
    rng = np.random.default_rng(seed)
    score = np.zeros(dates)
    for index in range(1, dates):
        score[index] = 0.65 * score[index - 1] + rng.normal()
    return np.outer(score, rng.normal(0, 4, points)) + rng.normal(0, 1, (dates, points))


def test_smoothing_is_pandas() -> None:
    values = np.random.default_rng(0).normal(size=(30, 3))
    np.testing.assert_allclose(
        smooth(values, 0.3), pd.DataFrame(values).ewm(alpha=0.3, adjust=False).mean().to_numpy(), rtol=1e-12
    )


def test_a_mode_is_forecast_and_the_rest_smoothed() -> None:
    """The best forecast of the mode is -0.35 of its score, of the noise its loss: better than smoothing each point."""
    found = skill("eof", data_of(field()), (1, 3), modes=1)
    smoothing = skill("ses", data_of(field()), (1, 3))
    assert (found > smoothing + 0.02).all()
    assert found[0] > 0.1


def test_the_regression_of_a_mode_finds_its_memory() -> None:
    data = data_of(field(dates=2000))
    score = data.displacement @ np.ones(data.points)
    weights = _regressions(score[:, None], data, [1], 1, np.array([1e-6]))[0, 0, 0]
    rng_free = np.corrcoef(score[1:], score[:-1])[0, 1]
    lags = score[:-2] - score[1:-1]
    expected = (lags @ (score[2:] - score[1:-1])) / (lags @ lags)
    np.testing.assert_allclose(weights[0], expected, atol=0.02)
    assert 0.4 < rng_free < 0.8


def test_settings_that_make_no_sense() -> None:
    with pytest.raises(InsarcastError, match="eof needs"):
        make_model("eof", modes=0)
