"""Velocity, annual course, steps, DEM error and their errors against closed forms, statsmodels and simulated truth."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import linregress

from insarcast.acquire.scene.make import make_scene
from insarcast.core import InsarcastError
from insarcast.stack.temporal.baselines import date_baselines, height_of_term
from insarcast.stack.temporal.functions import dem_shift, dem_term_error, make_time_functions
from insarcast.stack.temporal.velocity import VelocityError, block_bootstrap_form, fit_series, velocity_layers
from tests.stack.conftest import TO_PHASE, lags, solve, write_ifgs

DEFAULTS: dict[str, Any] = {"sigma": "scatter", "block_days": None}


def dates(days: Any) -> Any:
    return np.datetime64("2019-03-01", "ns") + np.asarray(days) * np.timedelta64(1, "D")


def irregular(n: int, seed: int = 0) -> Any:
    return dates(np.cumsum(np.random.default_rng(seed).choice([6, 12, 12, 18, 36], n)))


def test_velocity_and_scatter_are_scipys_regression() -> None:
    rng, days = np.random.default_rng(0), irregular(20)
    functions = make_time_functions(days, annual=False)
    series = rng.normal(size=(20, 3, 4)) + functions.years[:, None, None] * 7
    layers = velocity_layers(series, functions, DEFAULTS, days[0])
    for i, j in np.ndindex(3, 4):
        oracle = linregress(functions.years, series[:, i, j])
        assert layers["velocity"][i, j] == pytest.approx(oracle.slope)
        assert layers["velocity_sigma"][i, j] == pytest.approx(oracle.stderr)


def test_annual_course_steps_and_dem_error_are_statsmodels_ols() -> None:
    rng, days = np.random.default_rng(1), irregular(70)
    baseline = rng.normal(size=70) * 60
    functions = make_time_functions(days, annual=True, steps=["2020-01-15", "20200901"], baseline=baseline)
    assert functions.names == ("constant", "velocity", "step_20200115", "step_20200901", "cosine", "sine")
    series = rng.normal(size=(70, 5))
    parameters, residual = fit_series(series, functions)
    years, shift = functions.years, baseline - baseline[0]
    beside = np.column_stack([functions.design, years**2, shift])
    for pixel in range(5):
        dem = sm.OLS(series[:, pixel], beside).fit().params[-1]
        oracle = sm.OLS(series[:, pixel] - dem * shift, functions.design).fit()
        assert dem_shift(functions, series)[1][pixel] == pytest.approx(dem)
        np.testing.assert_allclose(parameters[:, pixel], oracle.params, atol=1e-9)
        np.testing.assert_allclose(residual[:, pixel], oracle.resid, atol=1e-9)
    assert functions.freedom == 70 - 7


def test_the_error_of_a_velocity_beside_a_dem_error_knows_of_it() -> None:
    """Baselines that drift with time: the scatter's standard error is that of the spread of velocities."""
    rng, days = np.random.default_rng(2), irregular(30)
    functions = make_time_functions(days, annual=False, baseline=np.linspace(0, 200, 30) ** 1.5 / 20 + rng.normal(size=30) * 5)
    parameters, residual = fit_series(rng.normal(size=(30, 20000)), functions)
    assert np.sqrt((VelocityError(functions).scatter(residual) ** 2).mean()) == pytest.approx(parameters[1].std(), rel=0.03)


def test_the_standard_error_of_a_dem_term_is_its_spread() -> None:
    rng, days = np.random.default_rng(7), irregular(30)
    functions = make_time_functions(days, annual=False, baseline=rng.normal(size=30) * 50)
    noise = rng.normal(size=(30, 20000))
    error = dem_term_error(functions, fit_series(noise, functions)[1])
    assert np.sqrt((error**2).mean()) == pytest.approx(dem_shift(functions, noise)[1].std(), rel=0.03)


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.6])
def test_errors_of_velocities_whose_noise_remembers(correlation: float) -> None:
    """Noise of a known lag-1 correlation: the autocorrelation's error is within 15 % of the truth, the scatter's is not."""
    rng = np.random.default_rng(3)
    functions = make_time_functions(dates(12 * np.arange(60)), annual=False)
    noise = rng.normal(size=(60, 10000))
    for t in range(1, 60):
        noise[t] = correlation * noise[t - 1] + np.sqrt(1 - correlation**2) * noise[t]
    parameters, residual = fit_series(noise, functions)
    truth = parameters[1].std()
    error = VelocityError(functions)
    found = {
        name: np.sqrt((getattr(error, name)(residual) ** 2).mean()) / truth
        for name in ("scatter", "autocorrelation", "bootstrap")
    }
    assert found["autocorrelation"] == pytest.approx(1.05, abs=0.1)
    assert found["scatter"] == pytest.approx({0.0: 1.0, 0.3: 0.74, 0.6: 0.5}[correlation], abs=0.05)
    assert found["scatter"] - 0.12 < found["bootstrap"] < 1.02


