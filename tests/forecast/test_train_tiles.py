"""Batches of tiles: what is trained, what is kept, what happens when a tile fails. A model of grids without weights stands in."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
import xarray as xr
from cubes import make_dates, write_cubes

from insarcast.core import InsarcastError, Split, open_cube, open_store, read_tiles, write_store
from insarcast.forecast import fits, one_for_all, tiles, train_global, train_tiles
from insarcast.models import TrainingData
from insarcast.models.registry import Entry
from insarcast.tile import tile_cube

DATES = make_dates(13)
VINTAGES = [f"asof-{str(date).replace('-', '')}" for date in DATES[9:11]]
QUANTILES = [0.05, 0.95]


class Mean:
    """Learns the mean step of all its points, and forecasts it for each; its window's corner always fails with seed 13."""

    parameters = 1
    best_epoch = 0
    fitted: list[tuple[str, int, int]] = []  # noqa: RUF012  (a record of all fits)
    broken: set[int] = set()  # noqa: RUF012  (seeds that fail)

    def __init__(self, factor: float = 1.0) -> None:
        self.factor, self.step = factor, 0.0
        self.epochs: list[dict[str, Any]] = []

    def fit_many(self, datas: Sequence[TrainingData], split: Split, **given: Any) -> Self:
        if given["seed"] in self.broken:
            raise InsarcastError(f"training diverged with seed {given['seed']}.")
        known = [np.diff(data.until(split.train_end).displacement, axis=0) for data in datas]
        self.step = self.factor * float(np.mean([np.nanmean(steps) for steps in known])) + given["seed"] * 1e-3
        self.epochs = [{"epoch": 1, "training": 1.0, "validation": 1.0, "learning_rate": 0.1}]
        type(self).fitted.append((str(split.train_end), given["seed"], len(datas)))
        return self

    def fit(self, data: TrainingData, split: Split, **given: Any) -> Self:
        return self.fit_many([data], split, **given)

    def refine(self, data: TrainingData, split: Split, **given: Any) -> Self:
        before = self.step
        self.fit(data, split, **given)
        self.step = (self.step + before) / 2
        return self

    def predict(self, data: TrainingData, origins: Any, horizons: Any, quantiles: Any) -> xr.Dataset:
        level = np.array(quantiles) - 0.5
        values = self.step * np.array(horizons)[None, :, None, None] + level[None, None, :, None]
        last = np.stack([data.displacement[data.index(origin)] for origin in origins])[:, None, None]
        return xr.Dataset({"increment": (("origin", "horizon", "quantile", "point"), values + 0 * last)})

    def receptive_field(self, data: TrainingData) -> float:
        return 2.5

    def save(self, path: Path) -> None:
        path.mkdir()
        (path / "mean.json").write_text(json.dumps([self.factor, self.step]))

    @classmethod
    def load(cls, path: Path) -> Self:
        model = cls()
        model.factor, model.step = json.loads((path / "mean.json").read_text())
        return model


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = {
        "own": Entry("insarcast.models.simple.walk:Drift", "grid", "tile", "own"),
        "shared": Entry("insarcast.models.simple.walk:Drift", "grid", "global", "shared"),
        "tuned": Entry("insarcast.models.simple.walk:Drift", "grid", "tile", "tuned"),
    }
    Mean.fitted, Mean.broken = [], set()
    monkeypatch.setattr(tiles, "model_entry", entries.__getitem__)
    monkeypatch.setattr(fits, "make_model", lambda name, **settings: Mean(**settings))
    monkeypatch.setattr(fits, "load_model", lambda name, path: Mean.load(path))
    monkeypatch.setattr(fits, "model_module", lambda name: "insarcast.models.simple.walk")


@pytest.fixture(scope="module")
def cubes(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], Path]:
    return write_cubes(tmp_path_factory.mktemp("cubes"), VINTAGES, ny=20, nx=26)


