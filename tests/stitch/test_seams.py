"""The seam measure on fields whose jumps are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from stitch.fakes import make_tiles, make_world

from insarcast.stitch.layout import find_seams
from insarcast.stitch.seams import STRIP, SeamMeter, lines_beside

LAYOUT = {"ny": 112, "nx": 112, "rows": (0, 48), "cols": (0, 48), "size": (64, 64)}  # overlaps of 16 pixels


def world_of(folder: Path, step: float, noise: float = 1.0, layout=LAYOUT, **settings):
    """One field of white noise that all tiles see alike, and a step from tile to tile."""
    ground = np.random.default_rng(0).normal(scale=noise, size=(4, layout["ny"], layout["nx"]))
    steps = np.array([0, 1, 1, 2]) * step  # the same step across every seam
    value = lambda t, o, h, q, row, col: steps[t] + ground[2 * o + h, row, col] + q - 1  # noqa: E731
    return make_world(folder, make_tiles(**layout), value, **settings)


def folded_median(mean: float, sd: float) -> float:
    """Median of the absolute value of a Gaussian."""
    return float(stats.foldnorm(abs(mean) / sd, scale=sd).median())


def test_white_noise_has_no_seam(tmp_path: Path) -> None:
    """The median of |N(0, sqrt 2)| is 0.6745 sqrt 2; its standard error with n = 896 pairs x 4 is below 2 %."""
    _, _, record = world_of(tmp_path, 0.0).stitch()
    seam = record["seam"]
    assert seam["pairs"] == 2 * 112  # each pixel along the two seam lines
    assert seam["blended"] == pytest.approx(1, abs=0.07)
    assert seam["blended"] == seam["none"]
    assert seam["interior_mm"] == pytest.approx(stats.norm.ppf(0.75) * np.sqrt(2), rel=0.03)


def test_step_of_five_millimetres(tmp_path: Path) -> None:
    _, _, record = world_of(tmp_path, 5.0).stitch(blend="none")
    seam = record["seam"]
    assert seam["none_seam_mm"] == pytest.approx(folded_median(5, np.sqrt(2)), rel=0.03)
    assert seam["none"] == pytest.approx(folded_median(5, np.sqrt(2)) / folded_median(0, np.sqrt(2)), rel=0.05)
    assert seam["blended"] == seam["none"]


def test_blending_removes_it(tmp_path: Path) -> None:
    """Over 16 pixels the Hann ramp climbs by at most pi/2 x 5/16 mm a pixel, which the noise hides."""
    _, _, record = world_of(tmp_path, 5.0).stitch()
    seam = record["seam"]
    assert seam["none"] > 4
    expected = folded_median(5 * np.pi / 2 / 16, np.sqrt(2)) / folded_median(0, np.sqrt(2))
    assert seam["blended"] == pytest.approx(expected, abs=0.07)
    assert [each["horizon"] for each in seam["horizons"]] == [1, 2]
    assert (
        f"{seam['blended']:.2f} ± {seam['error']:.2f} times as much as beside it; without blending {seam['none']:.2f} times"
        in record["sentence"]
    )


def test_worst_seam_is_found(tmp_path: Path) -> None:
    """Only tile 1 is off: by 5 mm against tile 0, by 9 mm against tile 3 below it."""
    ground = np.random.default_rng(0).normal(size=(112, 112))
    value = lambda t, o, h, q, row, col: np.array([0, 5, 0, -4])[t] + ground[row, col]  # noqa: E731
    _, _, record = make_world(tmp_path, make_tiles(**LAYOUT), value, origins=1, horizons=1).stitch(blend="none")
    worst = record["seam"]["worst"]
    assert worst["tiles"] == [1, 3]
    assert (worst["direction"], worst["row"]) == ("between rows", 56)
    assert 56 <= worst["col"] < 112
    assert worst["pairs"] == 56


def test_few_pixels_are_named(tmp_path: Path) -> None:
    layout = {"ny": 20, "nx": 44, "rows": (0,), "cols": (0, 20), "size": (20, 24)}
    _, _, record = world_of(tmp_path, 0.0, layout=layout, origins=1, horizons=1).stitch()
    assert record["seam"]["pairs"] == 20
    assert "measured from only 20 pairs of pixels" in record["sentence"]


def test_masked_pixels_are_no_pairs(tmp_path: Path) -> None:
    """Pixels are masked on every other row: no pair across the horizontal seam, half of those across the vertical one."""
    value = lambda t, o, h, q, row, col: np.where(row % 2, np.nan, 1.0 * col)  # noqa: E731
    _, _, record = make_world(tmp_path, make_tiles(**LAYOUT), value).stitch()
    assert record["seam"]["pairs"] == 56
    assert record["seam"]["seam_mm"] == 1.0
    assert record["seam"]["blended"] == 1.0


def test_pairs_beside_a_seam_are_seen_by_one_tile_only() -> None:
    for seam in find_seams(make_tiles(**LAYOUT)):
        lines = lines_beside(seam)
        first, last = seam.shared
        assert len(lines) == 2 * STRIP
        assert all(line + 1 < first or line >= last for line in lines)
        assert seam.line - 1 not in lines


def test_where_windows_overlap_too_much_the_middle_of_the_cores_stands_in() -> None:
    _, middle, _ = find_seams(make_tiles(36, 24, (0, 4, 8, 12), (0,), (24, 24)))
    assert middle.shared == (8, 28)  # the cores are rows 14-17 and 18-21
    assert lines_beside(middle) == [15, 19]


def test_error_of_the_ratio_is_that_of_repeated_noise() -> None:
    """The spread of the ratio over 200 fields of white noise is what the measure says of itself."""
    seams = find_seams(make_tiles(30, 100, (0, 10), (0,), (20, 100)))
    ratios, said = [], []
    for seed in range(200):
        noise = np.random.default_rng(seed).normal(size=(1, 1, 30, 100)).astype("float32")
        meter = SeamMeter(seams, layers=1)
        meter.add((slice(0, 30), slice(0, 100)), [noise, noise])
        found = meter.result([1])
        ratios.append(found["blended"])
        said.append(found["error"])
    # Neighbouring pairs share a pixel only across the seam's direction, so the pairs along a seam are independent, those beside it less so.
    assert np.std(ratios) == pytest.approx(np.mean(said), rel=0.25)
    assert np.mean(ratios) == pytest.approx(1, abs=0.03)


def test_sample_is_thinned_to_what_is_allowed(tmp_path: Path) -> None:
    seams = find_seams(make_tiles(**LAYOUT))
    meter = SeamMeter(seams, layers=4, values=1000)
    assert meter.stride == -(-224 * 9 * 4 // 1000)
    noise = np.random.default_rng(0).normal(size=(2, 2, 112, 112)).astype("float32")
    meter.add((slice(0, 112), slice(0, 112)), [noise, noise])
    found = meter.result([1, 2])
    assert found is not None
    assert found["pairs"] <= 224 / meter.stride + 4
    assert found["blended"] == pytest.approx(1, abs=0.3)
