"""Variances of interferograms from the network's misfits: against the truth they were simulated with, and the faults of other tools."""

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from insarcast.stack import estimate_noise, invert
from insarcast.stack.inversion import kernel, lanes
from tests.stack.conftest import lags
from tests.stack.test_inversion import design

Array = npt.NDArray[np.float64]
N = 16
PAIRS = np.array(lags(N, 1, 2, 3))
DAYS = np.arange(N) * 12.0


def simulate(spread: Array, count: int = 3000, missing: float = 0.05, seed: int = 0) -> tuple[Array, Array]:
    """Random-walk truth (date, pixel), and interferograms whose noise has the standard deviation ``spread`` (broadcast to them)."""
    rng = np.random.default_rng(seed)
    truth = np.cumsum(rng.normal(size=(N, count)), axis=0)
    truth -= truth[0]
    data = truth[PAIRS[:, 1]] - truth[PAIRS[:, 0]] + spread * rng.normal(size=(len(PAIRS), count))
    data[rng.random(data.shape) < missing] = np.nan
    return truth, data


def test_the_noise_of_each_interferogram_is_found() -> None:
    spread = np.random.default_rng(4).uniform(0.5, 4.0, (len(PAIRS), 1))
    _, data = simulate(spread)
    model = estimate_noise(data, PAIRS)
    assert model is not None
    found = np.sqrt(model.pair)
    assert np.corrcoef(np.log(found), np.log(spread.ravel()))[0, 1] > 0.9
    # An interferogram that few others check is drawn to the mean; the others are within a fifth.
    assert np.median(np.abs(found / spread.ravel() - 1)) < 0.2
    assert model.outliers < 0.01


def test_what_coherence_says_is_found_and_used() -> None:
    """(1 - c^2) / (2 c^2 L), the phase variance of L looks: inverse variances estimated from the data are as good as these."""
    coherence = np.random.default_rng(1).uniform(0.2, 0.95, (len(PAIRS), 3000))
    spread = 4.4 * np.sqrt((1 - coherence**2) / (2 * coherence**2 * 20))
    truth, data = simulate(spread)
    error = {
        name: np.sqrt(np.mean((invert(data, PAIRS, DAYS, weights=weights, coherence=coherence).displacement - truth) ** 2))
        for name, weights in (("known", 1 / spread**2), ("auto", "auto"), ("none", "none"))
    }
    assert error["auto"] < 1.01 * error["known"] < 0.8 * error["none"]


def test_coherence_that_says_nothing_does_no_harm() -> None:
    """On real data coherence weights can be worse than none (1.863 against 1.774 mm for a held-out interferogram of Mexico City)."""
    coherence = np.random.default_rng(2).uniform(0.2, 0.95, (len(PAIRS), 3000))
    truth, data = simulate(np.full((len(PAIRS), 1), 1.5))
    error = {
        name: np.sqrt(np.mean((invert(data, PAIRS, DAYS, weights=name, coherence=coherence).displacement - truth) ** 2))
        for name in ("auto", "coherence", "none")
    }
    assert error["auto"] < 1.01 * error["none"]
    assert error["coherence"] > 1.1 * error["none"]
    model = estimate_noise(data, PAIRS, coherence)
    assert model is not None
    used = model.level[25:121]  # coherence 0.2 to 0.95
    assert used.max() / used.min() < 1.3


def test_unwrapping_errors_do_not_condemn_their_interferogram() -> None:
    _, data = simulate(np.full((len(PAIRS), 1), 1.0), missing=0.0)
    data[20, :150] += 27.75  # a twentieth of the scene
    model = estimate_noise(data, PAIRS)
    assert model is not None
    assert np.sqrt(model.pair[20] / np.median(model.pair)) < 2.0
    assert model.outliers > 0.0005


@pytest.mark.parametrize("weights", ["auto", "none", "coherence"])
@pytest.mark.parametrize("norm", ["l2", "l1", "huber", "student"])
def test_every_pixel_comes_back_with_errors(weights: str, norm: str) -> None:
    """Other tools lose pixels with a missing interferogram, or return NaN for every error of a weighted inversion."""
    coherence = np.random.default_rng(3).uniform(0.3, 0.95, (len(PAIRS), 400))
    truth, data = simulate(np.full((len(PAIRS), 1), 0.5), 400, missing=0.1)
    found = invert(data, PAIRS, DAYS, weights=weights, coherence=coherence, norm=norm)
    assert np.isfinite(found.displacement).all()
    known = ~found.filled.any(0)
    assert known.mean() > 0.9
    assert np.isfinite(found.sigma[:, known]).all()
    if weights == "coherence":
        return  # the formula is wrong for this noise, and so are its errors
    z = (found.displacement - truth)[1:, known] / found.sigma[1:, known]
    assert 0.7 < np.sqrt(np.mean(z**2)) < 1.5  # errors of the right size


