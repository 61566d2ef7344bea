"""A reference moved after the inversion is the one that the inversion would have had."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from insarcast.core import InsarcastError, open_store
from insarcast.stack import move_reference
from tests.stack.conftest import lags, solve, write_ifgs
from tests.stack.inverted import correct, write_inverted

HERE, THERE = {"lon": -98.997, "lat": 19.985}, {"lon": -98.975, "lat": 19.990}  # columns 3 and 25, rows 15 and 10


def test_it_equals_inverting_again_with_that_reference(tmp_path: Path, basin: Any) -> None:
    for name, place in (("here", HERE), ("there", THERE)):
        (tmp_path / name).mkdir()
        write_ifgs(tmp_path / name / "ifgs.zarr", basin(noise=0.5), lags(8, 1, 2))
        solve(tmp_path / name, reference=place)
    here, there = (open_store(tmp_path / name / "full/cube.zarr").load() for name in ("here", "there"))
    moved = move_reference(here, **THERE)
    assert np.abs(here.displacement.values - there.displacement.values).max() > 20
    np.testing.assert_allclose(moved.displacement, there.displacement, atol=1e-3)
    np.testing.assert_allclose(moved.velocity, there.velocity, atol=0.01)
    for key in ("row", "col", "lon", "lat", "window"):
        assert moved.attrs[f"reference_{key}"] == pytest.approx(there.attrs[f"reference_{key}"])
    assert moved.attrs["reference_moved_from_lon"] == pytest.approx(HERE["lon"])
    assert "sigma is still" in moved.attrs["reference_note"]
    np.testing.assert_array_equal(moved.sigma, here.sigma)
    assert moved.displacement.attrs["units"] == "mm"


def test_the_study_moves_it_the_same_way(tmp_path: Path) -> None:
    series = np.random.default_rng(0).normal(size=(5, 20, 30))
    write_inverted(tmp_path, series)
    corrected, record, fix = correct(tmp_path, move={**THERE, "window": 4})
    expected = move_reference(open_store(tmp_path / "inversion.zarr"), **THERE, window=4)
    np.testing.assert_allclose(corrected, expected.displacement.values, atol=1e-5)
    np.testing.assert_allclose(
        corrected[:, 9:13, 24:28].mean((1, 2)), 0, atol=1e-5
    )  # an even window reaches further down and right
    assert {key: value for key, value in fix.attributes.items() if key.startswith("reference")} == {
        key: value for key, value in expected.attrs.items() if key.startswith("reference")
    }
    step = record["steps"][0]
    assert (step["from"]["row"], step["to"]["row"], step["to"]["col"]) == (1, 10, 25)
    assert record["pixels"] is None
    assert step["sentence"] == "reference moved from 19.9990 N, 98.9990 W to 19.9900 N, 98.9750 W"


def test_a_place_without_measurements_is_a_sentence(tmp_path: Path) -> None:
    series = np.zeros((3, 20, 30))
    series[:, :, 20:] = np.nan
    write_inverted(tmp_path, series)
    with pytest.raises(
        InsarcastError, match=r"Nothing in the window at 19\.9900 N, -98\.9750 E is measured on 2020-01-01, 2020-01-13"
    ):
        correct(tmp_path, move={**THERE, "window": 3})
    with pytest.raises(InsarcastError, match="outside the cube's grid"):
        move_reference(open_store(tmp_path / "inversion.zarr"), 10, 50)
