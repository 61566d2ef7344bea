"""The numbers of the simple models, against formulas and fits that are not their own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from insarcast.core import InsarcastError, Split
from insarcast.models import TrainingData, make_model

START = np.datetime64("2018-01-06", "D")


def data_of(values: np.ndarray, days: np.ndarray, observed: np.ndarray | None = None) -> TrainingData:
    """Points from an array (time, point); ``days`` may run beyond it."""
    flags = np.ones(values.shape, bool) if observed is None else observed
    calendar = START + days.astype(int)
    return TrainingData(values.astype(float), flags, calendar[: len(values)], calendar)


def run(name: str, data: TrainingData, horizons=(1,), quantiles=(0.05, 0.5, 0.95), **settings):
    origin = data.time[-1]
    model = make_model(name, **settings).fit(data, Split(origin, (origin,), tuple(horizons)))
    return model.predict(data, [origin], horizons, quantiles).increment.values[0]


def test_a_straight_line_goes_on() -> None:
    days = np.array([0, 12, 36, 42, 60, 61, 90, 102, 140])
    rates = np.array([-0.8, 0.0, 0.3])
    data = data_of(days[:6, None] * rates, days)
    for name in ("drift", "linear"):
        forecast = run(name, data, (1, 2, 3))
        expected = rates * (days[6:] - 61)[:, None]
        np.testing.assert_allclose(forecast, np.repeat(expected[:, None], 3, axis=1), atol=1e-4, err_msg=name)
    assert (run("persistence", data, (1, 2, 3))[:, 1] == 0).all()


def test_persistence_by_hand() -> None:
    """Steps 3, -4 in 12 days each: s2 = (9 + 16) / 12 / 2 per day; over 24 days the scale is sqrt(25) = 5, t with 2 degrees."""
    data = data_of(np.array([[0.0], [3.0], [-1.0]]), 12 * np.arange(5))
    forecast = run("persistence", data, (1, 2))[..., 0]
    assert forecast[:, 1].tolist() == [0.0, 0.0]
    np.testing.assert_allclose(forecast[1, 2], 5 * stats.t.ppf(0.95, 2), rtol=1e-12)
    np.testing.assert_allclose(forecast[0, 2], 5 / np.sqrt(2) * stats.t.ppf(0.95, 2), rtol=1e-12)


def test_drift_is_the_textbooks_on_equal_steps() -> None:
    """Hyndman & Athanasopoulos 5.5: residual sd about the drift, times sqrt(h (1 + h / (T - 1)))."""
    values = np.random.default_rng(0).normal(-3, 2, (11, 5)).cumsum(axis=0)
    data = data_of(values, 12 * np.arange(15))
    forecast = run("drift", data, (1, 4))
    steps = np.diff(values, axis=0)
    spread = steps.std(axis=0, ddof=1)
    for at, h in enumerate((1, 4)):
        np.testing.assert_allclose(forecast[at, 1], h * steps.mean(axis=0), rtol=1e-12)
        width = spread * np.sqrt(h * (1 + h / 10)) * stats.t.ppf(0.95, 9)
        np.testing.assert_allclose(forecast[at, 2] - forecast[at, 1], width, rtol=1e-10)


def test_drift_leaves_bridged_steps_out() -> None:
    values = np.array([[0.0], [-6.0], [94.0], [88.0], [76.0]])
    observed = np.array([[True], [True], [False], [True], [True]])
    data = data_of(values, np.array([0, 12, 24, 36, 60, 72]), observed)
    assert run("drift", data)[0, 1, 0] == pytest.approx(-24 / 48 * 12)
    assert run("persistence", data)[0, 2, 0] == pytest.approx(
        np.sqrt((36 / 12 + 36 / 12 + 144 / 24) / 3 * 12) * stats.t.ppf(0.95, 3)
    )


def test_drift_steps_over_a_missing_date() -> None:
    values = np.array([[0.0], [np.nan], [-12.0], [-18.0]])
    assert run("drift", data_of(values, 12 * np.arange(5)))[0, 1, 0] == pytest.approx(-6.0)


def test_linear_is_ordinary_least_squares() -> None:
    """Against scipy's regression and the textbook's prediction interval."""
    days = np.array([0, 12, 36, 42, 60, 61, 90, 102, 140, 150])
    values = np.random.default_rng(1).normal(0, 4, (9, 6)) - 0.5 * days[:9, None]
    forecast = run("linear", data_of(values, days))
    for point in range(6):
        x, y = days[:9].astype(float), values[:, point]
        fit = stats.linregress(x, y)
        centre = fit.intercept + fit.slope * 150 - y[-1]
        s = np.sqrt(((y - fit.intercept - fit.slope * x) ** 2).sum() / 7)
        half = s * np.sqrt(1 + 1 / 9 + (150 - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum()) * stats.t.ppf(0.95, 7)
        np.testing.assert_allclose(forecast[0, :, point], [centre - half, centre, centre + half], rtol=1e-9)


def test_linear_gives_each_run_its_own_intercept() -> None:
    """Against a design matrix with one column per run between bridged steps."""
    days = np.array([0, 12, 24, 40, 52, 64, 76, 90, 102])
    values = np.random.default_rng(2).normal(0, 4, (8, 1)) - 0.5 * days[:8, None]
    observed = np.ones((8, 1), bool)
    observed[[3, 6]] = False
    values[4] = np.nan
    forecast = run("linear", data_of(values, days, observed))[0, :, 0]
    here = np.isfinite(values[:, 0])
    group = np.array([0, 0, 0, 1, 1, 1, 2, 2])[here]
    design = np.column_stack([days[:8][here], *(group == g for g in range(3))]).astype(float)
    y = values[here, 0]
    beta, *_ = np.linalg.lstsq(design, y, rcond=None)
    ahead = np.array([102.0, 0, 0, 1])
    freedom = len(y) - 4
    s2 = ((y - design @ beta) ** 2).sum() / freedom
    half = np.sqrt(s2 * (1 + ahead @ np.linalg.inv(design.T @ design) @ ahead)) * stats.t.ppf(0.95, freedom)
    centre = ahead @ beta - values[-1, 0]
    np.testing.assert_allclose(forecast, [centre - half, centre, centre + half], rtol=1e-8)


def test_trend_is_ordinary_least_squares_of_the_last_dates() -> None:
    """Against numpy's line through the last five of nine irregular dates; what lies before them changes no bit."""
    days = np.cumsum([0, 12, 12, 24, 12, 6, 12, 12, 36, 12, 12])
    values = np.random.default_rng(3).normal(0, 5, (9, 4)) - 0.4 * days[:9, None]
    forecast = run("trend", data_of(values, days), (1, 2), dates=5)
    x = days[4:9] - days[8]
    slope, level = np.polyfit(x, values[4:], 1)
    expected = level + slope * np.array([12.0, 24.0])[:, None] - values[-1]
    np.testing.assert_allclose(forecast[:, 1], expected, rtol=1e-9)
    values[:4] += 1000
    assert run("trend", data_of(values, days), (1, 2), dates=5).tobytes() == forecast.tobytes()
    with pytest.raises(InsarcastError, match="at least 3 dates"):
        make_model("trend", dates=2)


