"""Intervals of ready series: they cover, learn only what was known, and nest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from series import make_series

from insarcast.combine import calibrate_series, combine_series
from insarcast.core import InsarcastError, open_store
from insarcast.forecast import backtest_series

PROTOCOL: dict[str, Any] = {
    "dates": 90,
    "complete": True,
    "train": 0.7,
    "past": 0.4,
    "gap": 0,
    "horizons": 3,
    "refit": "first",
    "batches": 1,
}
LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95]
MODELS = ("persistence", "window_mean", "linear")


def try_models(folder: Path, series: Path, batches: int = 1) -> dict[str, list[Path]]:
    made = {}
    for model in MODELS:
        made[model] = [folder / f"forecast/series/{model}-{batch}.zarr" for batch in range(batches)]
        for batch, path in enumerate(made[model]):
            path.parent.mkdir(parents=True, exist_ok=True)
            backtest_series(series, path, model, {}, PROTOCOL | {"batches": batches}, LEVELS, batch, 0, "cpu")
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cube")


@pytest.fixture(scope="module")
def series(folder: Path) -> Path:
    return make_series(folder, 90, 400, noise=2.0)


@pytest.fixture(scope="module")
def made(folder: Path, series: Path) -> dict[str, list[Path]]:
    return try_models(folder, series)


def calibrate(paths: list[Path], series: Path, out: Path, **keys: Any) -> xr.Dataset:
    calibrate_series(paths, series, out, [10, 50], keys.get("min_origins", 5), keys.get("half_life", 20))
    return open_store(out).load()


@pytest.fixture(scope="module")
def calibrated(made: dict[str, list[Path]], series: Path, folder: Path) -> xr.Dataset:
    return calibrate(made["window_mean"], series, folder / "calibrated.zarr")


def coverage(store: xr.Dataset, layer: str = "increment") -> float:
    inside = (store[layer].isel(quantile=0) <= store.observed) & (store.observed <= store[layer].isel(quantile=-1))
    return float(inside.where(store.observed.notnull()).mean())


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_intervals_cover(made: dict[str, list[Path]], series: Path, tmp_path: Path, factor: float) -> None:
    """Whatever a model thinks of its own errors."""
    raw = open_store(made["window_mean"][0]).load()
    median = raw.increment.sel(quantile=0.5, drop=True)
    raw.assign(increment=median + factor * (raw.increment - median), sd=raw.sd * factor).transpose(*raw.increment.dims).to_zarr(
        tmp_path / "raw.zarr", zarr_format=3, consolidated=False
    )
    store = calibrate([tmp_path / "raw.zarr"], series, tmp_path / "c.zarr")
    assert abs(coverage(store, "own") - 0.9) > 0.02
    assert coverage(store) == pytest.approx(0.9, abs=0.02)
    assert bool(store.calibrated.all())
    assert store.attrs["sentences"][0].startswith("The intervals of all forecasts are calibrated on what was known")


def test_only_what_is_asked_for_is_left(calibrated: xr.Dataset, made: dict[str, list[Path]]) -> None:
    raw = open_store(made["window_mean"][0]).load()
    later = raw.role.values != "past"
    assert set(calibrated.role.values) == {"test", "newest"}
    np.testing.assert_array_equal(calibrated.own.values, raw.increment.values[later])
    np.testing.assert_array_equal(calibrated.increment.sel(quantile=0.5).values, raw.increment.sel(quantile=0.5).values[later])
    assert (np.diff(calibrated.increment.values, axis=2) >= 0).all()


def test_an_outcome_of_tomorrow_changes_no_interval_of_today(made: dict[str, list[Path]], series: Path, tmp_path: Path) -> None:
    """Perturb every outcome later than an origin: its intervals stay, bit by bit; those of later origins move."""
    raw = open_store(made["window_mean"][0]).load()
    now = raw.origin.values[raw.role.values == "test"][8]
    other = raw.copy(deep=True)
    other.observed.values[raw.target_time.values > now] += 500
    other.to_zarr(tmp_path / "other.zarr", zarr_format=3, consolidated=False)
    plain, moved = (
        calibrate([path], series, tmp_path / f"{n}.zarr")
        for n, path in enumerate((made["window_mean"][0], tmp_path / "other.zarr"))
    )
    before = plain.origin.values <= now
    assert plain.increment.values[before].tobytes() == moved.increment.values[before].tobytes()
    assert not np.allclose(plain.increment.values[~before], moved.increment.values[~before])


def test_shares_of_the_points_are_put_together(series: Path, tmp_path: Path, calibrated: xr.Dataset) -> None:
    whole = calibrate(try_models(tmp_path, series, 3)["window_mean"], series, tmp_path / "c.zarr")
    np.testing.assert_array_equal(whole.increment.values, calibrated.increment.values)
    assert whole["index"].values.tolist() == list(range(400))


def test_in_parts_that_fit_into_memory(
    made: dict[str, list[Path]], series: Path, tmp_path: Path, calibrated: xr.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("insarcast.combine.series.stores.POINTS", 150)
    whole = calibrate(made["window_mean"], series, tmp_path / "c.zarr")
    np.testing.assert_array_equal(whole.increment.values, calibrated.increment.values)


def test_too_few_outcomes_leave_the_models_own(made: dict[str, list[Path]], series: Path, tmp_path: Path) -> None:
    store = calibrate(made["linear"], series, tmp_path / "c.zarr", min_origins=1000)
    assert not store.calibrated.values.any()
    np.testing.assert_array_equal(store.increment.values, store.own.values)
    assert "needs 1000 earlier origins" in store.attrs["sentences"][0]


def test_models_do_not_mix(made: dict[str, list[Path]], series: Path, tmp_path: Path) -> None:
    with pytest.raises(InsarcastError, match="hold forecasts of 2 models"):
        calibrate([*made["linear"], *made["persistence"]], series, tmp_path / "c.zarr")
    other = make_series(tmp_path, 90, 30)
    short = try_models(tmp_path, other)
    with pytest.raises(InsarcastError, match="tried on different points or dates"):
        combine_series(
            [*made["persistence"], *short["linear"]], other, tmp_path / "a", tmp_path / "s", tmp_path / "j.json", [10], 20, 0
        )