def test_the_block_bootstrap_is_the_limit_of_random_draws() -> None:
    rng = np.random.default_rng(4)
    row, residual, length = rng.normal(size=20), rng.normal(size=20), 3
    starts = rng.integers(0, 20, (200_000, 7))
    drawn = np.concatenate([(starts[:, [k]] + np.arange(3)) % 20 for k in range(7)], 1)[:, :20]
    oracle = (residual[drawn] @ row).var()
    assert residual @ block_bootstrap_form(row, length) @ residual == pytest.approx(oracle, rel=0.02)


def test_the_annual_course_needs_a_record_and_its_peak_is_a_day_of_the_year() -> None:
    short, long = make_time_functions(dates(12 * np.arange(50))), make_time_functions(dates(12 * np.arange(90)))
    assert "cosine" not in short.names
    assert "less than 2" in short.notes[0]
    assert "cosine" in long.names
    day_of_year = (dates(12 * np.arange(90)) - np.datetime64("2019-01-01", "ns")) / np.timedelta64(1, "D")
    series = -7 * long.years + 5 * np.cos(2 * np.pi * (day_of_year - 200) / 365.25)
    layers = velocity_layers(series[:, None, None], long, DEFAULTS, dates(0))
    assert layers["velocity"].item() == pytest.approx(-7)
    assert layers["annual_amplitude"].item() == pytest.approx(5)
    assert layers["annual_peak_day"].item() == pytest.approx(200)
    assert make_time_functions(dates(12 * np.arange(5)), annual=True).notes  # too few dates, said


def test_steps_outside_the_record_are_said_and_left_out() -> None:
    functions = make_time_functions(dates(12 * np.arange(20)), annual=False, steps=["2018-01-01", "2019-06-01", "2031-01-01"])
    assert functions.names == ("constant", "velocity", "step_20190601")
    assert [note.split(" is not")[0] for note in functions.notes] == ["The step of 2018-01-01", "The step of 2031-01-01"]
    with pytest.raises(InsarcastError, match=r"stack\.velocity\.steps has 'soon'"):
        make_time_functions(dates(12 * np.arange(20)), steps=["soon"])


def test_baselines_of_dates_by_hand() -> None:
    days = dates(12 * np.arange(4))
    one, two = days[[0, 1, 0, 2]], days[[1, 2, 2, 3]]
    found = date_baselines(days, one, two, np.array([10.0, 20.0, 33.0, -5.0]))
    np.testing.assert_allclose(found, [0, 11, 32, 27])  # the loop misses by 3 m, shared by its sides
    with pytest.raises(InsarcastError, match="none leads to 2019-04-06"):
        date_baselines(days, one, two, np.array([10.0, 20.0, 33.0, np.nan]))


def test_the_dem_error_of_a_simulated_scene_is_found_and_taken_off() -> None:
    """Truth of the simulate source: displacement, and a DEM error of 8 m seen through its orbital tube."""
    scene = make_scene(
        {
            "seed": 5,
            "area": {"rows": 40, "columns": 48},
            "troposphere": {"turbulence": 0, "stratified": 0, "stratified_seasonal": 0},
            "errors": {"dem": 8, "noise": False},
        }
    )
    tan = np.tan(scene.look.theta)  # the scene's look angle is counted from the horizon
    tube = scene.baselines - scene.baselines[0]
    made = -1000 * tube[:, None, None] / 693_000 * (scene.dem_error * tan)
    series = scene.displacement + made
    functions = make_time_functions(scene.time.astype("datetime64[ns]"), annual=True, baseline=scene.baselines)
    corrected, term = dem_shift(functions, series.astype(np.float64))
    found = height_of_term(term, scene.look.enu[2])
    assert np.sqrt((made[1:] ** 2).mean()) > 0.5
    # Motion that neither parabola nor annual course follows leaks a little; the flat Earth of the scene makes 3 % of the height.
    assert np.sqrt(((corrected - scene.displacement)[1:] ** 2).mean()) < 0.25 * np.sqrt((made[1:] ** 2).mean())
    assert np.corrcoef(found.ravel(), scene.dem_error.ravel())[0, 1] > 0.97
    assert np.polyfit(scene.dem_error.ravel(), found.ravel(), 1)[0] == pytest.approx(0.97, abs=0.04)


