"""What is made of several models of a ready series: it knows no outcome before its date."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from series import make_series

from insarcast.combine import combine_series
from insarcast.combine.series.classes import moving_classes
from insarcast.combine.series.ensembles import learning_cells, past_skill, stacking_weights, write_combination
from insarcast.core import open_store
from insarcast.core.series_past import Past
from insarcast.forecast import backtest_series

PROTOCOL: dict[str, Any] = {
    "dates": 60,
    "complete": False,
    "train": 0.7,
    "past": 0.3,
    "gap": 0,
    "horizons": 3,
    "refit": "first",
    "batches": 1,
}
SERIES: list[Path] = []
MODELS = ("persistence", "window_mean", "linear", "last_velocity")


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("cube")
    series = make_series(folder, 60, 80, gaps=4)
    SERIES.append(series)
    made = [folder / f"{model}.zarr" for model in MODELS]
    for model, path in zip(MODELS, made, strict=True):
        backtest_series(series, path, model, {}, PROTOCOL, [0.05, 0.95], 0, 0, "cpu")
    return made


def combine(paths: list[Path], folder: Path) -> tuple[xr.Dataset, xr.Dataset, dict[str, Any]]:
    folder.mkdir(exist_ok=True)
    series = paths[0].parent / "stack/full/series.zarr"
    outputs = (folder / "auto.zarr", folder / "stacking.zarr", folder / "auto.json")
    combine_series(paths, series if series.exists() else SERIES[0], *outputs, [5, 20], 20, 0)
    auto, stacking = (open_store(folder / f"{name}.zarr").load() for name in ("auto", "stacking"))
    return auto, stacking, json.loads((folder / "auto.json").read_text())


def perturbed(paths: list[Path], folder: Path, later_than: np.datetime64) -> list[Path]:
    """The same forecasts, but other outcomes after a date."""
    out = []
    for path in paths:
        store = open_store(path).load()
        noise = np.random.default_rng(0).normal(0, 300, store.observed.shape)
        late = (store.target_time.values > later_than)[:, :, None]
        store["observed"] = (store.observed.dims, np.where(late, noise, store.observed.values).astype("float32"))
        out.append(folder / path.name)
        store.to_zarr(out[-1], zarr_format=3, consolidated=False)
    return out


def test_an_outcome_of_tomorrow_changes_no_choice_of_today(paths: list[Path], tmp_path: Path) -> None:
    store = open_store(paths[0])
    first = store.origin.values[store.role.values == "test"][0]
    plain = combine(paths, tmp_path / "plain")
    moved = combine(perturbed(paths, tmp_path, first), tmp_path / "moved")
    before = plain[0].origin.values <= first
    assert plain[0].increment.values[before].tobytes() == moved[0].increment.values[before].tobytes()
    assert plain[1].increment.values.tobytes() == moved[1].increment.values.tobytes(), "stacking learns before the first test"
    assert not np.array_equal(plain[0].increment.values[~before], moved[0].increment.values[~before], equal_nan=True)
    for key in ("model", "past_skill", "stacking", "n_origins"):
        assert plain[2][key] == moved[2][key]


def test_weights_are_shares(paths: list[Path], tmp_path: Path) -> None:
    auto, stacking, choice = combine(paths, tmp_path)
    for key in ("weights", "weights_of_the_mean", "stacking"):
        shares = np.array([[choice[key][model][str(step)] for step in (1, 2, 3)] for model in MODELS])
        np.testing.assert_allclose(shares.sum(axis=0), 1)
        assert (shares >= 0).all()
    assert choice["stacking"]["last_velocity"]["3"] < 0.02, "the worst of all gets next to nothing"
    assert choice["past_skill"]["persistence"] == {"1": 0.0, "2": 0.0, "3": 0.0}
    assert choice["past_skill"]["last_velocity"]["3"] < 0
    assert choice["model"]["1"] in MODELS
    assert "Of the models, by" in choice["sentence"]
    for made in (auto, stacking):
        known = np.isfinite(made.increment.values).all(axis=2)
        assert known.mean() > 0.95
        assert (np.diff(made.increment.values, axis=2) >= 0).all(axis=2)[known].all()


def test_the_combination_is_the_weighted_mean_of_those_that_know(paths: list[Path], tmp_path: Path) -> None:
    stores = {path.stem: open_store(path).load() for path in paths[:2]}
    stores["window_mean"].increment.values[2, 1, :, 6] = np.nan
    shape = stores["persistence"].increment.shape
    classes = np.arange(shape[-1]) % 2
    weights = np.stack([np.broadcast_to(np.array(each), (*shape[:2], 2)) for each in ([0.25, 0.75], [1.0, 0.0])])
    shift = np.arange(shape[0] * shape[1], dtype=float).reshape(shape[:2])
    write_combination(stores, weights, classes, tmp_path / "mean.zarr", {"model": "mean"}, shift)
    made = open_store(tmp_path / "mean.zarr").load()
    expected = 0.25 * stores["persistence"].increment.values + 0.75 * stores["window_mean"].increment.values
    expected[..., 1::2] = stores["persistence"].increment.values[..., 1::2]
    expected[2, 1, :, 6] = stores["persistence"].increment.values[2, 1, :, 6]
    np.testing.assert_allclose(made.increment.values, expected + shift[:, :, None, None], rtol=1e-5, atol=1e-5)


def test_past_origins_whose_outcome_was_known_on_the_first_test_origin(paths: list[Path]) -> None:
    store = open_store(paths[0]).load()
    cells = learning_cells(store)
    count = int((store.role.values == "past").sum())
    assert cells.sum(axis=0).tolist() == [count, count - 1, count - 2]


def test_a_horizon_without_outcomes_takes_the_weights_of_the_one_before() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 1, (12, 2, 30))
    medians = np.stack([truth + 0.1 * rng.normal(0, 1, truth.shape), np.zeros_like(truth)])
    cells = np.ones((12, 2), bool)
    cells[3:, 1] = False
    weights = stacking_weights(medians, truth, cells)
    assert weights[0, 0] > 0.95
    assert weights[1].tolist() == weights[0].tolist()
    assert stacking_weights(medians, truth, np.zeros((12, 2), bool)).tolist() == [[0.5, 0.5]] * 2


def test_past_skill() -> None:
    truth = np.zeros((3, 1, 2))
    medians = np.stack([np.array([4.0, 4.0, 9.0]), np.array([1.0, 3.0, 0.0])])[:, :, None, None] * np.ones((1, 1, 1, 2))
    medians[1, 0, 0, 1] = np.nan
    known = np.array([[True], [True], [False]])
    assert past_skill(medians, truth, known).tolist() == [[0.0], [1 - 7 / 12]]
    assert np.isnan(past_skill(medians, truth, np.zeros((3, 1), bool))).all()


def test_fast_points_have_weights_of_their_own(tmp_path: Path) -> None:
    """Most points stand still in white noise, where the mean of the last dates wins; the others sink, where the line does."""
    series = make_series(tmp_path, 60, 300, noise=2.0, rate=0.0)
    cube = open_store(series).load()
    years = (cube.time.values - cube.time.values[0]) / np.timedelta64(365, "D")
    values = np.random.default_rng(0).normal(0, 2, cube.displacement.shape)
    values[:, :40] -= 60 * years[:, None]
    cube["displacement"] = (cube.displacement.dims, values.astype("float32"), cube.displacement.attrs)
    fast = tmp_path / "fast/stack/full/series.zarr"
    fast.parent.mkdir(parents=True)
    cube.to_zarr(fast, zarr_format=3, consolidated=False)
    made = [tmp_path / f"{model}.zarr" for model in MODELS[:3]]
    for model, path in zip(MODELS, made, strict=False):
        backtest_series(fast, path, model, {}, PROTOCOL, [0.05, 0.95], 0, 0, "cpu")
    outputs = (tmp_path / "auto.zarr", tmp_path / "stacking.zarr", tmp_path / "auto.json")
    combine_series(made, fast, *outputs, [20], 20, 0)
    for name in ("auto", "stacking"):
        expected = open_store(tmp_path / f"{name}.zarr").increment.sel(quantile=0.5).values[-1, 2]
        ground = -60 * 36 / 365
        assert expected[:40].mean() == pytest.approx(ground, abs=1.5), name
        assert abs(expected[40:].mean()) < 1.0, name


def test_classes_with_few_points_join_the_next_slower() -> None:
    velocity = np.array([0.5] * 30 + [-3.0] * 25 + [12.0] * 3 + [-80.0, np.nan])
    past = Past(velocity, velocity, velocity)
    assert moving_classes(past, [2, 10, 50], 20).tolist() == [0] * 30 + [1] * 29 + [0]
    assert moving_classes(past, [2, 10, 50], 4).tolist() == [0] * 30 + [1] * 25 + [2] * 4 + [0]
    assert moving_classes(past, [2, 10, 50], 1).tolist() == [0] * 30 + [1] * 25 + [2] * 3 + [3, 0]
    assert set(moving_classes(past, [2, 10, 50], 40).tolist()) == {0}
    quick = Past(np.full(30, -40.0), velocity, velocity)
    assert set(moving_classes(quick, [2, 10], 20).tolist()) == {0}
