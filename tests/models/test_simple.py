"""Smoothing, lines, curves and regression: hand values, pandas, statsmodels and numpy as oracles."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from insarcast.core import InsarcastError, Split
from insarcast.models import TrainingData, make_model

START = np.datetime64("2015-01-06", "D")
YEAR = 365.25
IRREGULAR = np.cumsum([0, 12, 12, 24, 12, 6, 12, 12, 36, 12, 6, 6, 12, 18, 12, 24, 12, 12, 12, 6, 12])


def data_of(
    values: np.ndarray, days: np.ndarray, observed: np.ndarray | None = None, jump: np.ndarray | None = None
) -> TrainingData:
    """Points from an array (time, point); ``days`` may run beyond it."""
    flags = np.ones(values.shape, bool) if observed is None else observed
    calendar = START + np.asarray(days).astype(int)
    return TrainingData(values.astype(float), flags, calendar[: len(values)], calendar, jump=jump)


def run(name: str, data: TrainingData, horizons=(1,), quantiles=(0.05, 0.5, 0.95), **settings):
    origin = data.time[-1]
    model = make_model(name, **settings).fit(data, Split(origin, (origin,), tuple(horizons)))
    return model.predict(data, [origin], horizons, quantiles).increment.values[0]


def walks(count: int = 6, dates: int = 60, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, (dates, count)).cumsum(axis=0) + rng.normal(0, 2, (dates, count))


def break_at(shape: tuple[int, int], index: int) -> np.ndarray:
    flags = np.zeros(shape, bool)
    flags[index] = True
    return flags


def test_ses_by_hand() -> None:
    """alpha 1/2: the past weighs 1/8, 1/4, 1/2, 1; the errors are 2, 11 - 34/3 and 15 - 78/7."""
    values = np.array([[10.0], [12.0], [11.0], [15.0]])
    forecast = run("ses", data_of(values, 12 * np.arange(7)), (1, 2), alpha=0.5)[..., 0]
    level = (10 / 8 + 12 / 4 + 11 / 2 + 15) / (15 / 8)
    assert forecast[:, 1] == pytest.approx([level - 15] * 2)
    s2 = (2**2 + (11 - 34 / 3) ** 2 + (15 - 78 / 7) ** 2) / 3
    for at, h in enumerate((1, 2)):
        growth = 0.5 * (1 + 8 / 15) + h * 0.25
        assert forecast[at, 2] - forecast[at, 1] == pytest.approx(np.sqrt(s2 * growth) * stats.t.ppf(0.95, 3))


@pytest.mark.parametrize("alpha", [0.1, 0.3, 0.9])
def test_ses_is_pandas_mean_that_forgets(alpha: float) -> None:
    values = walks()
    values[[3, 10, 11, 40], [0, 0, 0, 1]] = np.nan
    forecast = run("ses", data_of(values, 12 * np.arange(61)), alpha=alpha)
    level = pd.DataFrame(values).ewm(alpha=alpha, adjust=True, ignore_na=True).mean()
    np.testing.assert_allclose(forecast[0, 1], level.values[-1] - values[-1], atol=1e-10)
    errors = values[1:] - level.values[:-1]
    count = np.isfinite(errors).sum(axis=0)
    half = np.sqrt(np.nanmean(errors**2, axis=0)) * stats.t.ppf(0.95, count)
    np.testing.assert_allclose(forecast[0, 2] - forecast[0, 1], half, rtol=1e-3)  # of a long series: W is 1 / alpha all but


def test_ses_of_a_long_series_is_statsmodels() -> None:
    from statsmodels.tsa.holtwinters import SimpleExpSmoothing

    values = walks(3, 300)
    data = data_of(values, 6 * np.arange(310))
    forecast = run("ses", data, (1, 5, 10), alpha=0.25)
    for point in range(3):
        fit = SimpleExpSmoothing(values[:, point], initialization_method="known", initial_level=values[0, point])
        expected = fit.fit(smoothing_level=0.25, optimized=False).forecast(10)[[0, 4, 9]] - values[-1, point]
        np.testing.assert_allclose(forecast[:, 1, point], expected, atol=1e-9)
    width = forecast[:, 2] - forecast[:, 1]
    growth = np.sqrt([1, 1 + 4 * 0.25**2, 1 + 9 * 0.25**2])
    np.testing.assert_allclose(width / width[0], np.broadcast_to(growth[:, None], width.shape), rtol=1e-9)


def test_the_common_alpha_is_the_one_that_made_the_series() -> None:
    rng = np.random.default_rng(0)
    error = rng.normal(0, rng.uniform(0.5, 5, 300), (120, 300))
    level = np.zeros((121, 300))
    for at in range(120):
        level[at + 1] = level[at] + 0.3 * error[at]
    data = data_of(level[:-1] + error, 12 * np.arange(121))
    model = make_model("ses").fit(data, Split(data.time[-1], (data.time[-1],), (1,)))
    assert float(model.learnt["alpha"][0]) == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("name", ["ses", "theta"])
def test_an_alpha_of_each_points_own_is_the_least_squares_one(name: str) -> None:
    """Against scipy's search for the smallest errors of the same recursion, written with pandas."""
    values = walks(8, 80, 3) + 0.3 * np.arange(80)[:, None]
    data = data_of(values, np.arange(0, 12 * 81, 12))
    days = pd.Series(data.days)
    for point in range(8):
        y = pd.Series(values[:, point])
        slope = np.polyfit(days, y, 1)[0] / 2 if name == "theta" else 0.0

        def squares(alpha: float, y: pd.Series = y, slope: float = slope) -> float:
            means = [each.ewm(alpha=alpha).mean() for each in (y, days)]
            errors = [each[1:].values - mean[:-1].values for each, mean in zip((y, days), means, strict=True)]
            return float(((errors[0] - slope * errors[1]) ** 2).sum())

        best = optimize.minimize_scalar(squares, bounds=(0.011, 0.95), method="bounded").x
        end = [each.ewm(alpha=best).mean().iloc[-1] for each in (y, days)]
        expected = end[0] + slope * (days.iloc[-1] + 12 - end[1]) - y.iloc[-1]
        assert run(name, data.take(np.array([point])), alpha="own")[0, 1, 0] == pytest.approx(expected, abs=0.03 * y.diff().std())


