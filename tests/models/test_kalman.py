"""The Kalman filter, against statsmodels on equal steps and against the same model written as one normal distribution."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from insarcast.core import InsarcastError, Split
from insarcast.models import TrainingData, make_model
from insarcast.models.filters.kalman import PRIOR, forecast
from insarcast.models.filters.state_space import Variances, find_patterns, run_filter

START = np.datetime64("2016-01-06", "D")
YEAR = 365.25
VALUES = {"level": 0.6, "bend": 0.4, "season": 0.05, "slope": 2.0, "swing": 0.7, "join": 1.7}
FIXED = Variances(*(np.array([VALUES[name]]) for name in Variances._fields))


def irregular(count: int) -> np.ndarray:
    return np.cumsum(np.random.default_rng(3).choice([6, 12, 12, 18, 36], count))


def data_of(values: np.ndarray, days: np.ndarray, **layers: np.ndarray) -> TrainingData:
    """Points from an array (time, point); ``days`` may run beyond it."""
    calendar = START + np.asarray(days).astype(int)
    observed = layers.pop("observed", np.ones(values.shape, bool))
    return TrainingData(values.astype(float), observed, calendar[: len(values)], calendar, **layers)


def run(data: TrainingData, horizons=(1,), train: int | None = None, **settings):
    """Quantiles (horizon, quantile, point) of 5, 50 and 95 % from the last date."""
    end = data.time[-1] if train is None else data.time[train]
    model = make_model("kalman", **settings).fit(data, Split(end, (data.time[-1],), tuple(horizons)))
    return model.predict(data, [data.time[-1]], horizons, (0.05, 0.5, 0.95)).increment.values[0]


def with_values(data: TrainingData, horizons: tuple[int, ...], noise: float = 1.0):
    """As :func:`run`, with the variances of this module instead of learnt ones."""
    end = data.time[-1]
    model = make_model("kalman").fit(data, Split(end, (end,), horizons))
    model.learnt = {"own": np.array([part[0] for part in FIXED]), "own_noise": np.array([noise])}
    return model.predict(data, [end], horizons, (0.05, 0.5, 0.95)).increment.values[0]


def simulate(count: int, days: np.ndarray, seed: int = 0, noise: float = 2.0, **changed: float) -> np.ndarray:
    """Series of the model itself, (time, point) mm."""
    rng = np.random.default_rng(seed)
    values = VALUES | changed
    covariance = kernel(days - days[0], values)
    root = np.linalg.cholesky(covariance + 1e-9 * np.eye(len(days)))
    return noise * (root @ rng.normal(size=(len(days), count)) + rng.normal(size=(len(days), count)))


def kernel(days: np.ndarray, values: dict[str, float], joined: np.ndarray | None = None) -> np.ndarray:
    """Covariance between dates of level (from 0), slope, swing and join, by their closed forms."""
    t = days / YEAR
    low, high = np.minimum.outer(t, t), np.maximum.outer(t, t)
    turn = np.cos(2 * np.pi * np.subtract.outer(t, t))
    out = values["level"] * low + values["bend"] * low**2 * (3 * high - low) / 6 + values["slope"] * np.outer(t, t)
    out += (values["swing"] + values["season"] * low) * turn
    if joined is not None:
        after = np.cumsum(joined)
        out += values["join"] * np.minimum.outer(after, after)
    return out


def test_against_one_normal_distribution() -> None:
    """Irregular dates, gaps, a bridged step, a join, and dates of unlike noise: kriging with an unknown offset for each run."""
    days = irregular(54)
    shape = (50, 4)
    rng = np.random.default_rng(1)
    values = simulate(4, days[:50], 5)
    values[[5, 17, 18], [0, 1, 1]] = np.nan
    values[0:3, 2] = np.nan
    observed, jump = np.ones(shape, bool), np.zeros(shape, bool)
    observed[20, 1:] = False
    jump[35, ::2] = True
    sigma = rng.uniform(1, 3, shape)
    for layers in ({}, {"sigma": sigma}):
        data = data_of(values, days, observed=observed, jump=jump, **layers)
        patterns = find_patterns(data)
        assert patterns.here.shape[1] == 4
        end = run_filter(data, FIXED, patterns)
        lead = (days[50:] - days[49]).astype(float)
        centre, spread = forecast(end, data, FIXED, lead)
        for point in range(4):
            here = np.isfinite(values[:, point])
            index = np.append(np.flatnonzero(here), np.arange(50, 54))
            crossed = np.append(jump[:, point], np.zeros(4, bool))
            covariance = kernel(days - days[0], VALUES, crossed)[np.ix_(index, index)]
            square = sigma[here, point] ** 2
            noise = square / square.mean() if layers else np.ones(here.sum())
            covariance += np.diag(np.append(noise, np.ones(4)))
            run_of = np.cumsum(np.append(~observed[:, point], np.zeros(4, bool)))[index]
            design = np.equal.outer(run_of, np.unique(run_of)).astype(float)
            n = here.sum()
            known, cross, ahead = covariance[:n, :n], covariance[n:, :n], covariance[n:, n:]
            y = values[here, point]
            inverse = np.linalg.inv(known)
            gls = np.linalg.inv(design[:n].T @ inverse @ design[:n])
            beta = gls @ design[:n].T @ inverse @ y
            rest = y - design[:n] @ beta
            missing = design[n:] - cross @ inverse @ design[:n]
            np.testing.assert_allclose(centre[:, point], design[n:] @ beta + cross @ inverse @ rest, rtol=1e-7)
            variance = np.diag(ahead - cross @ inverse @ cross.T + missing @ gls @ missing.T)
            np.testing.assert_allclose(spread[:, patterns.of[point]], variance, rtol=1e-7)
            np.testing.assert_allclose(end.energy[0, point], rest @ inverse @ rest, rtol=1e-7)
            free = design[:n].T @ inverse @ design[:n]
            logdet = np.linalg.slogdet(known)[1] + np.linalg.slogdet(free)[1]
            np.testing.assert_allclose(end.logdet[0, patterns.of[point]], logdet - np.log(1.0), atol=1e-6)
            assert end.n[patterns.of[point]] == n - design.shape[1]


def test_against_statsmodels_on_equal_steps() -> None:
    """Level and slope of every date, and forecasts, of UnobservedComponents with a line, a wandering level and a yearly swing."""
    import statsmodels.api as sm
    from statsmodels.tsa.statespace.initialization import Initialization

    days = 12 * np.arange(71)
    step = 12 / YEAR
    values = simulate(2, days[:60], 2, bend=0.0)
    variances = FIXED._replace(bend=np.zeros(1))
    data = data_of(values, days)
    for point in range(2):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = sm.tsa.UnobservedComponents(
                values[:, point],
                "lltrend",
                freq_seasonal=[{"period": YEAR / 12, "harmonics": 1}],
                stochastic_freq_seasonal=[True],
            )
        start = Initialization(4)
        start.set(0, "diffuse")
        for at, variance in ((1, VALUES["slope"] * step**2), (2, VALUES["swing"]), (3, VALUES["swing"])):
            start.set(at, "known", constant=[0], stationary_cov=[[variance]])
        model.ssm.initialization = start
        assert model.param_names == ["sigma2.irregular", "sigma2.level", "sigma2.trend", f"sigma2.freq_seasonal_{YEAR / 12}(1)"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = model.smooth([1.0, VALUES["level"] * step, 0.0, VALUES["season"] * step])
        for stop in (5, 31, 60):
            state = run_filter(data.between(0, stop), variances, find_patterns(data.between(0, stop))).state[:, 0, point]
            found = fit.filtered_state[:2, stop - 1]
            np.testing.assert_allclose([state[0], state[1] * step], found, rtol=1e-6, atol=1e-6)
        end = run_filter(data, variances, find_patterns(data))
        centre, spread = forecast(end, data, variances, 12.0 * np.arange(1, 11))
        ahead = fit.get_forecast(10)
        np.testing.assert_allclose(centre[:, point], ahead.predicted_mean, atol=1e-6)
        np.testing.assert_allclose(spread[:, 0], ahead.var_pred_mean, rtol=1e-6)


def test_the_law_is_students_around_the_forecast() -> None:
    days = irregular(42)
    data = data_of(simulate(5, days[:40]), days)
    found = with_values(data, (1, 2), noise=3.0)
    end = run_filter(data, FIXED, find_patterns(data))
    centre, spread = forecast(end, data, FIXED, (days[40:] - days[39]).astype(float))
    np.testing.assert_allclose(found[:, 1], centre - data.displacement[-1], rtol=1e-12)
    scale = np.sqrt((PRIOR * 3.0 + end.energy[0]) / (PRIOR + 39) * spread)
    np.testing.assert_allclose(found[:, 2] - found[:, 1], scale * stats.t.ppf(0.95, PRIOR + 39), rtol=1e-10)


def test_points_with_other_dates_beside_them_get_the_same() -> None:
    days = irregular(41)
    values = simulate(6, days[:40])
    holes = values.copy()
    holes[[4, 20, 21], [3, 4, 5]] = np.nan
    together = with_values(data_of(holes, days), (1,))
    for point in range(6):
        alone = with_values(data_of(holes[:, [point]], days), (1,))
        np.testing.assert_allclose(together[..., point], alone[..., 0], rtol=1e-9)


@pytest.mark.parametrize(
    "changed", [{}, {"level": 300.0, "season": 0.0, "bend": 0.0}, {"level": 0.0, "bend": 0.0, "slope": 300.0}]
)
def test_the_variances_that_made_the_series_are_found(changed: dict[str, float]) -> None:
    days = irregular(120)
    data = data_of(simulate(400, days, 1, **changed), days)
    model = make_model("kalman").fit(data, Split(data.time[-1], (data.time[-1],), (1,)))
    found = Variances(*model.learnt["own"])
    truth = VALUES | changed
    for name in ("level", "slope"):
        if truth[name] and not (name == "slope" and truth["level"] > 100):  # no slope is seen under such a walk
            assert 1 / 2.5 < getattr(found, name) / truth[name] < 2.5, name
    assert model.learnt["own_noise"][0] == pytest.approx(4.0, rel=0.15)
    if truth["level"] == 0:
        assert found.level <= 0.03


def test_intervals_cover_where_the_model_is_true() -> None:
    days = irregular(66)
    values = simulate(2000, days, 4)
    data = data_of(values[:60], days)
    found = run(data, (1, 6))
    for at, step in enumerate((60, 65)):
        truth = values[step] - values[59]
        inside = (truth >= found[at, 0]) & (truth <= found[at, 2])
        assert inside.mean() == pytest.approx(0.9, abs=0.02)


def test_better_than_smoothing_where_there_is_a_swing_and_a_join() -> None:
    days = 12 * np.arange(103)
    values = simulate(300, days, 6, swing=4.0)
    values[90:] += np.random.default_rng(0).normal(0, 4, 300)
    jump = np.zeros((97, 300), bool)
    jump[90] = True
    data = data_of(values[:97], days, jump=jump)
    truth = values[102] - values[96]

    def error(name: str, settings: dict[str, object], data: TrainingData) -> float:
        origin = data.time[-1]
        model = make_model(name, **settings).fit(data, Split(data.time[80], (origin,), (6,)))
        return float(np.abs(model.predict(data, [origin], (6,), (0.5,)).increment.values[0, 0, 0] - truth).mean())

    known = error("kalman", {}, data)
    assert known < 0.9 * error("ses", {}, data)
    assert known < 0.97 * error("kalman", {}, replace(data, jump=None))
    assert known < 0.9 * error("kalman", {"season": False}, data)


def test_a_short_history_has_no_swing() -> None:
    days = 12 * np.arange(60)
    for dates, swing in ((40, False), (59, True)):
        data = data_of(simulate(50, days[:dates], 6, swing=4.0), days)
        model = make_model("kalman").fit(data, Split(data.time[-1], (data.time[-1],), (1,)))
        assert (model.learnt["own"][4] > 0) == swing


def test_a_noise_that_all_points_share_is_filtered_by_itself() -> None:
    """The mean of the points is noise alone, what each does on its own a wandering level: no one filter serves both."""
    rng = np.random.default_rng(2)
    days = 12 * np.arange(91)
    own = rng.normal(0, 1.5, (91, 80)).cumsum(axis=0) + rng.normal(0, 1, (91, 80))
    values = own + rng.normal(0, 4, (91, 1))
    errors = {}
    for common in (False, True):
        data = data_of(values, days)
        starts = data.time[70:90]
        model = make_model("kalman", common=common).fit(data, Split(data.time[69], tuple(starts), (1,)))
        found = model.predict(data, list(starts), (1,), (0.5,)).increment.values[:, 0, 0]
        errors[common] = np.abs(found - np.diff(values[70:], axis=0)).mean()
    assert errors[True] < 0.95 * errors[False]


def test_nothing_after_the_origin_matters_with_joins_and_sigma_either() -> None:
    days = irregular(50)
    values = simulate(30, days[:46])
    rng = np.random.default_rng(0)
    jump, sigma = rng.random((46, 30)) < 0.03, rng.uniform(1, 3, (46, 30))
    changed = [part.copy() for part in (values, jump, sigma)]
    changed[0][40:] += 1e4
    changed[1][40:] = ~jump[40:]
    changed[2][40:] *= 7
    for common in (False, True):
        found = []
        for each in ((values, jump, sigma), changed):
            data = data_of(each[0], days, jump=each[1], sigma=each[2])
            model = make_model("kalman", common=common).fit(data, Split(data.time[35], (data.time[39],), (1, 2)))
            found.append(model.predict(data, [data.time[39]], (1, 2), (0.05, 0.5)).increment.values.tobytes())
        assert found[0] == found[1]


def test_a_join_is_a_variance() -> None:
    with pytest.raises(InsarcastError, match="variance of 0 or more"):
        make_model("kalman", join=-1.0)