def test_a_cube_with_a_dem_error_a_step_and_a_reference_that_stays_zero(tmp_path: Path, basin) -> None:  # type: ignore[no-untyped-def]
    from insarcast.core import open_cube
    from insarcast.stack import build_cube

    rng = np.random.default_rng(6)
    truth, pairs = basin(n_dates=14), lags(14, 1, 2, 3)
    truth[9:] += 30 * (truth[-1] / truth[-1].min())
    tube = rng.normal(size=14) * 80
    height = rng.normal(size=truth.shape[1:]) * 10
    per_m = -TO_PHASE * 1000 / (860_000 * 0.64)  # phase of 1 m of height per m of baseline, about
    series = truth + tube[:, None, None] * per_m / TO_PHASE * height
    write_ifgs(tmp_path / "ifgs.zarr", series, pairs, baseline=np.array([tube[j] - tube[i] for i, j in pairs]))
    plain, _ = solve(tmp_path, reference={"lon": -98.998, "lat": 19.998})
    build_cube(
        tmp_path / "ifgs.zarr", tmp_path / "full/inversion.zarr", tmp_path / "c.zarr", "full",
        {"preset": "none", "thresholds": {}}, 0, "", velocity={"steps": ["2020-04-18"]}, dem_error=True,
    )  # fmt: skip
    cube = open_cube(tmp_path / "c.zarr").load()
    row, col = cube.attrs["reference_row"], cube.attrs["reference_col"]
    window = {"y": slice(row - 1, row + 2), "x": slice(col - 1, col + 2)}
    np.testing.assert_allclose(cube.displacement.isel(window).mean(("y", "x")), 0, atol=1e-4)
    shift = height[row - 1 : row + 2, col - 1 : col + 2].mean()
    centred = truth - truth[:, row - 1 : row + 2, col - 1 : col + 2].mean((1, 2))[:, None, None]
    np.testing.assert_allclose(cube.displacement, centred, atol=2e-3)
    assert np.abs(plain.displacement - centred).max() > 1
    assert np.corrcoef(cube.dem_error.values.ravel(), (height - shift).ravel())[0, 1] > 0.999
    step = 30 * (basin(n_dates=14)[-1] / basin(n_dates=14)[-1].min())
    np.testing.assert_allclose(cube.step_20200418, step - step[row, col], atol=2e-3)
    assert any("annual" in note for note in cube.attrs["notes"])


def test_a_reference_pixel_has_a_velocity_without_error() -> None:
    functions = make_time_functions(dates(12 * np.arange(20)))
    residual = np.zeros((20, 1))
    for name in ("scatter", "autocorrelation", "bootstrap"):
        assert getattr(VelocityError(functions), name)(residual).item() == 0


def test_missing_baselines_are_a_sentence(tmp_path: Path, basin) -> None:  # type: ignore[no-untyped-def]
    from insarcast.stack import build_cube

    pairs = lags(14, 1, 2)
    write_ifgs(tmp_path / "ifgs.zarr", basin(n_dates=14), pairs, baseline=np.full(len(pairs), np.nan))
    solve(tmp_path)
    with pytest.raises(InsarcastError, match=r"none leads to 2020-01-13 and 12 more; give products\.baselines"):
        build_cube(
            tmp_path / "ifgs.zarr", tmp_path / "full/inversion.zarr", tmp_path / "c.zarr", "full",
            {"preset": "none", "thresholds": {}}, 0, "", dem_error=True,
        )  # fmt: skip
