"""Calibrated stores: coverage on exchangeable errors, nothing from the future, and what is said when there is too little."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from cubes import make_cube, make_dates, write_cubes
from scipy import stats

from insarcast.combine import calibrate_forecast
from insarcast.combine.grid.words import calibration_sentences
from insarcast.core import open_store, velocity_class, velocity_class_names, write_store
from insarcast.forecast import forecast_cube

DATES = make_dates(13)
VINTAGES = [f"asof-{str(date).replace('-', '')}" for date in DATES[10:12]]
EDGES = [10.0, 50.0]
QUANTILES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
SIZE = 40
TRUE_SD = 3.0  # the model below believes in 1 mm


def calibrate(folder: Path, raw: Path, earlier: Path, cubes: tuple[list[Path], Path], **settings) -> xr.Dataset:
    given = {"min_origins": 5, "min_blocks": 4, "block": 5, "velocity_classes": EDGES} | settings
    calibrate_forecast(raw, earlier, *cubes, folder / "calibrated.zarr", **given)
    return open_store(folder / "calibrated.zarr").load()


def errors_of(velocity: np.ndarray, seed: int, *shape: int) -> np.ndarray:
    """Errors (..., y, x) that are three times as large as believed, and six times where the ground is fast."""
    factor = np.where(velocity_class(velocity, EDGES) == 2, 2.0, 1.0)
    return np.random.default_rng(seed).standard_t(4, (*shape, SIZE, SIZE)) * TRUE_SD * factor


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, tuple[list[Path], Path], np.ndarray]:
    """A forecast of zero with sd 1 and eight earlier origins, seven with errors like those to come, for two horizons."""
    folder = tmp_path_factory.mktemp("world")
    cubes = write_cubes(folder, VINTAGES, ny=SIZE, nx=SIZE, rate=-150.0, noise=0.5)
    velocity = np.stack([open_store(path).velocity.values for path in [*cubes[0], cubes[1]]])
    origins = DATES[10:13].astype("datetime64[ns]")
    levels = stats.norm.ppf(QUANTILES).astype("float32")
    shape = (3, 2, 5, SIZE, SIZE)
    raw = xr.Dataset(
        {
            "increment": (
                ("origin", "horizon", "quantile", "y", "x"),
                np.broadcast_to(levels[:, None, None], shape).copy(),
                {"units": "mm"},
            ),
            "sd": (("origin", "horizon", "y", "x"), np.ones((3, 2, SIZE, SIZE), "float32")),
        },
        coords={
            "origin": origins,
            "horizon": [1, 2],
            "quantile": QUANTILES,
            "target_time": (("origin", "horizon"), origins[:, None] + np.array([12, 24]) * np.timedelta64(1, "D")),
            "y": make_cube(ny=SIZE, nx=SIZE).y,
            "x": make_cube(ny=SIZE, nx=SIZE).x,
        },
        attrs={"model": "toy", "label": "a toy", "vintages": [*VINTAGES, "full"]},
    ).rio.write_crs("EPSG:4326")
    observed = np.stack([errors_of(velocity[at], 10 + at, 8, 2) for at in range(3)]).reshape(3, 8, 2, -1)
    observed[:, 7] = np.nan
    observed[:, 4:, 1] = np.nan  # horizon 2 has four earlier origins only
    row, col = (index.ravel() for index in np.mgrid[:SIZE, :SIZE])
    earlier = xr.Dataset(
        {
            "observed": (("origin", "past", "horizon", "point"), observed),
            "median": (("origin", "past", "horizon", "point"), np.zeros_like(observed)),
            "sd": (("origin", "past", "horizon", "point"), np.ones_like(observed)),
        },
        coords={"origin": origins, "horizon": [1, 2], "row": ("point", row), "col": ("point", col)},
    )
    write_store(raw, folder / "raw.zarr")
    write_store(earlier, folder / "past.zarr")
    return folder / "raw.zarr", folder / "past.zarr", cubes, velocity


def coverage(made: xr.Dataset, truth: np.ndarray, where: np.ndarray, low: float, high: float, horizon: int = 1) -> float:
    part = made.increment.sel(horizon=horizon, quantile=[low, high]).isel(origin=2).values
    return float(((part[0] <= truth) & (truth <= part[1]))[:, where].mean())


def test_intervals_cover_errors_like_the_past(world, tmp_path) -> None:
    """In every class, at both levels; the model's own intervals hold a third to a half of what they promise."""
    raw, earlier, cubes, velocity = world
    made = calibrate(tmp_path, raw, earlier, cubes)
    truth = errors_of(velocity[2], 99, 20)
    kinds = velocity_class(velocity[2], EDGES)
    own = open_store(raw).load()
    for kind in range(3):
        assert (kinds == kind).sum() > 150
        for low, high, level in ((0.05, 0.95, 0.9), (0.25, 0.75, 0.5)):
            assert coverage(made, truth, kinds == kind, low, high) == pytest.approx(level, abs=0.03)
            assert coverage(own, truth, kinds == kind, low, high) < 0.65 * level
    assert made.calibrated.values.tolist() == [[True, False]] * 3
    expected = stats.t.ppf(0.95, 4) * TRUE_SD
    assert float(made.multiplier.sel(velocity_class="below 10", level=0.9)[2, 0]) == pytest.approx(expected, rel=0.08)
    assert float(made.multiplier.sel(velocity_class="50 and above", level=0.9)[2, 0]) == pytest.approx(2 * expected, rel=0.15)
    assert float(made.factor[2, 0]) == pytest.approx(float(made.multiplier[2, 0, -1, -1]) / 1.6448536269514722)


