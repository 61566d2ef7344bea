"""The Gaussian-process average against closed forms, an oracle, and series whose law is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.linalg import solve
from scipy.stats import multivariate_t
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct

from insarcast.core import InsarcastError, Split
from insarcast.models import TrainingData, make_model
from insarcast.models.gaussian.average import GaussianProcessAverage
from insarcast.models.gaussian.evidence import Grid, answers, log_evidence, posterior, prior_weights
from insarcast.models.gaussian.kernels import LEVEL, Motion, annual_covariance, covariance, cycle
from insarcast.models.gaussian.past import Group, bridge_rare_gaps, clip_outliers, find_join, groups_of, steps_of
from insarcast.models.season import YEAR

ANNUAL = np.array([[0.5, 0.1], [0.1, 0.2]])


def days_of(count: int, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.cumsum(np.random.default_rng(seed).choice([6, 12, 24], count)).astype("float64")


def whole_kernel(motion: Motion, rate: float, jump: float, days: np.ndarray[Any, Any], step: np.ndarray[Any, Any]):
    """The kernel entry by entry, as its formula is written."""
    t = days - days[0]
    out = covariance(motion, days, ANNUAL) + LEVEL + rate**2 * np.outer(t, t) / YEAR**2
    return out + jump * np.outer(step, step)


def simulate(points: int, dates: int, seed: int = 0, jump: float = 0.0, at: int = 0) -> TrainingData:
    """Noise of 3 mm, a slow random walk, a season in step, a jump of that standard deviation at one date."""
    rng = np.random.default_rng(seed)
    days = np.arange(dates + 10) * 12
    walk = np.cumsum(rng.normal(0, 0.5, (dates, points)), axis=0)
    season = rng.normal(0, 3, points) * np.cos(2 * np.pi * days[:dates, None] / YEAR)
    displacement = walk + season + rng.normal(0, 3, (dates, points)) + rng.normal(0, 20, points)
    if jump:
        displacement[at:] += rng.normal(0, jump, points)
    calendar = np.datetime64("2019-01-03", "D") + days
    return TrainingData(displacement, np.ones((dates, points), bool), calendar[:dates], calendar)


def forecast(model: GaussianProcessAverage, data: TrainingData, origin: int, horizons: tuple[int, ...] = (1, 5)):
    day = data.time[origin]
    return (
        model.fit(data, Split(day, (day,), horizons))
        .predict(data, [day], horizons, (0.1586552539, 0.5, 0.8413447461))
        .increment[0]
    )


def test_one_kernel_is_a_gaussian_process_of_scikit_learn() -> None:
    days = days_of(40)
    grid = Grid((Motion(0.0, 0.0, 0.0),), (0.7,), (0.0,))
    y = np.random.default_rng(1).normal(0, 2, (40, 3))
    ahead = days[-1] + np.array([12.0, 60.0, 120.0])
    found = answers(grid, y, np.concatenate([days, ahead]), np.zeros((43, 0)), ANNUAL)
    years = (np.concatenate([days, ahead]) - days[0]) / YEAR
    kernel = (
        ConstantKernel(LEVEL, "fixed")
        + ConstantKernel(0.49, "fixed") * DotProduct(0.0, "fixed")
        + ConstantKernel(1e-12, "fixed") * RBF()
    )
    oracle = GaussianProcessRegressor(kernel, alpha=1.0, optimizer=None).fit(years[:40, None], y)
    mean, sd = oracle.predict(years[40:, None], return_std=True)
    np.testing.assert_allclose(found.mean[0], mean, rtol=0, atol=1e-8)
    np.testing.assert_allclose(found.spread[0] - 1, sd[:, 0] ** 2, rtol=0, atol=1e-8)


@pytest.mark.parametrize("motion", [Motion(0.15, 0.0, 1.0), Motion(0.0, 0.6, 0.15), Motion(0.0, 0.0, 0.0)])
def test_low_rank_parts_are_exact(motion: Motion) -> None:
    """Level, rate and jump as columns give what the whole kernel gives."""
    days = days_of(50, 2)
    step = (np.arange(50) >= 30).astype("float64")
    y = np.random.default_rng(3).normal(0, 2, (45, 4))
    found = answers(Grid((motion,), (0.4, 1.5), (0.0, 3.0)), y, days, step[:, None], ANNUAL)
    for at, (rate, jump) in enumerate([(0.4, 0.0), (0.4, 3.0), (1.5, 0.0), (1.5, 3.0)]):
        k = whole_kernel(motion, rate, jump, days, step)
        past, cross = k[:45, :45], k[:45, 45:]
        np.testing.assert_allclose(found.misfit[at], (y * solve(past, y)).sum(axis=0), rtol=1e-9)
        np.testing.assert_allclose(found.log_det[at], np.linalg.slogdet(past)[1], rtol=1e-10)
        np.testing.assert_allclose(found.mean[at], cross.T @ solve(past, y), atol=1e-8)
        np.testing.assert_allclose(found.spread[at], np.diag(k[45:, 45:] - cross.T @ solve(past, cross)), atol=1e-8)


def test_evidence_is_a_multivariate_t() -> None:
    days = days_of(30, 4)
    y = np.random.default_rng(5).normal(0, 2, (30, 3))
    shape, rate = 6.0, 9.0
    logs = []
    for motion in (Motion(0.6, 0.0, 1.0), Motion(0.0, 0.03, 0.0)):
        k = whole_kernel(motion, 0.4, 0.0, days, np.zeros(30))
        logs.append(multivariate_t(np.zeros(30), rate / shape * k, df=2 * shape).logpdf(y.T))
    found = answers(Grid((Motion(0.6, 0.0, 1.0), Motion(0.0, 0.03, 0.0)), (0.4,), (0.0,)), y, days, np.zeros((30, 0)), ANNUAL)
    ours = log_evidence(found.misfit, found.log_det[:, None], 30, shape, rate)
    np.testing.assert_allclose(ours[0] - ours[1], logs[0] - logs[1], atol=1e-8)
    np.testing.assert_allclose(ours - ours[0, 0], np.array(logs) - logs[0][0], atol=1e-8)


def test_expectation_maximisation_climbs() -> None:
    evidence = np.random.default_rng(6).normal(0, 2, (7, 40))
    flat = np.full(7, 1 / 7)
    likelihood = []
    for rounds in range(12):
        weights = prior_weights([evidence[:, :25], evidence[:, 25:]], flat, 0.0, rounds)
        assert weights.sum() == pytest.approx(1)
        likelihood.append(np.log((weights[:, None] * np.exp(evidence)).sum(axis=0)).sum())
    assert (np.diff(likelihood) > 0).all()
    np.testing.assert_allclose(posterior(evidence, flat).sum(axis=0), 1)
    assert (prior_weights([], flat, 5.0, 30) == flat).all()


def test_weights_of_a_known_mixture_are_found() -> None:
    """Of points drawn from two kernels, three in four from the first, the weights say so."""
    days = np.arange(120) * 12.0
    kernels = (Motion(0.0, 0.0, 0.0), Motion(0.0, 4.0, 0.0))
    rng = np.random.default_rng(7)
    y = np.concatenate(
        [
            np.linalg.cholesky(whole_kernel(m, 0.1, 0.0, days, np.zeros(120))) @ rng.normal(0, 2, (120, n))
            for m, n in zip(kernels, (300, 100), strict=True)
        ],
        axis=1,
    )
    found = answers(Grid(kernels, (0.1,), (0.0,)), y, days, np.zeros((120, 0)), ANNUAL)
    weights = prior_weights([log_evidence(found.misfit, found.log_det[:, None], 120, 6.0, 24.0)], np.full(2, 0.5), 0.0, 50)
    np.testing.assert_allclose(weights, [0.75, 0.25], atol=0.03)


def test_annual_covariance_is_that_of_the_coefficients() -> None:
    days = np.arange(150) * 12.0
    rng = np.random.default_rng(8)
    b = np.linalg.cholesky(ANNUAL * 4.0) @ rng.normal(size=(2, 4000))
    y = cycle(days) @ b + rng.normal(0, 2, (150, 4000)) + 0.01 * days[:, None]
    np.testing.assert_allclose(annual_covariance(y, days), ANNUAL, atol=0.04)
    y[:20, ::2] = np.nan
    np.testing.assert_allclose(annual_covariance(y, days), ANNUAL, atol=0.04)
    np.testing.assert_allclose(annual_covariance(y[:10], days[:10]), 0.1 * np.eye(2))


def test_outliers_are_pulled_in() -> None:
    y = np.random.default_rng(9).normal(0, 1, (60, 2))
    y[30, 0] += 50
    clipped = clip_outliers(y, 9, 2.5)
    assert abs(clipped[30, 0]) < 5
    assert (clip_outliers(y, 9, None) == y).all()
    np.testing.assert_allclose(clip_outliers(y + 7, 9, 2.5), clipped + 7)
    assert (clipped[:, 1] == y[:, 1]).mean() > 0.8
    level = np.where(np.arange(60) >= 57, 100.0, 0.0)[:, None] + 0.1 * y[:, 1:]
    assert abs(clip_outliers(level, 9, 2.5)[58] - level[58]) > 5, "a late jump looks like an outlier"
    assert abs(clip_outliers(level, 9, 2.5, (57,))[58] - level[58]) < 0.5, "unless the join is known"


def test_groups_hold_all_points_once() -> None:
    values = np.ones((6, 5))
    values[0, 1] = values[2, 3] = np.nan
    jump = np.zeros((6, 5), bool)
    jump[3, 2] = jump[1, 1] = True
    found = groups_of(values, jump, np.arange(5))
    assert sorted(np.concatenate([group.points for group in found]).tolist()) == [0, 1, 2, 3, 4]
    by_point = {int(p): group for group in found for p in group.points}
    assert by_point[0].points.tolist() == [0, 4]
    assert by_point[2].joins == (3,)
    assert by_point[1].joins == (), "nothing was measured before that join"
    assert by_point[3].rows.tolist() == [0, 1, 3, 4, 5]
    assert steps_of(Group(np.array([0]), np.array([0, 1, 3, 4]), (3,)), 2).T.tolist() == [[0, 0, 1, 1, 1, 1]]


def test_a_known_join_helps_and_an_unknown_one_is_found() -> None:
    data = simulate(200, 80, seed=10, jump=8.0, at=74)
    truth = data.displacement[79] - data.displacement[78]
    jump = np.zeros((80, 200), bool)
    jump[74] = True
    error = {}
    for kind, each, find in (("blind", data, False), ("found", data, True), ("known", replace(data, jump=jump), False)):
        error[kind] = np.abs(forecast(GaussianProcessAverage(find_joins=find), each, 78)[0, 1].values - truth).mean()
    assert error["known"] < 0.97 * error["blind"]
    assert error["found"] == pytest.approx(error["known"], rel=1e-6)


def test_no_join_is_found_where_there_is_none() -> None:
    grid = GaussianProcessAverage()._grid(False)
    for seed in range(3):
        data = simulate(150, 60, seed=seed)
        values = data.displacement - data.displacement.mean(axis=0)
        assert find_join(grid, values, data.days, ANNUAL, 6.0) is None
        stepped = values + np.where(np.arange(60)[:, None] >= 40, np.random.default_rng(seed).normal(0, 6, 150), 0)
        assert find_join(grid, stepped - stepped.mean(axis=0), data.days, ANNUAL, 6.0) == 40


def test_better_than_simple_models_and_intervals_that_cover() -> None:
    data = simulate(300, 101, seed=11)
    rows = {}
    for name in ("persistence", "linear", "ses", "gp_average"):
        rows[name] = forecast(make_model(name), data, 95)  # type: ignore[arg-type]
    truth = data.displacement[[96, 100]] - data.displacement[95]
    errors = {name: np.abs(row[:, 1].values - truth).mean(axis=1) for name, row in rows.items()}
    for name in ("persistence", "linear", "ses"):
        assert (errors["gp_average"] < errors[name]).all(), name
    inside = (rows["gp_average"][:, 0].values < truth) & (truth < rows["gp_average"][:, 2].values)
    assert 0.62 < inside.mean() < 0.75


def test_a_constant_added_changes_nothing() -> None:
    data = simulate(20, 60, seed=12)
    plain = forecast(GaussianProcessAverage(), data, 55)
    moved = forecast(GaussianProcessAverage(), replace(data, displacement=data.displacement + 123.0), 55)
    np.testing.assert_allclose(moved, plain, atol=1e-8)


def test_twice_the_size_is_twice_the_forecast() -> None:
    data = simulate(20, 60, seed=13)
    plain = forecast(GaussianProcessAverage(), data, 55)
    np.testing.assert_allclose(
        forecast(GaussianProcessAverage(), replace(data, displacement=2 * data.displacement), 55), 2 * plain, atol=1e-6
    )


def test_short_and_broken_histories() -> None:
    data = simulate(30, 40, seed=14)
    displacement = data.displacement.copy()
    displacement[:38, 0] = np.nan
    displacement[:39, 1] = np.nan
    displacement[np.random.default_rng(0).random(displacement.shape) < 0.2] = np.nan
    displacement[39] = data.displacement[39]
    displacement[:, 2] = 5.0
    values = forecast(GaussianProcessAverage(), replace(data, displacement=displacement), 39).values
    assert np.isfinite(values).all()
    assert np.abs(values[:, 1, 1]).max() < 1e-9, "one value: nothing is known but the level"
    assert np.abs(values[:, 1, 2]).max() < 1e-6


@pytest.mark.parametrize("wrong", [{"clip_window": 8}, {"rates": []}, {"motion": [-1.0]}])
def test_settings_are_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(InsarcastError, match="gp_average"):
        GaussianProcessAverage(**wrong)


def test_the_future_changes_no_bit_across_joins() -> None:
    """Neither values nor marks after the origin matter, with a join before it known, or found."""
    data = simulate(120, 70, seed=15, jump=8.0, at=50)
    jump = np.zeros((70, 120), bool)
    jump[50, ::2] = True
    jump[66] = True
    late = data.displacement.copy()
    late[61:] = np.random.default_rng(0).normal(0, 1e3, late[61:].shape)
    for marks, other in ((jump, np.where(np.arange(70)[:, None] > 60, ~jump, jump)), (None, None)):
        plain = forecast(GaussianProcessAverage(), replace(data, jump=marks), 60).values
        changed = forecast(GaussianProcessAverage(), replace(data, displacement=late, jump=other), 60).values
        cut = forecast(GaussianProcessAverage(), replace(data, jump=marks).until(data.time[60]), 60).values
        assert plain.tobytes() == changed.tobytes() == cut.tobytes()


def test_gaps_of_many_kinds_are_bridged_and_hardly_matter() -> None:
    data = simulate(150, 60, seed=16)
    displacement = data.displacement.copy()
    displacement[np.random.default_rng(1).random(displacement.shape) < 0.05] = np.nan
    displacement[55] = data.displacement[55]
    displacement[:10, 0] = np.nan
    few = bridge_rare_gaps(displacement[:, :20])
    np.testing.assert_array_equal(few, displacement[:, :20])
    bridged = bridge_rare_gaps(displacement)
    known = np.isfinite(displacement)
    assert (bridged[known] == displacement[known]).all()
    assert np.isnan(bridged[:10, 0]).all(), "what came before the first value stays unknown"
    assert np.isfinite(bridged[10:55]).all()
    whole = forecast(GaussianProcessAverage(), data, 55)[:, 1].values
    holed = forecast(GaussianProcessAverage(), replace(data, displacement=displacement), 55)[:, 1].values
    assert np.abs(holed - whole).mean() < 0.2 * np.abs(whole).mean()


def test_ground_that_sinks_fast_goes_on_sinking() -> None:
    """Neither the prior on rates nor the clipping of the past pulls the newest value back."""
    rng = np.random.default_rng(0)
    days = 12 * np.arange(90)
    calendar = np.datetime64("2018-01-03", "D") + days
    rate = np.linspace(-250, 0, 40)
    ground = rate * days[:, None] / 365.25
    values = ground + rng.normal(0, 1, ground.shape)
    data = TrainingData(values[:80], np.ones((80, 40), bool), calendar[:80], calendar)
    origin = calendar[79]
    model = make_model("gp_average").fit(data, Split(origin, (origin,), (1, 10)))
    said = model.predict(data, [origin], (1, 10), (0.05, 0.5, 0.95)).increment.values[0]
    for at, step in enumerate((1, 10)):
        truth = ground[79 + step] - values[79]
        error = said[at, 1] - truth
        assert abs(error[:20].mean()) < 0.5
        assert np.abs(error).mean() < 0.8
        inside = (said[at, 0] <= values[79 + step] - values[79]) & (values[79 + step] - values[79] <= said[at, 2])
        assert inside.mean() > 0.7
