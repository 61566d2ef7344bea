"""A ready series is tried as the study says: which points, which dates, and nothing from the future in any model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from series import make_series

from insarcast.core import InsarcastError, open_cube, open_store, write_store
from insarcast.forecast import backtest_series
from insarcast.forecast.origins import planned_dates
from insarcast.models import model_entry, model_names

PROTOCOL: dict[str, Any] = {
    "dates": 30,
    "complete": True,
    "train": 0.8,
    "past": 0.3,
    "gap": 0,
    "horizons": 2,
    "refit": "first",
    "batches": 1,
}
QUICK: dict[str, dict[str, Any]] = {
    **{name: {"epochs": 2, "hidden": 4, "window": 5} for name in ("rnn", "gru", "lstm")},
    "boosting": {"window": 2, "k": 4, "trees": 5, "learning_rate": 0.3, "least": 5},
}


def run(series: Path, out: Path, model: str = "linear", **keys: Any) -> xr.Dataset:
    backtest_series(series, out, model, QUICK.get(model, {}), PROTOCOL | keys, [0.05, 0.95], keys.get("batch", 0), 0, "cpu")
    return open_store(out).load()


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_series(tmp_path_factory.mktemp("cube"), 40, 24, gaps=3, join=25)


def test_what_is_left(series: Path, tmp_path: Path) -> None:
    made = run(series, tmp_path / "a.zarr")
    cube = open_cube(series)
    assert made["index"].values.tolist() == list(range(24)), "the gaps lie before the last 30 dates"
    assert made.origin.values.tolist() == cube.time.values[24:].tolist()
    assert list(made.role.values) == ["past"] * 9 + ["test"] * 6 + ["newest"]
    assert made.attrs["model"] == "linear"
    assert made.attrs["first_date"] == str(cube.time.values[10])[:10]
    whole = run(series, tmp_path / "b.zarr", dates=None)
    assert whole["index"].values.tolist() == list(range(21))
    assert run(series, tmp_path / "c.zarr", dates=None, complete=False).sizes["point"] == 24


def test_no_complete_point_ends_in_a_sentence(series: Path, tmp_path: Path) -> None:
    cube = open_cube(series).load()
    cube["displacement"] = cube.displacement.where(np.arange(24) != np.arange(40)[:, None] % 24)
    write_store(cube, tmp_path / "gaps.zarr")
    with pytest.raises(
        InsarcastError, match=r"none of the 24 points has a value on each of the last 30 dates; set backtest\.complete"
    ):
        run(tmp_path / "gaps.zarr", tmp_path / "a.zarr")


def test_models_of_grids_are_refused(series: Path, tmp_path: Path) -> None:
    with pytest.raises(InsarcastError, match=r"forecast\.models names convlstm, which forecasts tiles of a grid"):
        run(series, tmp_path / "a.zarr", "convlstm")


def test_local_models_in_shares(series: Path, tmp_path: Path) -> None:
    whole = run(series, tmp_path / "whole.zarr")
    shares = [run(series, tmp_path / f"{batch}.zarr", batches=3, batch=batch) for batch in range(3)]
    together = xr.concat(shares, "point", data_vars="minimal", coords="minimal")
    np.testing.assert_array_equal(together.increment.values, whole.increment.values)
    np.testing.assert_array_equal(together["index"].values, whole["index"].values)


def test_the_last_steps_say_when_the_satellite_comes() -> None:
    time = np.datetime64("2020-01-01", "D") + np.cumsum([0] + [6] * 30 + [12] * 11)
    assert (np.diff(np.concatenate([time[-1:], planned_dates(time, 3)])) == np.timedelta64(12, "D")).all()


@pytest.fixture(scope="module")
def other_future(series: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same series, but other values after the first test origin."""
    cube = open_cube(series).load()
    first = 10 + 24 - 1
    values = cube.displacement.values.copy()
    values[first + 1 :] = np.random.default_rng(1).normal(0, 1e3, values[first + 1 :].shape)
    path = tmp_path_factory.mktemp("other") / "stack/full/series.zarr"
    path.parent.mkdir(parents=True)
    write_store(cube.assign(displacement=(cube.displacement.dims, values, cube.displacement.attrs)), path)
    return path


@pytest.mark.parametrize("model", [name for name in model_names() if model_entry(name).view != "grid"])
@pytest.mark.parametrize("refit", ["first", "each"])
def test_no_model_sees_the_future(model: str, refit: str, series: Path, other_future: Path, tmp_path: Path) -> None:
    """From the file on: forecasts up to the first test origin are the same bits, whatever came after it."""
    plain, other = (run(path, tmp_path / f"{n}.zarr", model, refit=refit) for n, path in enumerate((series, other_future)))
    before = np.cumsum(plain.role.values == "test") <= 1
    before &= plain.role.values != "newest"
    assert plain.increment.values[before].tobytes() == other.increment.values[before].tobytes()
    assert plain.sd.values[before].tobytes() == other.sd.values[before].tobytes()
    assert np.isfinite(plain.increment.values[before]).all()
    if model != "persistence":
        assert not np.array_equal(plain.increment.values[~before], other.increment.values[~before])