def test_a_class_with_few_blocks_shares_with_all(world, tmp_path) -> None:
    made = calibrate(tmp_path, *world[:3], min_blocks=10_000)
    assert (made.multiplier[:, 0] == made.multiplier[:, 0, -1]).all()


def test_the_median_stays_and_quantiles_do_not_cross(world, tmp_path) -> None:
    made = calibrate(tmp_path, *world[:3])
    own = open_store(world[0]).load()
    assert made.increment.sel(quantile=0.5).values.tobytes() == own.increment.sel(quantile=0.5).values.tobytes()
    assert (np.diff(made.increment.values, axis=2) >= 0).all()


def test_with_too_few_origins_the_models_own_interval_stands(world, tmp_path) -> None:
    made = calibrate(tmp_path, *world[:3])
    own = open_store(world[0]).load()
    assert made.increment.sel(horizon=2).values.tobytes() == own.increment.sel(horizon=2).values.tobytes()
    assert made.n_origins.values.tolist() == [[7, 4]] * 3
    assert made.n_blocks.values.tolist() == [[64, 64]] * 3
    assert np.isnan(made.factor.values[:, 1]).all()
    assert made.attrs["sentences"] == [
        "The intervals of 3 of 6 forecasts are calibrated, on 7 earlier origins and 64 blocks of pixels each.",
        "Up to 2018-05-30, 13 dates leave 4 earlier origins for horizon 2; 5 are needed: "
        "its intervals are the model's own, uncalibrated.",
    ]
    assert made.attrs["sentence"] == " ".join(made.attrs["sentences"])


