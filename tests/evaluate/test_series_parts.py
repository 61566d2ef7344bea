"""The pieces that scores of ready series are made of, against other libraries and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import scoringrules
import statsmodels.api as sm
from scipy.stats import false_discovery_control, norm, spearmanr, ttest_1samp

from insarcast.core.series_past import look_back, noise_class, segments
from insarcast.evaluate.series.bootstrap import block_weights, ratio_interval
from insarcast.evaluate.series.crps import crps_of_quantiles, level_weights
from insarcast.evaluate.series.noise_floor import DateNoise, date_noise, describe_noise, detrend
from insarcast.evaluate.series.rank import ERRORS, SPREADS, error_bin, rank_correlation, spread_bin
from insarcast.evaluate.series.significance import best_simple, cosine_test, diebold_mariano, significance_table

RNG = np.random.default_rng(7)


def test_crps_is_that_of_scoringrules_at_levels_that_weigh_the_same() -> None:
    levels = (np.arange(19) + 0.5) / 19
    truth, fan = RNG.normal(size=40), np.sort(RNG.normal(size=(19, 40)), axis=0)
    assert crps_of_quantiles(truth, fan, levels.tolist()) == pytest.approx(scoringrules.crps_quantile(truth, fan.T, levels))


def test_crps_is_the_weighted_sum_of_pinball_losses() -> None:
    levels = [0.05, 0.25, 0.5, 0.75, 0.95]
    truth, fan = RNG.normal(size=40), np.sort(RNG.normal(size=(5, 40)), axis=0)
    losses = [scoringrules.quantile_score(truth, value, level) for level, value in zip(levels, fan, strict=True)]
    assert level_weights(levels) == pytest.approx([0.15, 0.225, 0.25, 0.225, 0.15])
    assert crps_of_quantiles(truth, fan, levels) == pytest.approx(2 * level_weights(levels) @ losses)


def test_crps_of_five_quantiles_is_three_percent_below_that_of_the_whole_normal_law() -> None:
    truth = 3 * norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    exact = scoringrules.crps_normal(truth, 0.0, 3.0).mean()
    assert exact == pytest.approx(3 / np.sqrt(np.pi), rel=1e-3)
    for levels, share in (([0.05, 0.25, 0.5, 0.75, 0.95], 0.970), (((np.arange(99) + 0.5) / 99).tolist(), 1.0)):
        fan = np.broadcast_to(3 * norm.ppf(levels)[:, None], (len(levels), len(truth)))
        assert crps_of_quantiles(truth, fan, levels).mean() / exact == pytest.approx(share, abs=2e-3)


def test_blocks_are_successive_origins_and_the_same_for_all() -> None:
    weights = block_weights(21, 10, 3)
    assert weights.shape == (1000, 21)
    assert (weights.sum(axis=1) == 21).all()
    assert (weights == block_weights(21, 10, 3)).all()
    assert (weights != block_weights(21, 10, 4)).any()
    # Of one draw of one block, the origins that count follow each other, the first after the last.
    for row in block_weights(8, 8, 0):
        assert (row == 1).all()
    for row in block_weights(9, 3, 0):
        joined = np.flatnonzero(np.diff(np.concatenate([row, row[:1]])))
        assert len(joined) <= 6


@pytest.mark.parametrize(("length", "inflation"), [(1, 1.0), (12, 3.0)])
def test_interval_of_the_bootstrap_widens_with_the_blocks_where_dates_err_together(length: int, inflation: float) -> None:
    """A mean of AR(1) values with coefficient .8 has 9 times the variance of independent ones; blocks of one miss it."""
    n = 400
    noise = np.random.default_rng(5).normal(size=n)
    values = np.zeros(n)
    for at in range(1, n):
        values[at] = 0.8 * values[at - 1] + 0.6 * noise[at]
    low, high = ratio_interval(values + 10, np.ones(n), block_weights(n, length, 0))
    alone = 2 * 1.645 * values.std() / np.sqrt(n)
    assert (high - low) / alone == pytest.approx(inflation, rel=0.25)


@pytest.mark.parametrize("horizon", [1, 4])
def test_diebold_mariano_is_that_of_a_regression_on_a_constant(horizon: int) -> None:
    """OLS on a constant, HAC with horizon - 1 lags in full; times the factor of Harvey, Leybourne and Newbold."""
    n = 60
    difference = np.convolve(RNG.normal(size=n + 3), [1, 0.8, 0.6, 0.4], "valid") + 0.3
    own = diebold_mariano(difference, horizon)
    lags = {"maxlags": horizon - 1, "kernel": "uniform", "use_correction": False}
    other = sm.OLS(difference, np.ones(n)).fit(cov_type="HAC", cov_kwds=lags)
    factor = np.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
    assert own.kernel == "rectangular"
    assert own.statistic == pytest.approx(factor * other.tvalues[0])
    from scipy.stats import t

    assert own.p == pytest.approx(2 * t.sf(abs(own.statistic), n - 1))


def test_diebold_mariano_where_the_rectangular_variance_is_too_small() -> None:
    difference = np.tile([1.0, -0.9], 10)
    own = diebold_mariano(difference, 2)
    lags = {"maxlags": 1, "use_correction": False}
    other = sm.OLS(difference, np.ones(20)).fit(cov_type="HAC", cov_kwds=lags)
    factor = np.sqrt((20 + 1 - 4 + 2 / 20) / 20)
    assert own.kernel == "bartlett"
    assert own.statistic == pytest.approx(factor * other.tvalues[0])


@pytest.mark.parametrize(("n", "horizon", "dm", "cosine"), [(30, 1, 0.056, 0.051), (29, 2, 0.06, 0.052), (21, 10, 0.179, 0.089)])
def test_levels_are_those_that_are_told(n: int, horizon: int, dm: float, cosine: float) -> None:
    """Shares of tests that stand at 5 % without a difference, where errors overlap as much as they can."""
    rng = np.random.default_rng(1)
    draws = [np.convolve(rng.normal(size=n + horizon - 1), np.ones(horizon), "valid") for _ in range(1500)]
    assert np.mean([diebold_mariano(each, horizon).p < 0.05 for each in draws]) == pytest.approx(dm, abs=0.025)
    assert np.mean([cosine_test(each, horizon) < 0.05 for each in draws]) == pytest.approx(cosine, abs=0.025)


def test_cosine_test_is_students_where_the_dates_are_independent() -> None:
    """Many cosines carry all of the variance: with white noise the p is near that of the plain test."""
    difference = RNG.normal(size=4000) + 0.04
    assert cosine_test(difference, 1) == pytest.approx(ttest_1samp(difference, 0).pvalue, abs=0.02)


def test_no_test_without_a_difference_or_with_few_dates() -> None:
    assert np.isnan(diebold_mariano(np.zeros(20), 1).p)
    assert np.isnan(diebold_mariano(np.full(20, 0.1), 1).p)
    assert np.isnan(cosine_test(np.full(20, 0.1), 1))
    assert np.isnan(diebold_mariano(RNG.normal(size=7), 4).p)


def test_best_simple_model_is_that_of_the_past() -> None:
    models = ["persistence", "ses", "theta", "gru", "auto"]
    test = np.array([5.0, 3.0, 2.0, 1.0, 1.0])
    past = {"ses": {"1": 0.3, "2": 0.1}, "theta": {"1": 0.2, "2": 0.3}, "gru": {"1": 0.9, "2": 0.9}}
    assert best_simple(models, 1, past, test) == ("ses", "past")
    assert best_simple(models, 2, past, test) == ("theta", "past")
    assert best_simple(models, 0, past, test) == ("theta", "past")
    assert best_simple(models, 1, None, test) == ("theta", "test")
    assert best_simple(["persistence", "gru"], 1, None, test[[0, 3]]) == (None, "")


def test_table_of_tests_holds_every_pair_once_and_controls_the_false_discoveries() -> None:
    models = ["persistence", "ses", "theta"]
    absolute = RNG.uniform(1, 2, (3, 25, 2)) * np.array([3.0, 2.9, 2.0])[:, None, None] * 10
    table = significance_table(absolute, np.full((25, 2), 10.0), models, [1, 2], None)
    pairs = list(zip(table["model"], table["against"], table["horizon"], strict=True))
    both = [(model, "persistence", step) for model in ("ses", "theta") for step in (1, 2, 0)]
    assert pairs == [*both, *(("ses", "theta", step) for step in (1, 2, 0))]
    assert set(table["chosen_on"][6:]) == {"test"}
    assert table["p_bh"].to_numpy() == pytest.approx(false_discovery_control(np.maximum(table["p"], table["p_cosine"])))
    better = table[(table["model"] == "theta") & (table["horizon"] == 1)].iloc[0]
    assert better["dm"] < 0
    assert better["difference"] == pytest.approx((absolute[2] - absolute[0])[:, 0].mean() / 10)


def test_rank_correlation_is_spearmans() -> None:
    sd = np.exp(RNG.normal(1, 0.4, 5000))
    error = sd * RNG.normal(size=5000)
    first, second = spread_bin(sd), error_bin(np.abs(error))
    counts = np.bincount(first * ERRORS + second, minlength=SPREADS * ERRORS).reshape(SPREADS, ERRORS)
    assert rank_correlation(counts) == pytest.approx(spearmanr(first, second).statistic, abs=1e-12)
    assert rank_correlation(counts) == pytest.approx(spearmanr(sd, np.abs(error)).statistic, abs=0.005)
    assert np.isnan(rank_correlation(counts * (np.arange(SPREADS) == first[0])[:, None]))


def make_noise(sd: float, n: int = 200, points: int = 300, step: int = 6) -> tuple[np.ndarray, np.ndarray]:
    days = np.cumsum(np.random.default_rng(0).choice([step, 2 * step], n, p=[0.8, 0.2])).astype(float)
    rng = np.random.default_rng(1)
    walk = np.cumsum(rng.normal(size=(n, points)) * 0.1 * np.sqrt(np.gradient(days))[:, None], axis=0)
    years = days[:, None] / 365.25
    return walk - 20 * years + 5 * np.sin(2 * np.pi * years) + sd * rng.normal(size=(n, points)), days


def test_noise_of_one_date_is_what_was_put_in() -> None:
    values, days = make_noise(3.6)
    found = date_noise(values, np.zeros(values.shape, int), days)
    assert np.sqrt(found.variance.mean()) == pytest.approx(3.6, rel=0.02)
    assert np.sqrt(found.absolute.mean()) == pytest.approx(np.sqrt(2 / np.pi) * 3.6, rel=0.02)


def test_floor_follows_the_mean_absolute_noise_of_wild_dates_and_not_their_sd() -> None:
    values, days = make_noise(3.6)
    wild = np.random.default_rng(5).random(values.shape) < 0.02
    found = date_noise(values + 30 * wild, np.zeros(values.shape, int), days)
    truth = (1 - 0.02) * np.sqrt(2 / np.pi) * 3.6 + 0.02 * 30
    assert np.sqrt(found.variance.mean()) == pytest.approx(np.sqrt(3.6**2 + 0.02 * 0.98 * 900), rel=0.03)
    assert np.sqrt(found.absolute.mean()) == pytest.approx(truth, rel=0.08)
    assert np.sqrt(2 / np.pi * found.variance.mean()) > 1.25 * truth


def test_noise_does_not_see_joins_and_gaps_and_is_nothing_in_a_smooth_series() -> None:
    values, days = make_noise(3.6)
    breaks = np.zeros(values.shape, bool)
    breaks[70] = breaks[120] = True
    torn = values + 50 * segments(breaks)
    torn[20:40, :100] = np.nan
    assert np.sqrt(date_noise(torn, segments(breaks), days).variance.mean()) == pytest.approx(3.6, rel=0.05)
    smooth, days = make_noise(0.0)
    assert abs(date_noise(smooth, np.zeros(smooth.shape, int), days).variance.mean()) < 0.05
    assert np.isnan(date_noise(values[:6], np.zeros((6, values.shape[1]), int), days[:6]).variance).all()


def test_detrended_series_are_residuals_of_least_squares_with_and_without_gaps() -> None:
    values, days = make_noise(1.0, n=120, points=4)
    years, whole = days / 365.25, np.zeros(values.shape, int)
    design = np.stack([np.ones(120), years, np.cos(2 * np.pi * years), np.sin(2 * np.pi * years)], axis=1)
    assert detrend(values, whole, days) == pytest.approx(values - design @ np.linalg.lstsq(design, values)[0], abs=1e-8)
    values[5:30, 2] = np.nan
    whole[60:, 3] = 1
    steps = np.concatenate([design, 1.0 * (np.arange(120) >= 60)[:, None]], axis=1)
    found = detrend(values, whole, days)
    for point, columns in ((1, design), (2, design), (3, steps)):
        keep = np.isfinite(values[:, point])
        expected = values[keep, point] - columns[keep] @ np.linalg.lstsq(columns[keep], values[keep, point])[0]
        assert found[keep, point] == pytest.approx(expected, abs=1e-6)
        assert np.isnan(found[~keep, point]).all()


def test_floor_is_the_mean_absolute_value_of_the_noise() -> None:
    noise = DateNoise(np.array([4.0, 16.0, np.nan]), np.array([2.25, 9.0, np.nan]))
    record = describe_noise(noise, np.array([[3, 1, 9], [0, 0, 5]]), [1, 2], {1: 4.0})
    assert record["noise_mm"] == pytest.approx(np.sqrt(10))
    assert record["floor_mae_mm"][1] == pytest.approx((3 * 1.5 + 3) / 4)
    assert record["skill_at_most"][1] == pytest.approx(1 - record["floor_mae_mm"][1] / 4)
    assert np.isnan(record["floor_mae_mm"][2])
    assert "3.2 mm" in record["sentence"]
    assert "noise that lasts" not in describe_noise(noise, np.array([[3, 1, 9]]), [1], {1: 3.0})["sentence"]
    assert "noise that lasts" in describe_noise(noise, np.array([[3, 1, 9]]), [1], {1: 9.0})["sentence"]
    nothing = DateNoise(np.array([np.nan]), np.array([np.nan]))
    assert "too short" in describe_noise(nothing, np.array([[1]]), [1], {})["sentence"]


def test_past_is_a_slope_and_steps_that_cross_no_join() -> None:
    days = 12.0 * np.arange(30)
    line = -36.525 / 365.25 * days
    breaks = np.zeros((30, 3), bool)
    breaks[15, 1] = True
    values = np.stack([line, line + 100 * (days >= 180), line], axis=1)
    values[2:, 2] = np.nan
    past = look_back(values, segments(breaks), days)
    assert past.velocity[:2] == pytest.approx([-36.525, -36.525])
    assert past.scale == pytest.approx([1.2, 1.2, 1.2])
    assert past.noise[:2] == pytest.approx([0, 0], abs=1e-9)
    assert np.isnan(past.velocity[2])


def test_noise_classes_are_terciles() -> None:
    assert noise_class(np.array([3.0, 1.0, 2.0, np.nan, 6.0, 5.0, 4.0])).tolist() == [1, 0, 0, -1, 2, 2, 1]
    assert noise_class(np.array([np.nan])).tolist() == [-1]