def test_window_mean_by_hand() -> None:
    values = np.array([[0.0], [4.0], [2.0], [3.0], [6.0]])
    forecast = run("window_mean", data_of(values, 12 * np.arange(7)), (1, 2), window=2)[..., 0]
    assert forecast[:, 1] == pytest.approx([-1.5, -1.5])
    residuals = np.array([2.0 - 2.0, 3.0 - 3.0, 6.0 - 2.5])
    half = np.sqrt((residuals**2).mean()) * stats.t.ppf(0.95, 3)
    assert forecast[:, 2] == pytest.approx([half - 1.5] * 2)


def test_window_mean_starts_anew_after_a_bridge() -> None:
    values = np.array([[0.0], [4.0], [100.0], [102.0]])
    observed = np.array([[True], [True], [False], [True]])
    assert run("window_mean", data_of(values, 12 * np.arange(5), observed), window=3)[0, 1, 0] == pytest.approx(-1.0)


def test_too_short_a_past_has_a_median_and_no_interval() -> None:
    data = data_of(np.array([[0.0], [-6.0]]), 12 * np.arange(3))
    for name, median in (("drift", -6.0), ("linear", -6.0), ("window_mean", 3.0)):
        forecast = run(name, data)[0, :, 0]
        assert forecast[1] == pytest.approx(median), name
        assert np.isnan(forecast[[0, 2]]).all(), name


@pytest.mark.parametrize(("name", "walk", "rate"), [("persistence", True, 0.0), ("drift", True, -0.5), ("linear", False, -0.5)])
def test_intervals_cover_where_the_model_is_true(name: str, walk: bool, rate: float) -> None:
    """20,000 series of 8 irregular dates: the share inside the 90 % interval is 90 % (its sd is 0.2 %)."""
    days = np.array([0, 12, 36, 42, 60, 66, 90, 102, 140])
    rng = np.random.default_rng(3)
    noise = rng.standard_normal((9, 20000))
    values = (np.sqrt(np.diff(days, prepend=0))[:, None] * noise).cumsum(axis=0) if walk else 3 * noise
    values += rate * days[:, None]
    low, _, high = run(name, data_of(values[:8], days))[0]
    truth = values[8] - values[7]
    assert ((low <= truth) & (truth <= high)).mean() == pytest.approx(0.9, abs=0.008)