@pytest.fixture(scope="module")
def table(cubes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tile") / "tiles.gpkg"
    tile_cube(*cubes, path, size=16, overlap=4, batches=2, min_usable=0.05)
    return path


def train(folder: Path, cubes: tuple[list[Path], Path], table: Path, model: str = "own", batch: int = 0, **changes: Any) -> Path:
    given = {
        "weights": [], "settings": {}, "horizons": 2, "quantiles": QUANTILES, "history": 6, "refit": "each", "retries": 1,
        "device": "cpu", "seed": 0, "cache": str(folder / "cache"),
    } | changes  # fmt: skip
    made = folder / f"{model}-{batch}"
    train_tiles(*cubes, table, made=made, model=model, batch=batch, **given)
    return made


def listed(made: Path) -> list[dict[str, Any]]:
    return json.loads((made / "batch.json").read_text())["tiles"]


def test_each_origin_learns_from_its_own_cube_and_the_past_from_before(cubes, table, tmp_path) -> None:
    made = train(tmp_path, cubes, table)
    entry = listed(made)[0]
    assert entry["status"] == "trained"
    assert entry["receptive_field"] == 2.5
    assert [fit["train_end"] for fit in entry["fits"]] == [str(DATES[index]) for index in (5, 9, 10, 12)]
    store = open_store(made / f"tile-{entry['tile']:04d}.zarr").load()
    window = dict(zip(("y", "x"), read_tiles(table)[entry["tile"]].window, strict=True))
    for at, path in enumerate([*cubes[0], cubes[1]]):
        cube = open_cube(path).isel(window)
        usable = cube.mask.values
        step = np.nanmean(np.diff(cube.displacement.values[:, usable].astype(float), axis=0))
        np.testing.assert_allclose(store.increment.values[at, 1, 1][usable], 2 * step, rtol=1e-4)
        assert np.isnan(store.increment.values[at][..., ~usable]).all()
    assert store.attrs["vintages"] == [*VINTAGES, "full"]


def test_the_past_is_what_the_first_fit_says_at_the_sampled_pixels(cubes, table, tmp_path) -> None:
    made = train(tmp_path, cubes, table, batch=1)
    entry = listed(made)[0]
    past = open_store(made / f"tile-{entry['tile']:04d}-past.zarr").load()
    cube = open_cube(cubes[0][0])
    row, col = past.row.values, past.col.values
    assert cube.mask.values[row, col].all()
    np.testing.assert_allclose(
        past.observed.values[0, 0, 0], cube.displacement.values[6, row, col] - cube.displacement.values[5, row, col], rtol=1e-4
    )
    assert np.unique(past["median"].values[0, :, 0][np.isfinite(past.observed.values[0, :, 0])]).size == 1, "one fit for all"


def test_refit_first_uses_one_fit_for_all_origins(cubes, table, tmp_path) -> None:
    entry = listed(train(tmp_path, cubes, table, refit="first"))[0]
    assert [fit["train_end"] for fit in entry["fits"]] == [str(DATES[5]), str(DATES[9])]


def test_a_second_run_takes_everything_from_the_cache(cubes, table, tmp_path) -> None:
    first = train(tmp_path, cubes, table)
    trained = len(Mean.fitted)
    kept = {path.relative_to(first): path.read_bytes() for path in first.rglob("*") if path.is_file()}
    shutil.rmtree(first)
    again = train(tmp_path, cubes, table)
    assert len(Mean.fitted) == trained
    assert {path.relative_to(again): path.read_bytes() for path in again.rglob("*") if path.is_file()} == kept
    shutil.rmtree(again)
    train(tmp_path, cubes, table, settings={"factor": 2.0})
    assert len(Mean.fitted) == 2 * trained


def test_later_acquisitions_train_nothing_anew(cubes, table, tmp_path) -> None:
    """A calendar that goes on after the end of training is no other training; nor is another number of retries."""
    made = train(tmp_path, cubes, table)
    trained = len(Mean.fitted)
    shutil.rmtree(made)
    train(tmp_path, cubes, table, horizons=2, retries=5)
    assert len(Mean.fitted) == trained
    data = tiles.window_data(tiles.read_starts(*cubes, 2, 6)[0], (slice(0, 16), slice(0, 16)))
    longer = replace(data, calendar=np.append(data.calendar, data.calendar[-1] + np.timedelta64(12, "D")))
    trainer = fits.Trainer("own", {}, 0, 0, "cpu", tmp_path, "train_tiles")
    fit = fits.Fit("past", 0, Split(data.time[5], (data.time[5],), (1, 2)))
    assert trainer._key([data], fit, None) == trainer._key([longer], fit, None)
    assert trainer._key([data], fit, None) != trainer._key([data.take(np.arange(5))], fit, None)


def test_what_was_trained_forecasts_on_the_device_that_was_asked_for(cubes, table, tmp_path, monkeypatch) -> None:
    seen = []
    usual = Mean.predict
    monkeypatch.setattr(Mean, "predict", lambda self, *given: seen.append(self.device) or usual(self, *given))
    train(tmp_path, cubes, table, device="auto")
    assert set(seen) == {"auto"}


def test_half_done_goes_on_tile_by_tile(cubes, table, tmp_path) -> None:
    made = train(tmp_path, cubes, table)
    place = sorted((tmp_path / "cache/training/own").iterdir())
    trained = len(Mean.fitted)
    assert trained == len(place)
    shutil.rmtree(place[0])
    (tmp_path / "cache/training/own" / f".part-{place[1].name}-1").mkdir()  # what a killed run leaves
    shutil.rmtree(made)
    train(tmp_path, cubes, table)
    assert len(Mean.fitted) == trained + 1


def test_a_tile_that_fails_is_tried_with_another_seed(cubes, table, tmp_path) -> None:
    Mean.broken = {0}
    entry = listed(train(tmp_path, cubes, table))[0]
    assert entry["status"] == "trained"
    assert entry["attempts"] == 2
    assert "seed 0" in entry["reason"]
    assert entry["seed"] == 1


def test_tiles_that_always_fail(cubes, table, tmp_path, monkeypatch) -> None:
    """Every tile of a batch, or one of them, even after its training: they are listed, and no batch ends another's work."""
    Mean.broken = {0, 1}
    entries = listed(train(tmp_path, cubes, table))
    assert {entry["status"] for entry in entries} == {"failed"}
    assert {(entry["attempts"], entry["reason"]) for entry in entries} == {(2, "training diverged with seed 0.")}
    Mean.broken = set()
    usual = tiles._forecast_tile

    def some(tile: Any, *given: Any) -> dict[str, Any]:
        if tile.tile == listed_first:
            raise RuntimeError("CUDA out of\nmemory")
        return usual(tile, *given)

    listed_first = min(tile.tile for tile in read_tiles(table) if tile.batch == 0)
    monkeypatch.setattr(tiles, "_forecast_tile", some)
    entries = listed(train(tmp_path / "some", cubes, table))
    assert [entry["status"] for entry in entries].count("failed") == 1
    assert entries[0]["reason"] == "CUDA out of memory"
    assert [path.name for path in (tmp_path / "some/own-0").glob(f"tile-{listed_first:04d}*")] == []


def test_one_network_for_all_tiles_and_tuned_to_each(cubes, table, tmp_path) -> None:
    given: dict[str, Any] = {
        "settings": {}, "horizons": 2, "history": 6, "refit": "first", "retries": 0, "device": "cpu", "seed": 3,
        "cache": str(tmp_path / "cache"),
    }  # fmt: skip
    weights = tmp_path / "shared"
    train_global(*cubes, table, weights, model="shared", most_tiles=3, **given)
    assert [(end, count) for end, _, count in Mean.fitted] == [(str(DATES[5]), 3), (str(DATES[9]), 3)]
    assert sorted(path.name for path in weights.iterdir()) == [VINTAGES[0], "past"]
    entry = listed(train(tmp_path, cubes, table, "shared", weights=[weights], refit="first"))[0]
    assert entry["status"] == "forecast"
    assert len(Mean.fitted) == 2
    tuned = listed(train(tmp_path, cubes, table, "tuned", weights=[weights], refit="first"))[0]
    assert tuned["status"] == "trained"
    assert [count for *_, count in Mean.fitted[2:]] == [1] * (2 * len(listed(tmp_path / "tuned-0")))


def test_tiles_are_spread_over_the_scene() -> None:
    assert one_for_all.spread_tiles(list(range(10)), 3) == [0, 4, 9]  # type: ignore[arg-type]
    assert one_for_all.spread_tiles(list(range(2)), 5) == [0, 1]  # type: ignore[arg-type]


def test_the_future_changes_no_bit(cubes, table, tmp_path) -> None:
    """The full cube's dates after the first origin are replaced by noise; forecast and past of the first origin stay."""
    vintages, full = cubes
    plain = train(tmp_path / "plain", cubes, table)
    other = open_store(full).load()
    other["displacement"][10:] = np.random.default_rng(1).normal(0, 500, other.displacement[10:].shape)
    write_store(other, tmp_path / "other.zarr")
    changed = train(tmp_path / "changed", (vintages, tmp_path / "other.zarr"), table)
    number = listed(plain)[0]["tile"]
    for name in (f"tile-{number:04d}.zarr", f"tile-{number:04d}-past.zarr"):
        one, two = (open_store(folder / name).isel(origin=slice(0, 2)).load() for folder in (plain, changed))
        for variable in one.data_vars:
            if "past" in one[variable].dims:
                assert np.array_equal(one[variable][:, :4], two[variable][:, :4], equal_nan=True), variable
            else:
                assert one[variable].values.tobytes() == two[variable].values.tobytes(), variable


def test_plan_without_earlier_origins(cubes) -> None:
    starts = tiles.read_starts(*cubes, 2, 10)
    plan = fits.plan_fits(starts[:1], [1, 2], 10, "each")
    assert plan.past is None
    assert [fit.name for fit in plan.fits] == [VINTAGES[0]]