def test_a_join_widens_what_is_known_of_the_level() -> None:
    """Weights before the join 1/2 and 1 make W = 3/2; with j = 2 it falls to 3/8, and to 3/16 + 1 on the next date."""
    values = np.array([[0.0], [3.0], [9.0]])
    data = data_of(values, 12 * np.arange(4), jump=break_at((3, 1), 2))
    forecast = run("ses", data, alpha=0.5, join=2.0)[0, :, 0]
    level = 2 + (9 - 2) / (3 / 16 + 1)
    assert forecast[1] == pytest.approx(level - 9)
    growth = 0.5 * (1 + 16 / 19) + 0.25
    assert forecast[2] - forecast[1] == pytest.approx(np.sqrt(9 * growth) * stats.t.ppf(0.95, 1)), (
        "the step at the join is no error"
    )


@pytest.mark.parametrize("name", ["ses", "theta"])
def test_a_join_between_no_step_and_an_unknown_one(name: str) -> None:
    values = walks(5, 30)
    jump = break_at(values.shape, 20)
    data = data_of(values, 12 * np.arange(31), jump=jump)
    none = run(name, replace(data, jump=None), alpha=0.3)
    bridged = run(name, replace(data, jump=None, observed=~jump), alpha=0.3)
    if name == "ses":
        np.testing.assert_allclose(run(name, data, alpha=0.3, join=0.0), none, rtol=1e-12)
    np.testing.assert_allclose(run(name, data, alpha=0.3, join=1e12), bridged, rtol=1e-9)
    assert np.abs(run(name, data, alpha=0.3) - bridged).max() > 1e-3
    assert np.abs(none - bridged).max() > 1e-3