def test_a_single_just_determined_pixel_has_no_error() -> None:
    found = invert(np.array([[1.0], [2.0]]), [(0, 1), (1, 2)], np.array([0.0, 12.0, 24.0]))
    assert found.displacement.ravel().tolist() == [0.0, 1.0, 3.0]
    assert np.isnan(found.sigma[1:]).all()


def test_gaps_of_motion_that_is_not_steady() -> None:
    """Bridging follows the velocity around the gap; a line through the whole series (NSBAS) cannot, even if it is the truth's."""
    n = 40
    days = np.arange(n) * 12.0
    years = days[:, None] / 365.25
    rng = np.random.default_rng(7)
    truth = -60 * years - 25 * years**2 + 6 * np.sin(2 * np.pi * years + rng.uniform(0, 6, 300))
    truth = truth - truth[0]
    steps = rng.integers(8, n - 8, 300)
    pairs = np.array(lags(n, 1, 2, 3))
    data = truth[pairs[:, 1]] - truth[pairs[:, 0]] + 0.5 * rng.normal(size=(len(pairs), 300))
    data[(pairs[:, :1] < steps) & (pairs[:, 1:] >= steps)] = np.nan
    found = invert(data, pairs, days, weights="none")
    assert (found.filled.sum(0) == 1).all()
    assert found.filled[steps, np.arange(300)].all()
    bridged = np.diff(found.displacement, axis=0)[steps - 1, np.arange(300)] - np.diff(truth, axis=0)[steps - 1, np.arange(300)]
    line = np.polyfit(days, truth, 1)[0] * 12 - np.diff(truth, axis=0)[steps - 1, np.arange(300)]
    assert np.sqrt(np.mean(bridged**2)) < 0.6 * np.sqrt(np.mean(line**2))


def test_two_interferograms_of_the_same_dates_add_up() -> None:
    pairs = [(0, 1), (1, 2), (0, 2), (1, 2)]
    data = np.array([[1.0], [2.0], [3.3], [2.4]])
    matrix = design(pairs, 3)
    expected = np.linalg.lstsq(matrix, data, rcond=None)[0].ravel()
    found = invert(data, pairs, np.array([0.0, 12.0, 24.0]), weights="none")
    np.testing.assert_allclose(found.displacement[1:, 0], expected, atol=1e-12)


def test_compiled_kernels_are_compiled_anew_when_their_vectors_change() -> None:
    """numba's cache looks at the kernel's own file only: whoever changes lanes.py has to write its new hash into kernel.py."""
    assert lanes.__file__ is not None
    assert hashlib.sha256(Path(lanes.__file__).read_bytes()).hexdigest()[:16] == kernel.LANES_HASH


def test_the_references_noise_is_not_taken_for_the_pixels() -> None:
    """An error that all pixels of an interferogram share is one sample of it; to weigh by that would make things worse."""
    worse = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        data = 0.5 * rng.normal(size=(len(PAIRS), 3600)) + rng.normal(size=(len(PAIRS), 1))
        error = [np.sqrt(np.mean(invert(data, PAIRS, DAYS, weights=name).displacement ** 2)) for name in ("auto", "none")]
        worse.append(error[0] / error[1])
    assert max(worse) < 1.05


def test_a_gap_that_all_pixels_share_does_not_switch_the_weights_off() -> None:
    spread = np.random.default_rng(4).uniform(0.5, 6.0, (len(PAIRS), 1))
    truth, data = simulate(spread, missing=0.0)
    keep = ~((PAIRS[:, 0] < 8) & (PAIRS[:, 1] >= 8))
    model = estimate_noise(data[keep], PAIRS[keep])
    assert model is not None
    inside = slice(0, 8)  # the first part, before the bridge
    auto, none = (invert(data[keep], PAIRS[keep], DAYS, weights=name).displacement[inside] for name in ("auto", "none"))
    assert np.sqrt(np.mean((auto - truth[inside]) ** 2)) < 0.85 * np.sqrt(np.mean((none - truth[inside]) ** 2))


def test_one_loop_is_enough_for_errors_of_the_right_size() -> None:
    pairs = np.array([(0, 1), (1, 2), (0, 2)])
    data = np.random.default_rng(0).normal(size=(3, 3000))
    found = invert(data, pairs, np.arange(3) * 12.0)
    assert found.variance is not None
    z = found.displacement[1:] / found.sigma[1:]
    assert 0.7 < np.sqrt(np.mean(z**2)) < 1.4
