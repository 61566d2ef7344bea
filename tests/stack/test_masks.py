"""Indices, presets and the masks of terrain."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from insarcast.core import InsarcastError, open_cube, open_store, write_store
from insarcast.stack import build_cube
from insarcast.stack.cube.mask import FLAGS, INDICES, LEAST_PIXELS, PRESETS, PRODUCT, SHADOW, WATER, least_pixels, untested
from insarcast.stack.cube.noise import gap_runs
from insarcast.stack.cube.terrain import in_shadow
from tests.stack.conftest import lags, solve, write_ifgs

# Step 15 of LiCSBAS2 for L-band and of the comet fork, as their documentation lists the defaults; ours beside theirs by name.
PUBLISHED = {
    "licsbas-l": {
        "coherence": 0.01, "n_unw_ratio": 1.0, "velocity_std": 200, "max_span": 1, "n_gap": 1, "stc": 10,
        "n_pair_no_loop": 50, "n_loop_err": 1, "resid_rms": 10,
    },
    "licsbas-comet": {
        "coherence": 0.15, "n_unw_ratio": 1.5, "velocity_std": 100, "max_span": 1, "n_gap_merged": 10, "stc": 10,
        "n_pair_no_loop": 500, "n_loop_err": 5, "loop_err_ratio": 0.7, "resid_rms": 15,
    },
}  # fmt: skip


def test_presets_are_as_published() -> None:
    for name, published in PUBLISHED.items():
        assert PRESETS[name] == published
    assert (LEAST_PIXELS["mintpy"], PRESETS["mintpy"]) == (100, {"temporal_coherence": 0.7})
    assert least_pixels({"preset": "mintpy", "min_pixels": None}) == 100
    assert least_pixels({"preset": "mintpy", "min_pixels": 7}) == 7
    assert least_pixels({"preset": "licsbas"}) == 1


def test_stored_bits_keep_their_meaning() -> None:
    assert FLAGS.index("temporal_coherence") == 11
    assert FLAGS.index(WATER) == 12
    assert set(FLAGS) == {*INDICES, "not_inverted", WATER, SHADOW, PRODUCT}
    assert len(FLAGS) <= 32


def test_merged_gaps_are_runs() -> None:
    filled = np.zeros((8, 1, 3), bool)
    filled[[2, 3, 4, 6], 0, 0] = True
    filled[[1, 7], 0, 1] = True
    assert gap_runs(filled).tolist() == [[2, 2, 0]]


def test_what_a_threshold_cannot_test_is_said(tmp_path: Path, basin: Any) -> None:
    assert untested({"loop_phase_mean": 1.0, "stc": 5, "n_gap": 1}, {"n_unw"}) == [
        "The mask does not test loop_phase_mean: there is no such index in the inversion."
    ]
    write_ifgs(tmp_path / "ifgs.zarr", basin(), lags(8, 1, 2))
    solve(tmp_path)
    data = open_store(tmp_path / "full/inversion.zarr").load()
    write_store(data.drop_vars("coherence"), tmp_path / "bare.zarr")
    limits = {"preset": "none", "thresholds": {"coherence": 0.9}}
    build_cube(tmp_path / "ifgs.zarr", tmp_path / "bare.zarr", tmp_path / "c.zarr", "full", limits, 0, "")
    cube = open_cube(tmp_path / "c.zarr").load()
    assert "The mask does not test coherence: there is no such index in the inversion." in cube.attrs["notes"]
    assert cube.mask.all()


def test_the_closure_of_the_loops_is_passed_on_and_tested(tmp_path: Path, basin: Any) -> None:
    truth = basin()
    write_ifgs(tmp_path / "ifgs.zarr", truth, lags(8, 1, 2))
    solve(tmp_path)
    data = open_store(tmp_path / "full/inversion.zarr").load()
    mean = np.full(truth.shape[1:], 0.1, np.float32)
    mean[3, 4] = 2.0
    data["loop_phase_mean"] = (("y", "x"), mean)
    write_store(data, tmp_path / "more.zarr")
    limits = {"preset": "none", "thresholds": {"loop_phase_mean": 1.2}}
    build_cube(tmp_path / "ifgs.zarr", tmp_path / "more.zarr", tmp_path / "c.zarr", "full", limits, 0, "")
    cube = open_cube(tmp_path / "c.zarr").load()
    assert np.argwhere(~cube.mask.values).tolist() == [[3, 4]]
    assert cube.mask_reason.values[3, 4] == 1 << FLAGS.index("loop_phase_mean")
    np.testing.assert_array_equal(cube.loop_phase_mean, mean)


def test_too_few_pixels_are_a_sentence(tmp_path: Path, basin: Any) -> None:
    write_ifgs(tmp_path / "ifgs.zarr", basin(ny=8, nx=11), lags(8, 1, 2))
    solve(tmp_path)
    paths = (tmp_path / "ifgs.zarr", tmp_path / "full/inversion.zarr", tmp_path / "c.zarr", "full")
    with pytest.raises(InsarcastError, match="Only 88 pixels pass the mask, fewer than 100"):
        build_cube(*paths, {"preset": "mintpy", "thresholds": {}}, 0, "")
    build_cube(*paths, {"preset": "mintpy", "thresholds": {}, "min_pixels": 80}, 0, "")


@pytest.mark.parametrize(("slope", "expected"), [(-0.9, False), (-1.3, True), (0.7, False), (0.9, True), (0.0, False)])
def test_shadow_and_layover_of_a_plane(tmp_path: Path, basin: Any, slope: float, expected: bool) -> None:
    """A radar that looks east under 39.7 degrees: slopes up to tan(39.7) = 0.83 are seen in front, to -1/0.83 = -1.2 behind."""
    truth = basin(n_dates=3)
    data = write_ifgs(tmp_path / "ifgs.zarr", truth, lags(3, 1, 2))
    metre = 6_371_000 * np.pi / 180 * np.cos(np.deg2rad(float(data.y.mean())))
    height = np.broadcast_to(slope * (data.x.values - data.x.values[0]) * metre, truth.shape[1:])
    los = np.broadcast_to(np.array([-0.639, 0.0, 0.769])[:, None, None], (3, *truth.shape[1:]))
    data["height"], data["los"] = (("y", "x"), height), (("enu", "y", "x"), los)
    for block in ((slice(0, 24), slice(0, 32)), (slice(5, 9), slice(7, 30))):
        found = in_shadow(data, block)
        assert found.shape == (block[0].stop - block[0].start, block[1].stop - block[1].start)
        assert (found == expected).all()
    with pytest.raises(InsarcastError, match="needs a DEM"):
        in_shadow(data.drop_vars("height"), (slice(0, 4), slice(0, 4)))