def test_points_with_other_dates_beside_them_get_the_same() -> None:
    """One pattern of dates for all takes another way through the recursions."""
    values = walks(5, 40)
    holes = values.copy()
    holes[[4, 20], [3, 4]] = np.nan
    for name, settings in (("ses", {"alpha": 0.2}), ("theta", {"alpha": 0.2}), ("linear", {}), ("consolidation", {})):
        alike, mixed = (run(name, data_of(each, 12 * np.arange(41)), **settings) for each in (values, holes))
        np.testing.assert_allclose(mixed[..., :3], alike[..., :3], rtol=1e-9, atol=1e-9, err_msg=name)
        assert np.abs(mixed[..., 3:] - alike[..., 3:]).min() > 1e-6, name


def test_theta_is_statsmodels_on_equal_steps() -> None:
    from statsmodels.tsa.forecasting.theta import ThetaModel

    values = walks(4, 200) - 0.2 * np.arange(200)[:, None]
    data = data_of(values, 12 * np.arange(211))
    for point in range(4):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = ThetaModel(pd.Series(values[:, point]), period=1, deseasonalize=False).fit()
        alpha = float(fit.params["alpha"])
        forecast = run("theta", data.take(np.array([point])), tuple(range(1, 11)), alpha=alpha)[:, 1, 0]
        assert alpha > 0.1, "or the starting levels would differ"
        np.testing.assert_allclose(forecast, fit.forecast(10, theta=2).values - values[-1, point], atol=1e-6)


def test_theta_is_the_mean_of_its_two_lines_on_irregular_dates() -> None:
    """The definition: the straight line, and the smoothed series with its distance from that line doubled."""
    values = walks(4, 20) + 0.1 * IRREGULAR[:20, None]
    forecast = run("theta", data_of(values, IRREGULAR), alpha=0.3)[0, 1]
    for point in range(4):
        slope, intercept = np.polyfit(IRREGULAR[:20], values[:, point], 1)
        line = intercept + slope * IRREGULAR
        bent = pd.Series(2 * values[:, point] - line[:20]).ewm(alpha=0.3).mean().iloc[-1]
        assert forecast[point] == pytest.approx((line[20] + bent) / 2 - values[-1, point])


def test_smoothing_covers_where_the_model_is_true() -> None:
    rng = np.random.default_rng(5)
    level = rng.normal(0, 0.8, (66, 4000)).cumsum(axis=0)
    values = level + rng.normal(0, 2, level.shape)
    data = data_of(values[:60], 12 * np.arange(66))
    forecast = run("ses", data, (1, 6))
    for at, step in enumerate((60, 65)):
        truth = values[step] - values[59]
        inside = (truth >= forecast[at, 0]) & (truth <= forecast[at, 2])
        assert inside.mean() == pytest.approx(0.9, abs=0.02)


def test_ses_refuses_what_is_no_alpha() -> None:
    for alpha in (0, 1.5, "best"):
        with pytest.raises(InsarcastError, match="'pooled', 'own' or a number"):
            make_model("ses", alpha=alpha)


def annual_days(count: int = 70) -> np.ndarray:
    return np.cumsum(np.random.default_rng(8).choice([6, 12, 12, 18, 24], count))


def test_linear_annual_is_ordinary_least_squares() -> None:
    """Against statsmodels' OLS with a column per run, its prediction interval included."""
    import statsmodels.api as sm

    days = annual_days()
    turn = 2 * np.pi * (days - days[0]) / YEAR
    rng = np.random.default_rng(1)
    values = rng.normal(0, 2, (69, 3)) - 0.03 * days[:69, None] + 5 * np.cos(turn[:69, None] - 1)
    observed, jump = ~break_at(values.shape, 22), break_at(values.shape, 50)
    values[22:] += 30
    values[[7, 40], 1] = np.nan
    forecast = run("linear_annual", data_of(values, days, observed, jump))
    group = np.digitize(np.arange(70), [22, 50])
    design = np.column_stack([days, np.cos(turn), np.sin(turn), *(group == g for g in range(3))]).astype(float)
    for point in range(3):
        fit = sm.OLS(values[:, point], design[:69], missing="drop").fit()
        ahead = fit.get_prediction(design[69:]).summary_frame(alpha=0.1)
        expected = ahead[["obs_ci_lower", "mean", "obs_ci_upper"]].values[0] - values[-1, point]
        np.testing.assert_allclose(forecast[0, :, point], expected, rtol=1e-8)


