"""Velocities of ready series: a line, and a line across the join of two releases."""

from __future__ import annotations

import numpy as np
from scipy.stats import linregress

from insarcast.stack.series.velocity import fit_velocity

DAYS = 12.0 * np.arange(60)


def test_without_a_join_it_is_the_ordinary_line() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0, 3, (60, 5)).astype("float32")
    values[10:20, 2] = np.nan
    slope, error = fit_velocity(values, DAYS, np.zeros(values.shape, bool))
    for point in range(5):
        known = np.isfinite(values[:, point])
        other = linregress(DAYS[known] / 365.25, values[known, point].astype(float))
        np.testing.assert_allclose([slope[point], error[point]], [other.slope, other.stderr], rtol=1e-5)


def test_a_jump_at_a_join_is_no_motion() -> None:
    rng = np.random.default_rng(1)
    values = (-10 * DAYS[:, None] / 365.25 + rng.normal(0, 1, (60, 2))).astype("float32")
    jump = np.zeros(values.shape, bool)
    values[40:, 0] += 30
    jump[40, 0] = True
    slope, error = fit_velocity(values, DAYS, jump)
    np.testing.assert_allclose(slope, -10, atol=4 * error.max())
    design = np.column_stack([DAYS / 365.25, np.arange(60) < 40, np.arange(60) >= 40]).astype(float)
    fit, rest, *_ = np.linalg.lstsq(design, values[:, 0].astype(float), rcond=None)
    spread = rest[0] / (60 - 3) * np.linalg.inv(design.T @ design)[0, 0]
    np.testing.assert_allclose([slope[0], error[0]], [fit[0], np.sqrt(spread)], rtol=1e-4)


def test_too_few_values() -> None:
    values = np.full((60, 3), np.nan, "float32")
    values[3, 0] = 1
    values[[3, 9], 1] = [1, 2]
    slope, error = fit_velocity(values, DAYS, np.zeros(values.shape, bool))
    assert np.isnan(slope[[0, 2]]).all()
    assert np.isfinite(slope[1])
    assert np.isnan(error).all()
