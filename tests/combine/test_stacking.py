"""Stacking against a general solver and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from insarcast.combine.series.stacking import error_moments, simplex_weights


@pytest.mark.parametrize("seed", range(6))
def test_the_least_squared_error_on_the_simplex(seed: int) -> None:
    rng = np.random.default_rng(seed)
    errors = rng.normal(0, 1, (5, 5)) @ rng.normal(0, rng.uniform(0.5, 3, (5, 1)), (5, 400))
    moments = errors @ errors.T / 400
    weights = simplex_weights(moments)
    oracle = minimize(
        lambda w: w @ moments @ w,
        np.full(5, 0.2),
        jac=lambda w: 2 * moments @ w,
        bounds=[(0, 1)] * 5,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)
    assert weights @ moments @ weights == pytest.approx(oracle.fun, rel=1e-5)


def test_independent_errors_weigh_by_their_inverse_variance() -> None:
    np.testing.assert_allclose(simplex_weights(np.diag([1.0, 4.0])), [0.8, 0.2], rtol=1e-5)


def test_a_model_that_only_adds_noise_gets_nothing() -> None:
    assert simplex_weights(np.array([[1.0, 1.0], [1.0, 3.0]]))[1] == pytest.approx(0, abs=1e-5)


def test_models_without_any_error_weigh_the_same() -> None:
    assert simplex_weights(np.zeros((4, 4))).tolist() == [0.25] * 4


def test_only_cells_that_all_models_know_count() -> None:
    medians = np.array([[1.0, 2.0, np.nan], [0.0, 2.0, 5.0]])
    moments, count = error_moments(medians, np.array([0.0, np.nan, 1.0]))
    assert count == 1
    assert moments.tolist() == [[1.0, 0.0], [0.0, 0.0]]
    assert np.isnan(error_moments(medians, np.full(3, np.nan))[0]).all()