def test_linear_annual_is_the_line_where_the_past_is_short() -> None:
    days = 12 * np.arange(60)
    values = walks(3, 59)
    short = data_of(values[:44], days[:45])  # 516 days
    assert run("linear_annual", short).tobytes() == run("linear", short).tobytes()
    long = data_of(values[:48], days[:49])  # 564 days
    assert np.abs(run("linear_annual", long) - run("linear", long)).min() > 1e-6
    sparse = np.full((59, 3), np.nan)
    sparse[::12] = values[::12]
    sparse[58] = values[58]
    data = data_of(sparse, days)
    assert run("linear_annual", data).tobytes() == run("linear", data).tobytes()


def test_last_velocity_by_hand() -> None:
    """Rates 1/2, 1/4, -1/3 mm a day; the last step's rate goes on; the changes 1/4 and 7/12 make its variance."""
    days = np.array([0, 12, 36, 42, 54, 60])
    values = np.array([[0.0], [6.0], [12.0], [10.0]])
    forecast = run("last_velocity", data_of(values, days), (1, 2))[..., 0]
    assert forecast[:, 1] == pytest.approx([-4.0, -6.0])
    w2 = ((1 / 4) ** 2 + (7 / 12) ** 2) / 2
    for at, spread in enumerate((12**2, 18**2 + 6**2)):
        assert forecast[at, 2] - forecast[at, 1] == pytest.approx(np.sqrt(w2 * spread) * stats.t.ppf(0.95, 2))


def test_last_velocity_takes_the_last_step_that_was_measured() -> None:
    values = np.array([[0.0], [6.0], [np.nan], [106.0]])
    observed = ~break_at(values.shape, 3)
    assert run("last_velocity", data_of(values, 12 * np.arange(5), observed))[0, 1, 0] == pytest.approx(6.0)


@pytest.mark.parametrize(
    ("curve", "shape"), [("exponential", lambda t, c: -np.expm1(-t / c)), ("hyperbolic", lambda t, c: t / (c + t))]
)
def test_consolidation_goes_on_along_its_curve(curve: str, shape) -> None:
    from insarcast.models.simple.consolidation import CONSTANTS

    days = IRREGULAR * 4
    values = 7 - 120 * shape(days[:20, None], CONSTANTS[[2, 5, 9]])
    values[12:] += 40  # over a join
    data = data_of(values, days, jump=break_at(values.shape, 12))
    expected = -120 * (shape(days[20], CONSTANTS[[2, 5, 9]]) - shape(days[19], CONSTANTS[[2, 5, 9]]))
    # The parabola between two constants is not quite the curve: a tenth of a millimetre in 120.
    np.testing.assert_allclose(run("consolidation", data, curve=curve)[0, 1], expected, atol=0.12)
    assert np.abs(run("linear", data)[0, 1] - expected).min() > 1


def test_consolidation_is_close_to_a_fit_of_all_three_parameters() -> None:
    days = annual_days(80).astype(float)
    rng = np.random.default_rng(0)
    values = (-80 * (1 - np.exp(-days / 400)))[:79, None] + rng.normal(0, 2, (79, 4))
    forecast = run("consolidation", data_of(values, days))[0, 1]
    for point in range(4):
        found, _ = optimize.curve_fit(lambda t, a, b, c: a + b * np.exp(-t / c), days[:79], values[:, point], p0=(-80, 80, 300))
        expected = found[0] + found[1] * np.exp(-days[79] / found[2]) - values[-1, point]
        assert forecast[point] == pytest.approx(expected, abs=0.25)


