"""Ramps: taken off where they are the satellite's, refused where they are the ground's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from insarcast.core import InsarcastError, open_store
from insarcast.stack.corrections.store import Corrections, ramp_terms
from tests.stack.conftest import solve
from tests.stack.inverted import NO_AIR, NO_RAMP, correct, write_inverted

N, NY, NX = 16, 40, 48
REFERENCE = (35, 43)


def bowl(radius: float = 7, rate: float = -60) -> npt.NDArray[Any]:
    y, x = np.mgrid[0:NY, 0:NX]
    shape = np.exp(-((y - 14) ** 2 + (x - 16) ** 2) / radius**2)
    return rate * np.arange(N)[:, None, None] * 12 / 365.25 * shape


def ramps(surface: str, size: float = 10) -> npt.NDArray[Any]:
    rng = np.random.default_rng(4)
    y, x = np.linspace(-1, 1, NY)[:, None], np.linspace(-1, 1, NX)[None, :]
    terms = ramp_terms(surface, y, x)
    return np.tensordot(size * rng.normal(size=(N, len(terms))), terms, 1)


def noise() -> npt.NDArray[Any]:
    return np.random.default_rng(6).normal(size=(N, NY, NX))


def zeroed(series: npt.NDArray[Any]) -> npt.NDArray[Any]:
    row, col = REFERENCE
    series = series - series[0]
    return series - series[:, row - 1 : row + 2, col - 1 : col + 2].mean((1, 2))[:, None, None]


@pytest.mark.parametrize("surface", ["plane", "bilinear", "quadratic"])
def test_a_surface_of_each_date_is_taken_off_and_the_bowl_stays(tmp_path: Path, surface: str) -> None:
    write_inverted(tmp_path, bowl() + ramps(surface) + noise(), reference=REFERENCE)
    corrected, record, _ = correct(tmp_path, ramp={"surface": surface})
    before = open_store(tmp_path / "inversion.zarr").displacement.values
    truth = zeroed(bowl() + noise())
    assert np.sqrt(np.mean((before - truth) ** 2)) > 8
    assert np.sqrt(np.mean((corrected - truth) ** 2)) < 0.5
    step = record["steps"][0]
    assert (step["surface"], step["forced"]) == (surface, False)
    assert step["std_after"][3] < 0.5 * step["std_before"][3]


def test_moving_ground_is_not_followed(tmp_path: Path) -> None:
    """Two fifths of the scene sink by 100 mm/yr on one side; least squares would tilt the rest by a third of it."""
    x = np.arange(NX)[None, :]
    sinking = np.arange(N)[:, None, None] * 12 / 365.25 * np.broadcast_to(np.where(x < 0.4 * NX, -100.0, 0.0), (NY, NX))
    write_inverted(tmp_path, sinking + noise(), reference=REFERENCE)
    corrected, _, _ = correct(tmp_path, ramp={"surface": "plane"})
    np.testing.assert_allclose(corrected, zeroed(sinking + noise()), atol=0.8)


def test_steady_growth_is_refused_as_motion_and_forced_only_by_force(tmp_path: Path) -> None:
    tilt = np.arange(N)[:, None, None] * 12 / 365.25 * -120 * np.broadcast_to(np.arange(NX) / NX, (NY, NX))
    write_inverted(tmp_path, tilt + noise(), reference=REFERENCE)
    with pytest.raises(
        InsarcastError, match=r"stack\.deramp\.surface is 'plane', but the scene is smaller than its signal: \d+% of its"
    ):
        correct(tmp_path, ramp={"surface": "plane"})
    corrected, record, _ = correct(tmp_path, ramp={"surface": "plane", "force": True})
    assert record["steps"][0]["forced"]
    assert record["steps"][0]["moving_share"] > 0.5
    assert record["steps"][0]["explained"] > 0.9
    np.testing.assert_allclose(corrected, zeroed(noise()), atol=0.8)


def test_mexico_city_is_refused_for_the_crop_is_smaller_than_the_bowl(mexico: Path, tmp_path: Path) -> None:
    """Removing a plane there turns 10.7 mm against GNSS into 56 mm (and -275 mm/yr into -64), so it takes force."""
    solve(mexico)
    from insarcast.stack import estimate_corrections

    inversion = mexico / "full/inversion.zarr"
    places = (mexico / "ifgs.zarr", inversion, tmp_path / "c.zarr", tmp_path / "c.json", "full", NO_AIR)
    for surface in ("plane", "bilinear", "quadratic"):
        with pytest.raises(InsarcastError, match=r"smaller than its signal: [67-9]\d% of its coherent pixels move"):
            estimate_corrections(*places, NO_RAMP | {"surface": surface}, None)
    estimate_corrections(*places, {"surface": "plane", "force": True}, None)
    data = open_store(inversion)
    series = data.displacement.values
    flat = Corrections.open([tmp_path / "c.zarr"]).apply(series, (slice(0, 60), slice(0, 100)))
    east = [float(np.nanmedian(values[-1, :, -33:])) for values in (series, flat)]
    assert east[0] < -60
    assert abs(east[1]) < 0.5 * abs(east[0])


def test_any_block_has_its_share_of_the_whole(tmp_path: Path) -> None:
    """Blocks, with and without a border, see the same corrections: heights, ramps and delays are those of the pixel's own place."""
    height = np.random.default_rng(0).random((NY, NX)) * 900
    air = 0.01 * np.random.default_rng(1).normal(size=N)[:, None, None] * height
    write_inverted(tmp_path, air + ramps("plane") + noise(), height=height, reference=REFERENCE)
    whole, _, fix = correct(tmp_path, air={"height": "quadratic"}, ramp={"surface": "bilinear"})
    before = open_store(tmp_path / "inversion.zarr").displacement.values
    for rows, cols in ((slice(0, 7), slice(0, 9)), (slice(6, 21), slice(30, 48)), (slice(39, 40), slice(47, 48))):
        np.testing.assert_array_equal(fix.apply(before[:, rows, cols], (rows, cols)), whole[:, rows, cols])


def test_gaps_stay_gaps_and_too_few_pixels_are_a_sentence(tmp_path: Path) -> None:
    series = bowl() + noise()
    series[:, :5] = np.nan
    write_inverted(tmp_path, series, reference=REFERENCE)
    corrected, _, _ = correct(tmp_path, ramp={"surface": "plane"})
    np.testing.assert_array_equal(np.isnan(corrected), np.isnan(series))
    series[:, :, :42] = np.nan
    series[:, :25] = np.nan
    (tmp_path / "few").mkdir()
    write_inverted(tmp_path / "few", series, reference=REFERENCE)
    with pytest.raises(InsarcastError, match="Only 90 pixels are inverted on all dates"):
        correct(tmp_path / "few", ramp={"surface": "plane"})
