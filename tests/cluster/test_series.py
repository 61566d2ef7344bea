"""Clusters of a ready series: from dates before the first test, for points that the backtest takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from series import make_series

from insarcast.cluster import cluster_series
from insarcast.core import InsarcastError, add_to_store, open_store, write_store

PROTOCOL = {"dates": 50, "complete": True, "train": 0.8}


def run(cube: Path, name: str = "labels.zarr", protocol: dict[str, Any] | None = None, **changes: Any) -> xr.Dataset:
    settings = {"method": "kmeans", "k": None, "k_max": 5, "features": "series", "sample": 20000, "seed": 0} | changes
    cluster_series(cube, cube.with_name(name), protocol or PROTOCOL, **settings)
    return open_store(cube.with_name(name)).load()


@pytest.fixture
def cube(tmp_path: Path) -> Path:
    """60 points: 20 sink by 60 mm/yr, 40 do not; 2 mm of noise."""
    store = make_series(tmp_path, rate=0.0, noise=1.0)
    data = open_store(store).load()
    days = (data.time.values - data.time.values[0]) / np.timedelta64(1, "D")
    values = np.random.default_rng(0).normal(0, 2, data.displacement.shape).astype("float32")
    values[:, :20] += (-60 * days / 365.25)[:, None].astype("float32")
    changed = store.with_name("two.zarr")
    write_store(data.assign(displacement=data.displacement.copy(data=values)), changed)
    return changed


def change(cube: Path, name: str, edit: Any) -> Path:
    data = open_store(cube).load()
    values = data.displacement.values.copy()
    edit(values)
    write_store(data.assign(displacement=data.displacement.copy(data=values)), cube.with_name(name))
    return cube.with_name(name)


def test_what_sinks_and_what_does_not_are_two_clusters_the_fastest_first(cube: Path) -> None:
    found = run(cube)
    np.testing.assert_array_equal(found.label.values, [0] * 20 + [1] * 40)
    assert found.label.dtype == "int16"
    assert found.n.values.tolist() == [20, 40]
    assert found.velocity.values[0] == pytest.approx(-60, abs=1.5)
    assert abs(found.velocity.values[1]) < 1.5
    assert found.attrs["k"] == 2
    assert "all 60 usable points" in found.attrs["sentence"]
    assert "pixel" not in found.attrs["sentence"]
    assert found.series.dims == ("cluster", "level", "time")


def test_nothing_after_the_first_test_origin_matters_by_a_bit(cube: Path) -> None:
    """50 dates: training has 40, the first test origin is the last of them."""

    def later(values: np.ndarray) -> None:
        values[40:] += np.random.default_rng(1).normal(0, 500, values[40:].shape)

    xr.testing.assert_identical(run(cube), run(change(cube, "later.zarr", later), "other.zarr"))
    assert run(cube).time.size == 40

    def at_the_origin(values: np.ndarray) -> None:
        values[39] += np.random.default_rng(1).normal(0, 500, values[39].shape)

    assert not run(cube).series.equals(run(change(cube, "origin.zarr", at_the_origin), "third.zarr").series)


def test_only_the_dates_and_points_of_the_backtest_are_looked_at(cube: Path) -> None:
    def holes(values: np.ndarray) -> None:
        values[45, 5] = np.nan  # among the last 20 dates
        values[3, 6] = np.nan  # before them
        values[30:46, 7] = np.nan  # none of the past of the last 20 dates

    holed = change(cube, "holes.zarr", holes)
    last = {"dates": 20, "complete": True, "train": 0.8}
    found = run(holed, protocol=last)
    assert found.label.values[5] == -1
    assert found.label.values[6] == 0
    assert found.time.size == 16
    found = run(holed, protocol=last | {"complete": False})
    assert found.label.values[5] == 0
    assert found.label.values[7] == -1
    assert "belong to none, for they have fewer than 2 dates: 1" in found.attrs["sentence"]


def test_masked_points_belong_to_none(cube: Path) -> None:
    mask = np.ones(60, bool)
    mask[[0, 50]] = False
    add_to_store(xr.Dataset({"mask": ("point", mask)}), cube)
    found = run(cube)
    assert np.flatnonzero(found.label.values == -1).tolist() == [0, 50]
    assert found.n.values.sum() == 58


def test_a_sample_gives_every_point_its_nearest_cluster(cube: Path) -> None:
    found = run(cube, sample=30)
    np.testing.assert_array_equal(found.label.values, [0] * 20 + [1] * 40)
    assert "a random sample of 30 of 60 usable points" in found.attrs["sentence"]


def test_too_few_points_are_one_cluster_with_the_reason(tmp_path: Path) -> None:
    found = run(make_series(tmp_path, n_points=2))
    assert found.label.values.tolist() == [0, 0]
    assert "2 usable points are too few" in found.attrs["sentence"]


def test_no_usable_point_is_no_crash(cube: Path) -> None:
    def empty(values: np.ndarray) -> None:
        values[10] = np.nan

    found = run(change(cube, "empty.zarr", empty))
    assert (found.label.values == -1).all()
    assert "no point is usable" in found.attrs["sentence"]


def test_wrong_settings_have_a_sentence(cube: Path) -> None:
    with pytest.raises(InsarcastError, match=r"cluster.method is 'none'.*kmeans\.$"):
        run(cube, method="none")
    with pytest.raises(InsarcastError, match=r"cluster.features is 'colour'"):
        run(cube, features="colour")