def test_consolidation_is_the_line_where_nothing_slows_down() -> None:
    days = 12 * np.arange(30)
    straight = data_of(np.outer(days[:29], [0.0, -0.5]), days)
    np.testing.assert_allclose(run("consolidation", straight)[0, 1], [0.0, -6.0], atol=1e-9)
    faster = data_of(-((days[:29, None] / 30.0) ** 2), days)
    np.testing.assert_allclose(run("consolidation", faster), run("linear", faster), rtol=1e-12)
    with pytest.raises(InsarcastError, match="exponential"):
        make_model("consolidation", curve="cubic")


def test_many_points_go_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    from insarcast.models.simple import annual, consolidation

    data = data_of(walks(7, 70), 12 * np.arange(73))
    whole = [run(name, data, (1, 3)) for name in ("linear_annual", "consolidation")]
    for module in (annual, consolidation):
        monkeypatch.setattr(module, "CHUNK", 3)
    for name, expected in zip(("linear_annual", "consolidation"), whole, strict=True):
        np.testing.assert_allclose(run(name, data, (1, 3)), expected, rtol=1e-12)


def test_mlr_finds_the_law_of_the_steps() -> None:
    """Steps that are half the last and a quarter of the one before go on so."""
    rng = np.random.default_rng(0)
    steps = np.concatenate([rng.normal(0, 3, (2, 20)), np.zeros((30, 20))])
    for at in range(2, 32):
        steps[at] = 0.5 * steps[at - 1] - 0.25 * steps[at - 2] + 0.1
    values = steps.cumsum(axis=0)
    data = data_of(values[:28], 12 * np.arange(32))
    np.testing.assert_allclose(run("mlr", data, (1, 4), window=3)[:, 1], values[[28, 31]] - values[27], atol=1e-6)


def test_mlr_is_weighted_least_squares() -> None:
    values = walks(30, 40) * np.random.default_rng(2).uniform(0.5, 3, 30)
    data = data_of(values, 12 * np.arange(43))
    forecast = run("mlr", data, (2,), window=4)[0]
    steps = np.diff(values, axis=0)
    common = (steps**2).mean()
    variance = ((steps**2).sum(axis=0) + 4 * common) / (39 + 4)
    rows, targets, weights = [], [], []
    for end in range(3, 38):
        rows.append(np.concatenate([np.ones((1, 30)), steps[end - 3 : end]]).T)
        targets.append(values[end + 2] - values[end])
        weights.append(1 / variance)
    x, y, w = np.concatenate(rows), np.concatenate(targets), np.sqrt(np.concatenate(weights))
    beta = np.linalg.lstsq(x * w[:, None], y * w, rcond=None)[0]
    centre = beta[0] + beta[1:] @ steps[-3:]
    np.testing.assert_allclose(forecast[1], centre, rtol=1e-8)
    ratio = (((y - x @ beta) * w) ** 2).mean()
    np.testing.assert_allclose(forecast[2] - centre, np.sqrt(ratio * variance) * stats.t.ppf(0.95, 39), rtol=1e-8)
    with pytest.raises(InsarcastError, match="at least 2 values"):
        make_model("mlr", window=1)


@pytest.mark.parametrize("name", ["ses", "theta", "linear", "linear_annual", "last_velocity", "consolidation", "mlr", "kalman"])
def test_an_unknown_step_at_a_join_is_not_taken_for_motion(name: str) -> None:
    """Ten metres at the join: whoever took them for motion would be far off half a year later."""
    rng = np.random.default_rng(4)
    values = rng.normal(0, 1, (80, 12))
    values[60:] += 1e4
    data = data_of(values, 12 * np.arange(82), jump=break_at(values.shape, 60))
    settings = {"join": 1e8} if name in ("ses", "theta", "kalman") else {}
    assert np.abs(run(name, data, (1, 2), **settings)[:, 1]).max() < 12
