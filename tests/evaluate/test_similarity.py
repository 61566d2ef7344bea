"""Masked SSIM and MS-SSIM against torchmetrics on whole maps, and against closed forms on maps with gaps."""

from __future__ import annotations

import numpy as np
import pytest

from insarcast.core import blocks
from insarcast.evaluate.grid.similarity import ALIGNMENT, SCALES, ms_ssim_of, similarity_sums, span_of, ssim_of


def sums(
    first: np.ndarray, second: np.ndarray, data_range: float, valid: np.ndarray | None = None, edge: int = 10_000
) -> np.ndarray:
    """Over a whole map, in blocks of ``edge`` pixels."""
    valid = np.ones(first.shape, bool) if valid is None else valid
    total = np.zeros((SCALES, 4))
    for window in blocks(*first.shape, edge):
        rows, cols = (span_of(own, size) for own, size in zip(window, first.shape, strict=True))
        at = (slice(rows.low, rows.high), slice(cols.low, cols.high))
        total += similarity_sums(np.stack([first[at]]), second[at], valid[at], data_range, rows, cols, SCALES)[0]
    return total


def images(seed: int, shape: tuple[int, int], noise: float) -> tuple[np.ndarray, np.ndarray]:
    """A smooth field in mm and the same with noise and an offset."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    field = -80 * np.exp(-((rows - 0.4 * shape[0]) ** 2 + (cols - 0.5 * shape[1]) ** 2) / (0.05 * shape[0] * shape[1]))
    field = field + rng.normal(0, 3, shape)
    return field + rng.normal(0, noise, shape) + 2.0, field


@pytest.mark.parametrize(("shape", "noise"), [((192, 208), 4.0), ((179, 185), 30.0), ((176, 250), 0.1)])
@pytest.mark.parametrize("seed", [0, 1])
def test_whole_maps_agree_with_torchmetrics(shape: tuple[int, int], noise: float, seed: int) -> None:
    import torch
    import torchmetrics.functional.image as oracle

    first, second = images(seed, shape, noise)
    data_range = float(second.max() - second.min())
    tensors = [torch.from_numpy(field)[None, None] for field in (first, second)]
    expected = oracle.structural_similarity_index_measure(*tensors, data_range=data_range)
    several = oracle.multiscale_structural_similarity_index_measure(*tensors, data_range=data_range)
    found = sums(first, second, data_range)
    assert ssim_of(found) == pytest.approx(float(expected), abs=1e-9)
    assert ms_ssim_of(found) == pytest.approx(float(several), abs=1e-7), "its weights are float32"
    assert 0.01 < ssim_of(found) < 0.9999, "a trivial value would not tell definitions apart"


def test_opposite_maps_agree_with_torchmetrics() -> None:
    """Contrast x structure is negative here and counts as 0."""
    import torch
    import torchmetrics.functional.image as oracle

    noise = np.random.default_rng(3).normal(0, 10, (180, 180))
    tensors = [torch.from_numpy(field)[None, None] for field in (noise, -noise)]
    found = sums(noise, -noise, 20.0)
    assert ms_ssim_of(found) == float(oracle.multiscale_structural_similarity_index_measure(*tensors, data_range=20.0)) == 0
    assert ssim_of(found) == pytest.approx(float(oracle.structural_similarity_index_measure(*tensors, data_range=20.0)), abs=1e-9)
    assert found[0, 2] < 0


@pytest.mark.parametrize("shape", [(200, 177), (16, 40), (7, 3), (161, 331)])
@pytest.mark.parametrize("edge", [ALIGNMENT, 5 * ALIGNMENT, 7 * ALIGNMENT])
def test_blocks_give_the_same_as_the_whole(shape: tuple[int, int], edge: int) -> None:
    first, second = images(2, shape, 5.0)
    valid = np.random.default_rng(4).random(shape) < 0.8
    valid[shape[0] // 3 : shape[0] // 2] = False
    first[~valid] = np.nan
    whole, parts = (sums(first, second, 90.0, valid, each) for each in (10_000, edge))
    np.testing.assert_allclose(parts, whole, rtol=1e-9, atol=1e-12)
    assert whole[0, 1] > 0


def test_constant_maps_have_the_luminance_term_only() -> None:
    """(2 a b + C1) / (a^2 + b^2 + C1) wherever the mask is, and the weights of a cut window do not pull towards 0."""
    valid = np.random.default_rng(5).random((170, 170)) < 0.75
    valid[40:90, 30:80] = False
    a, b, data_range = 30.0, 50.0, 60.0
    c1 = (0.01 * data_range) ** 2
    luminance = (2 * a * b + c1) / (a**2 + b**2 + c1)
    found = sums(np.full(valid.shape, a), np.full(valid.shape, b), data_range, valid)
    assert ssim_of(found) == pytest.approx(luminance, rel=1e-9)
    assert ms_ssim_of(found) == pytest.approx(luminance**0.1333, rel=1e-9), (
        "contrast x structure is 1, the last scale has the luminance"
    )
    assert ssim_of(sums(np.zeros(valid.shape), np.zeros(valid.shape), data_range, valid)) == pytest.approx(1)


def test_a_forecast_of_nothing_against_a_chequered_map() -> None:
    """Zero against +-h in turn: every window has mean 0 nearly and variance h^2, so SSIM is C2 / (h^2 + C2)."""
    rows, cols = np.mgrid[:64, :64]
    h, data_range = 2.0, 40.0
    board = h * (-1.0) ** (rows + cols)
    c2 = (0.03 * data_range) ** 2
    assert ssim_of(sums(np.zeros(board.shape), board, data_range)) == pytest.approx(c2 / (h**2 + c2), rel=1e-4)


def test_what_is_masked_does_not_matter() -> None:
    first, second = images(6, (180, 190), 5.0)
    valid = np.ones(first.shape, bool)
    valid[50:100, 60:140] = False
    clean = sums(first, second, 80.0, valid)
    first[~valid], second[~valid] = 1e6, np.nan
    np.testing.assert_array_equal(sums(first, second, 80.0, valid), clean)


def test_which_windows_count() -> None:
    """Along a straight edge the centre row keeps its own weight and half of the rest; beyond it no centre is valid; alone, a pixel is too little."""
    first, second = images(7, (60, 60), 5.0)
    valid = np.ones(first.shape, bool)
    valid[30:] = False
    assert sums(first, second, 80.0, valid)[0, 1] == 30 * 60
    lone = np.zeros(first.shape, bool)
    lone[20, 20] = True
    assert sums(first, second, 80.0, lone)[0, 1] == 0
    assert np.isnan(ssim_of(sums(first, second, 80.0, lone)))


def test_a_masked_map_is_near_the_same_map_whole() -> None:
    """A fifth of the pixels lost at random changes a mean over thousands of windows little."""
    first, second = images(8, (192, 192), 8.0)
    valid = np.random.default_rng(9).random(first.shape) < 0.8
    whole, gaps = sums(first, second, 80.0), sums(first, second, 80.0, valid)
    assert ssim_of(gaps) == pytest.approx(ssim_of(whole), abs=0.03)
    assert ms_ssim_of(gaps) == pytest.approx(ms_ssim_of(whole), abs=0.03)


def test_a_small_map_has_no_five_scales() -> None:
    first, second = images(10, (10, 200), 5.0)
    found = sums(first, second, 80.0)
    assert np.isfinite(ssim_of(found))
    assert np.isnan(ms_ssim_of(found))
    assert np.isnan(ms_ssim_of(found[:1]))
