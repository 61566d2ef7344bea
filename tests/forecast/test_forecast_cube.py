"""Forecast stores: what is in them, and what they may know."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from cubes import make_cube, make_dates, write_cubes

from insarcast.core import InsarcastError, open_store, write_store
from insarcast.forecast import forecast_cube, past, run

DATES = make_dates(13)
VINTAGES = [f"asof-{str(date).replace('-', '')}" for date in DATES[9:12]]
QUANTILES = [0.05, 0.25, 0.75, 0.95]


def forecast(folder: Path, vintages: list[Path], full: Path, model: str = "linear", **settings) -> tuple[xr.Dataset, xr.Dataset]:
    given = {"horizons": 3, "quantiles": QUANTILES, "history": 5, "seed": 0} | settings
    folder.mkdir(exist_ok=True)
    outputs = folder / f"{model}.zarr", folder / f"{model}-past.zarr"
    forecast_cube(vintages, full, *outputs, model=model, **given)
    return open_store(outputs[0]).load(), open_store(outputs[1]).load()


@pytest.fixture(scope="module")
def cubes(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], Path]:
    return write_cubes(tmp_path_factory.mktemp("cubes"), VINTAGES, bridged=(6,))


@pytest.fixture(scope="module")
def stores(cubes, tmp_path_factory: pytest.TempPathFactory) -> tuple[xr.Dataset, xr.Dataset]:
    return forecast(tmp_path_factory.mktemp("forecast"), *cubes)


def digest(folder: Path) -> str:
    total = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        total.update(str(file.relative_to(folder)).encode() + file.read_bytes())
    return total.hexdigest()


def test_origins_targets_and_quantiles(stores) -> None:
    made, _ = stores
    assert made.increment.dims == ("origin", "horizon", "quantile", "y", "x")
    assert made.increment.dtype == np.float32
    assert made.increment.attrs["sign"] == "positive towards the satellite"
    assert (made.origin.values == DATES[9:13]).all()
    assert made["quantile"].values.tolist() == [0.05, 0.25, 0.5, 0.75, 0.95]
    planned = DATES[-1] + 12 * np.arange(1, 4)
    assert (made.target_time.values[-1] == planned).all()
    assert (made.target_time.values[1] == [DATES[11], DATES[12], planned[0]]).all()
    assert made.rio.crs.to_epsg() == 4326
    assert made.attrs["model"] == "linear"
    assert made.attrs["vintages"] == [*VINTAGES, "full"]


def test_only_usable_pixels_are_forecast(stores) -> None:
    made, _ = stores
    usable = make_cube().mask.values
    assert np.isfinite(made.increment.values[..., usable]).all()
    assert np.isnan(made.increment.values[..., ~usable]).all()


def test_forecast_is_the_models_on_the_as_of_cube(cubes, stores) -> None:
    """The line through the as-of cube, one intercept on each side of the bridged step, by an independent fit."""
    made, _ = stores
    cube = open_store(cubes[0][0])
    days = (cube.time.values - cube.time.values[0]) / np.timedelta64(1, "D")
    y = cube.displacement.values[:, 7, 8].astype(float)
    late = np.arange(10) >= 6
    (slope, _, level), *_ = np.linalg.lstsq(np.column_stack([days, ~late, late]).astype(float), y, rcond=None)
    expected = level + slope * (days[-1] + 12 * np.arange(1, 4)) - y[-1]
    np.testing.assert_allclose(made.increment.sel(quantile=0.5).values[0, :, 7, 8], expected, rtol=1e-4)


def test_sd_is_half_the_central_two_thirds(cubes, tmp_path) -> None:
    levels = [0.15865525393145707, 0.8413447460685429]
    made, _ = forecast(tmp_path, *cubes, quantiles=levels)
    half = (made.increment.values[:, :, 2] - made.increment.values[:, :, 0]) / 2
    np.testing.assert_allclose(made.sd.values, half, rtol=2e-4)


def test_the_past_of_each_origin(cubes, stores) -> None:
    _, earlier = stores
    assert earlier["median"].dims == ("origin", "past", "horizon", "point")
    assert earlier.sizes["point"] == make_cube().mask.values.sum()
    expected = [DATES[4:9], DATES[4:10], DATES[4:11], DATES[4:12]]
    for at, dates in enumerate(expected):
        found = earlier.past_origin.values[at]
        assert (found[: len(dates)] == dates).all()
        assert np.isnat(found[len(dates) :]).all()
    point = int(np.flatnonzero((earlier.row == 7) & (earlier.col == 8))[0])
    y = open_store(cubes[0][0]).displacement.values[:, 7, 8].astype(float)
    days = 12.0 * np.arange(10)
    for number, index in enumerate(range(4, 9)):
        for horizon in (1, 2, 3):
            got = {name: float(earlier[name].values[0, number, horizon - 1, point]) for name in ("median", "sd", "observed")}
            if index + horizon > 9 or index < 6 <= index + horizon:
                assert all(np.isnan(value) for value in got.values()), "beyond the origin, or across the bridged step"
                continue
            assert got["observed"] == pytest.approx(y[index + horizon] - y[index], rel=1e-4)
            runs = [days[: index + 1] < 72, days[: index + 1] >= 72]
            design = np.column_stack([days[: index + 1], *(group for group in runs if group.any())]).astype(float)
            beta, *_ = np.linalg.lstsq(design, y[: index + 1], rcond=None)
            assert got["median"] == pytest.approx(beta[-1] + beta[0] * days[index + horizon] - y[index], rel=1e-3)


@pytest.mark.parametrize("model", ["persistence", "drift", "window_mean", "linear"])
def test_the_future_changes_no_bit(cubes, tmp_path, model: str) -> None:
    """Everything later than the last as-of cube, and the whole full cube, is replaced by noise; so is a later vintage."""
    vintages, full = cubes
    plain, earlier = forecast(tmp_path, vintages, full, model)
    other = open_store(full).load()
    rng = np.random.default_rng(5)
    other["displacement"][:] = rng.normal(0, 500, other.displacement.shape)
    other["mask"][:] = rng.random(other.mask.shape) > 0.5
    other["velocity"][:] = rng.normal(0, 500, other.velocity.shape)
    write_store(other, tmp_path / "other-full.zarr")
    late = other.isel(time=slice(0, 12)).assign_attrs(as_of=VINTAGES[2])
    write_store(late, tmp_path / "other-late.zarr")
    perturbed, before = forecast(
        tmp_path / "other", [*vintages[:2], tmp_path / "other-late.zarr"], tmp_path / "other-full.zarr", model
    )
    for one, two in ((plain, perturbed), (earlier, before)):
        for name in one.data_vars:
            size = min(one.sizes.get("past", 0), 6)  # the second origin has six earlier ones
            first, second = (each[name].isel(origin=slice(0, 2)) for each in (one, two))
            if "past" in first.dims:
                first, second = first.isel(past=slice(0, size)), second.isel(past=slice(0, size))
            assert first.values.tobytes() == second.values.tobytes(), name
    assert not np.array_equal(earlier.observed[2], before.observed[2], equal_nan=True)


def test_same_bytes_again_and_in_blocks(cubes, tmp_path, monkeypatch) -> None:
    for name in ("one", "two"):
        forecast(tmp_path / name, *cubes)
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
    whole = open_store(tmp_path / "one/linear.zarr").load()
    small = [(slice(top, top + 4), slice(0, 14)) for top in (0, 4, 8)]
    monkeypatch.setattr(run, "blocks", lambda ny, nx, edge: small)
    split, _ = forecast(tmp_path / "three", *cubes)
    assert whole.increment.values.tobytes() == split.increment.values.tobytes()
    assert whole.sd.values.tobytes() == split.sd.values.tobytes()


def test_the_past_is_sampled_by_a_regular_stride(cubes, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(past.run_past, "__defaults__", (45,))
    _, earlier = forecast(tmp_path, *cubes)
    assert earlier.attrs["stride"] == 2
    assert set(np.unique(earlier.row)) <= set(range(0, 12, 2))
    assert 0 < earlier.sizes["point"] <= 45
    y = open_store(cubes[0][0]).displacement.values
    at = int(np.flatnonzero((earlier.row == 6) & (earlier.col == 8))[0])
    assert float(earlier.observed[0, 4, 0, at]) == pytest.approx(float(y[9, 6, 8] - y[8, 6, 8]), rel=1e-4)


def test_two_vintages_that_end_alike_are_one_origin(cubes, tmp_path) -> None:
    vintages, full = cubes
    twin = open_store(vintages[0]).load().assign_attrs(as_of="asof-20180430")
    write_store(twin, tmp_path / "twin.zarr")
    made, _ = forecast(tmp_path, [vintages[0], tmp_path / "twin.zarr"], full)
    assert (made.origin.values == DATES[[9, 12]]).all()
    assert made.attrs["vintages"] == [VINTAGES[0], "full"]


def test_too_short_a_history(cubes, tmp_path) -> None:
    with pytest.raises(InsarcastError, match=r"from 2018-04-24 has 10 dates to learn from, but forecast\.history asks for 11"):
        forecast(tmp_path, *cubes, history=11)


def test_no_earlier_origin_leaves_an_empty_past(cubes, tmp_path) -> None:
    _, earlier = forecast(tmp_path, cubes[0][:1], cubes[1], history=10)
    assert earlier.sizes["past"] == 3
    assert np.isnan(earlier.observed.values[0]).all()


def test_other_grids_are_refused(cubes, tmp_path) -> None:
    write_store(make_cube(vintage=VINTAGES[0], nx=15), tmp_path / "wide.zarr")
    with pytest.raises(InsarcastError, match="different grids"):
        forecast(tmp_path, [tmp_path / "wide.zarr"], cubes[1])


def test_unknown_model(cubes, tmp_path) -> None:
    with pytest.raises(InsarcastError, match="did you mean 'drift'"):
        forecast(tmp_path, *cubes, model="drif")
