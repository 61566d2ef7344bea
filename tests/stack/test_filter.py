"""The spatio-temporal filter against simulated truth, closed forms, and what it must not do."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from insarcast.acquire.scene.make import make_scene, noisy_series, stable_pixel
from insarcast.core import InsarcastError, open_cube, open_store
from insarcast.stack import filter_cube, filter_series
from insarcast.stack.filtering.date_noise import noise_of_dates
from insarcast.stack.filtering.smoother import Smoother
from tests.stack.conftest import lags, solve, write_ifgs

AREA = {"layout": "licsar", "area": {"rows": 56, "columns": 64, "pixel": 160}}
STILL = {"troposphere": {"turbulence": 0, "stratified": 0, "stratified_seasonal": 0}}


def simulated(seed: int, **settings: Any) -> tuple[Any, Any, Any, tuple[int, int]]:
    """Raw series and truth of a simulated basin (water is NaN), days, and the reference pixel."""
    scene = make_scene({"seed": seed} | AREA | settings)
    row, col = stable_pixel(scene)
    truth = scene.displacement.astype(float)
    truth -= truth[:, row, col][:, None, None]
    raw = np.where(scene.kind == 3, np.nan, noisy_series(scene))
    return raw, truth, (scene.time - scene.time[0]).astype(float), (row, col)


def errors(series: Any, truth: Any, days: Any) -> tuple[float, float]:
    """RMSE of a series, mm, and of its least-squares velocity, mm/yr."""
    error = series - truth
    centred = (days - days.mean()) / 365.25
    rate = np.tensordot(centred, error, 1) / (centred @ centred)
    return float(np.sqrt(np.nanmean(error**2))), float(np.sqrt(np.nanmean(rate**2)))


def ratios(found: list[tuple[Any, Any, Any, Any]]) -> tuple[float, float]:
    """Root mean squares over scenes of the filtered over the raw errors: of displacement and of velocity."""
    table = np.array([[errors(raw, truth, days), errors(filtered, truth, days)] for raw, filtered, truth, days in found])
    rms = np.sqrt((table**2).mean(0))
    return float(rms[1, 0] / rms[0, 0]), float(rms[1, 1] / rms[0, 1])


@pytest.mark.parametrize(
    ("settings", "series", "velocity"),
    [
        ({}, 0.4, 0.97),
        (STILL, 0.6, 1.001),
        ({"bowls": []}, 0.4, 0.97),
        ({"troposphere": {"turbulence": 0}}, 0.9, 1.001),
        ({"acquisitions": {"count": 14, "gap": 0, "annual": False}}, 0.7, 1.03),
    ],
    ids=["basin", "no_atmosphere", "stable", "stratified", "short"],
)
def test_nearer_to_the_truth_than_the_raw_series_and_so_is_the_velocity(settings: Any, series: float, velocity: float) -> None:
    found = []
    for seed in range(5):
        raw, truth, days, (row, col) = simulated(seed, **settings)
        filtered = filter_series(raw, days, 160, reference=(slice(row, row + 1), slice(col, col + 1)))
        assert (filtered[:, row, col] == 0).all()
        assert (np.isnan(filtered) == np.isnan(raw)).all()
        assert (filtered[0][np.isfinite(raw[0])] == 0).all()
        found.append((raw, filtered, truth, days))
    of_series, of_velocity = ratios(found)
    assert of_series < series
    assert of_velocity <= velocity


def test_without_noise_it_leaves_the_motion_alone() -> None:
    _, truth, days, _ = simulated(0)
    filtered = filter_series(truth, days, 160)
    assert np.abs(filtered - truth).max() < 0.01 * np.abs(truth).max()


def test_the_ends_of_the_record_are_not_bent() -> None:
    """A moving Gaussian mean is off by its width times the rate at both ends; a line comes out as it went in."""
    days = np.cumsum(np.r_[0, np.random.default_rng(0).choice([6, 12, 24, 60], 29)]).astype(float)
    line = -0.5 * days[:, None, None] * np.ones((1, 12, 12))
    np.testing.assert_allclose(filter_series(line, days, 100), line, atol=1e-8)


def test_equal_noise_of_all_dates_keeps_the_least_squares_velocity() -> None:
    rng, days = np.random.default_rng(1), np.cumsum(np.random.default_rng(0).choice([6, 12, 24], 40)).astype(float)
    raw = rng.normal(size=(40, 10, 12)) * 5 + np.sin(days / 60)[:, None, None]
    filtered = filter_series(raw, days, 100, noise=np.ones(40))
    assert filtered.std() < 0.9 * raw.std()
    fit = lambda series: np.polyfit(days, series.reshape(40, -1), 1)[0]  # noqa: E731
    np.testing.assert_allclose(fit(filtered), fit(raw), atol=1e-12)


def test_one_candidate_is_the_gaussian_process_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A yearly course of known strength without spline: posterior mean with a nearly free line, noise of each date known."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, DotProduct

    rng, years = np.random.default_rng(2), np.sort(np.random.default_rng(0).uniform(0, 3, 25))
    noise, series = rng.uniform(0.5, 3, 25), rng.normal(size=25)
    yearly = np.cos(2 * np.pi * np.subtract.outer(years, years))
    monkeypatch.setattr(Smoother, "candidates", [4 * yearly])
    found, _ = Smoother(years, noise).smooth(series[:, None, None], 1)
    # The kernel cos(2 pi d) has no name there: cos and sin are two linear features of variance 4.
    features = np.column_stack([years, np.cos(2 * np.pi * years), np.sin(2 * np.pi * years)]) * [1e4, 2, 2]
    oracle = GaussianProcessRegressor(DotProduct(0, "fixed") + ConstantKernel(1e8, "fixed"), alpha=noise, optimizer=None)
    oracle.fit(features, series)
    np.testing.assert_allclose(found.ravel(), oracle.predict(features), atol=1e-4)


def test_rough_dates_are_found_and_weigh_less() -> None:
    rng, years = np.random.default_rng(3), np.arange(40) * 12 / 365.25
    rough = np.where(np.arange(40) % 8 == 3, 4.0, 1.0)
    raw = rng.normal(size=(40, 48, 48)) * rough[:, None, None]
    for causal in (False, True):
        noise = noise_of_dates(raw, years, 500, causal=causal)
        assert noise[rough > 1][1:].min() > 1.5 * noise[rough == 1].max()


def test_a_pattern_that_all_dates_share_says_little_of_their_noise() -> None:
    """A delay that follows the height: one number a date, from which its variance cannot be known."""
    rng, years = np.random.default_rng(4), np.arange(40) * 12 / 365.25
    pattern = rng.normal(size=(48, 48))
    raw = rng.normal(size=(40, 1, 1)) * pattern
    assert np.ptp(np.log(noise_of_dates(raw, years, 500))) < 0.3 * np.ptp(np.log((raw**2).mean((1, 2))))


def test_holes_in_time_and_space() -> None:
    raw, truth, days, _ = simulated(1)
    rng = np.random.default_rng(5)
    holed = raw.copy()
    holed[1:][rng.random(raw[1:].shape) < 0.15] = np.nan
    holed[:, 10:20, 30:40] = np.nan
    holed[3:, 5, 5] = np.nan  # three dates are no series
    filtered = filter_series(holed, days, 160)
    assert (np.isnan(filtered) == np.isnan(holed)).all()
    assert errors(filtered, truth, days)[0] < 0.5 * errors(holed, truth, days)[0]
    np.testing.assert_array_equal(filtered[:, 5, 5], holed[:, 5, 5])
    far = (slice(None), slice(40, 56), slice(0, 16))
    whole = filter_series(raw, days, 160)
    assert np.nanmax(np.abs(whole - filtered)[far]) < 0.5 * np.nanmax(np.abs(raw[far]))


def test_a_sudden_shift_of_a_small_patch_survives() -> None:
    raw, truth, days, _ = simulated(2)
    patch = (slice(None), slice(30, 33), slice(30, 33))
    for series in (raw, truth):
        series[22:, 30:33, 30:33] -= 40
    filtered = filter_series(raw, days, 160)
    shift = (filtered[26] - filtered[17])[patch[1:]].mean() - (truth[26] - truth[17] + 40)[patch[1:]].mean()
    assert shift < -25
    assert errors(filtered[patch], truth[patch], days)[0] < errors(raw[patch], truth[patch], days)[0]


@pytest.mark.parametrize("last", [6, 20])
def test_causal_a_perturbed_future_changes_no_bit(last: int) -> None:
    raw, _, days, _ = simulated(0)
    rng, other = np.random.default_rng(6), raw.copy()
    other[last + 1 :] += rng.normal(size=other[last + 1 :].shape) * 30
    other[last + 2, :30] = np.nan
    other[last + 1 :, 40:44] = np.nan
    one, two = (filter_series(series, days, 160, causal=True) for series in (raw, other))
    np.testing.assert_array_equal(one[: last + 1], two[: last + 1])
    assert not np.array_equal(one[last + 1 :], two[last + 1 :], equal_nan=True)
    full = [filter_series(series, days, 160) for series in (raw, other)]
    assert not np.array_equal(full[0][: last + 1], full[1][: last + 1], equal_nan=True)  # the test could see it


def test_causal_takes_noise_off_and_ends_where_all_dates_lead() -> None:
    found = []
    for seed in range(2):
        raw, truth, days, _ = simulated(seed)
        causal = filter_series(raw, days, 160, causal=True)
        dry = np.isfinite(raw[0])
        found.append([(series - truth)[:, dry].std(0).mean() for series in (raw, causal)])
    raw_spread, spread = np.mean(found, 0)
    assert spread < 0.75 * raw_spread
    smoother = Smoother(days / 365.25, np.ones(len(days)))
    full, follow = smoother.smooth(raw, 9)[0], smoother.follow(raw, 9)[0]
    np.testing.assert_allclose(follow[-1][dry], full[-1][dry], atol=1e-3)  # at the last date both know the same


def test_the_docstring_shows_what_comes_out() -> None:
    import doctest

    from insarcast.stack.filtering import filter as filtering

    assert doctest.testmod(filtering) == doctest.TestResults(failed=0, attempted=7)


def test_bad_arguments_are_sentences() -> None:
    series = np.zeros((5, 4, 4))
    with pytest.raises(InsarcastError, match="there are 4 days"):
        filter_series(series, np.arange(4), 80)
    with pytest.raises(InsarcastError, match="ascending"):
        filter_series(series, np.zeros(5), 80)
    with pytest.raises(InsarcastError, match="no middle"):
        filter_series(series, np.arange(5), 80, window=4)
    for pixel in (0, -80, np.nan, np.inf):
        with pytest.raises(InsarcastError, match="must be the size of a pixel in m"):
            filter_series(series, np.arange(5), pixel)
    np.testing.assert_array_equal(filter_series(series[:3] + 1, np.arange(3), 80), series[:3] + 1)


def test_of_a_cube_in_its_own_store_with_the_reference_at_zero(
    tmp_path: Path, basin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from insarcast.core import cube as contract
    from insarcast.stack.filtering import filter as filtering

    truth, pairs = basin(n_dates=14, noise=1.5, ny=21, nx=30), lags(14, 1, 2, 3)
    write_ifgs(tmp_path / "ifgs.zarr", truth, pairs)
    cube, _ = solve(tmp_path)
    path = tmp_path / "full/cube.zarr"
    for causal in (False, True):
        stores = []
        for name in ("one", "many"):
            if name == "many":
                monkeypatch.setattr(contract, "CHUNK", 8)
                monkeypatch.setattr(filtering, "shard_edge", lambda layers: 8)
            filter_cube(path, tmp_path / f"{name}.zarr", "smooth", causal, 5)
            stores.append(open_store(tmp_path / f"{name}.zarr").load())
        monkeypatch.undo()
        one, many = stores
        for variable in ("displacement_filtered", "velocity_filtered", "date_noise"):
            np.testing.assert_array_equal(one[variable].values, many[variable].values, err_msg=variable)
        row, col = cube.attrs["reference_row"], cube.attrs["reference_col"]
        window = one.displacement_filtered[:, row - 1 : row + 2, col - 1 : col + 2]
        np.testing.assert_allclose(window.mean(("y", "x")), 0, atol=1e-5)
        assert one.attrs["as_of"] == "full"
    np.testing.assert_array_equal(open_cube(path).displacement.values, cube.displacement.values)
    with pytest.raises(InsarcastError, match="there is smooth"):
        filter_cube(path, tmp_path / "x.zarr", "median", False, 5)