def test_calibration_of_an_origin_reads_nothing_of_later_ones(world, tmp_path) -> None:
    """Other errors at the later origins and other velocities in the later cubes change no bit of the first origin."""
    raw, past, (vintages, full), _ = world
    plain = calibrate(tmp_path, raw, past, (vintages, full))
    earlier = open_store(past).load()
    earlier["observed"][1:] *= 10
    write_store(earlier, tmp_path / "other-past.zarr")
    others = []
    for path, name in zip([vintages[1], full], [VINTAGES[1], "full"], strict=True):
        cube = open_store(path).load()
        cube["velocity"][:] = cube.velocity.values[::-1, ::-1] * 3
        write_store(cube, tmp_path / f"{name}.zarr")
        others.append(tmp_path / f"{name}.zarr")
    (tmp_path / "b").mkdir()
    made = calibrate(tmp_path / "b", raw, tmp_path / "other-past.zarr", ([vintages[0], others[0]], others[1]))
    for name in ("increment", "multiplier", "calibrated", "n_origins"):
        assert plain[name].values[0].tobytes() == made[name].values[0].tobytes(), name
    assert plain.increment.values[1].tobytes() != made.increment.values[1].tobytes()
    velocities = [open_store(path).velocity.values for path in (vintages[0], *others)]
    for at, velocity in enumerate(velocities):  # each origin by the velocities of its own cube
        half = made.multiplier.values[at, 0, :, 1][velocity_class(velocity, EDGES)]
        np.testing.assert_allclose(made.increment.sel(quantile=0.95).values[at, 0], half, rtol=1e-5)


def test_the_future_changes_no_bit_of_forecast_and_calibration(tmp_path) -> None:
    """Through both stages: whatever the full cube holds, forecasts from the as-of cubes and their intervals stay."""
    results = []
    for name, scale in (("a", 1.0), ("b", 50.0)):
        folder = tmp_path / name
        vintages, full = write_cubes(folder, VINTAGES, ny=20, nx=20, noise=2.0)
        cube = open_store(full).load()
        cube["displacement"][:] = cube.displacement.values * scale
        cube["velocity"][:] = cube.velocity.values * scale
        write_store(cube, folder / "full.zarr")
        outputs = folder / "raw.zarr", folder / "past.zarr"
        forecast_cube(vintages, folder / "full.zarr", *outputs, "linear", 2, [0.05, 0.95], 5, 0)
        results.append(calibrate(folder, *outputs, (vintages, folder / "full.zarr"), block=4))
    assert results[0].calibrated.values[:2].all()
    for name in ("increment", "multiplier"):
        assert results[0][name].values[:2].tobytes() == results[1][name].values[:2].tobytes(), name
    assert results[0].increment.values[2].tobytes() != results[1].increment.values[2].tobytes()


def test_velocity_classes() -> None:
    assert velocity_class_names([10, 50, 100]) == ["below 10", "10 to 50", "50 to 100", "100 and above"]
    assert velocity_class(np.array([0.0, -9.9, 10.0, -60.0, 100.0, np.nan]), [10, 50, 100]).tolist() == [0, 0, 1, 2, 3, -1]


def test_sentences_say_what_is_missing() -> None:
    yes, no = np.array([[True]]), np.array([[False]])
    some = {"origins": ["2018-07-17"], "dates": [13], "horizons": [3], "min_origins": 5}
    assert calibration_sentences(yes, np.array([[6]]), np.array([[1]]), np.array([[6.0]]), **some) == [
        "The intervals of all forecasts are calibrated, on 6 earlier origins and 1 block of pixels each."
    ]
    assert calibration_sentences(no, np.array([[1]]), np.array([[60]]), np.array([[1.0]]), **some) == [
        "No interval is calibrated: all are the model's own.",
        "Up to 2018-07-17, 13 dates leave 1 earlier origin for horizon 3; 5 are needed: its intervals are the model's own, uncalibrated.",
    ]
    assert calibration_sentences(no, np.array([[5]]), np.array([[60]]), np.array([[7.9]]), **some)[1] == (
        "Up to 2018-07-17, 13 dates leave 5 earlier origins for horizon 3, worth 7 independent errors, too few for the widest "
        "interval: its intervals are the model's own, uncalibrated."
    )


def test_without_intervals_nothing_is_calibrated(world, tmp_path) -> None:
    raw = open_store(world[0]).load().sel(quantile=[0.5])
    write_store(raw, tmp_path / "median.zarr")
    made = calibrate(tmp_path, tmp_path / "median.zarr", *world[1:3])
    assert not made.calibrated.any()
    assert made.increment.values.tobytes() == raw.increment.values.tobytes()
