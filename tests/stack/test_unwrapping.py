"""Whole cycles put into simulated interferograms: found, verified, or left alone, never invented."""

import numpy as np
import numpy.typing as npt
import pytest

from insarcast.stack import estimate_noise, invert
from insarcast.stack.inversion.unwrapping import CELL
from tests.stack.conftest import lags

WAVELENGTH = 0.0555
CYCLE = WAVELENGTH * 1000 / 2
Array = npt.NDArray[np.float64]
N = 12
PAIRS = lags(N, 1, 2, 3)
DAYS = np.arange(N) * 12.0


def observe(shape: tuple[int, int], noise: float, seed: int = 0) -> tuple[Array, Array]:
    """Smooth motion (date, pixel) in mm and its noisy interferograms."""
    y, x = np.meshgrid(np.linspace(-1, 1, shape[0]), np.linspace(-1, 1, shape[1]), indexing="ij")
    truth = -2.0 * np.arange(N)[:, None] * np.exp(-(x**2 + y**2)).ravel()
    clean = np.stack([truth[j] - truth[i] for i, j in PAIRS])
    return truth, clean + noise * np.random.default_rng(seed).normal(size=clean.shape)


def solve(data: Array, shape: tuple[int, int] | None = None, **options: object):  # type: ignore[no-untyped-def]
    return invert(data, PAIRS, DAYS, correct_unwrapping=True, wavelength=WAVELENGTH, shape=shape, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("weights", ["auto", "none"])
def test_three_wrong_interferograms_of_a_pixel_are_all_found(weights: str) -> None:
    shape = (30, 40)
    _, data = observe(shape, 1.0)
    whole = solve(data, shape, weights=weights)
    assert whole.cycles is not None
    assert len(whole.cycles.pair) == len(whole.cycles.left) == 0
    hit = np.zeros(data.shape, np.int64)
    rng = np.random.default_rng(3)
    for p in rng.choice(data.shape[1], 60, replace=False):
        hit[rng.choice(len(PAIRS), 3, replace=False), p] = rng.choice([-1, 1], 3)
    found = solve(data + CYCLE * hit, shape, weights=weights)
    assert found.cycles is not None
    number = np.zeros_like(hit)
    number[found.cycles.pair, found.cycles.pixel] = found.cycles.count
    right = (number == hit).all(0)
    assert right[hit.any(0)].mean() > 0.85
    assert not number[:, ~hit.any(0)].any()  # what is good is left alone
    pixels = hit.any(0)
    assert np.abs(found.displacement - whole.displacement)[:, pixels].mean() < 0.5
    plain = invert(data + CYCLE * hit, PAIRS, DAYS, weights=weights)
    assert np.abs(plain.displacement - whole.displacement)[:, pixels].mean() > 2


def test_noise_alone_is_never_corrected() -> None:
    """Six times the usual noise: some misfits exceed half a cycle, none of them is a whole one for certain."""
    shape = (30, 40)
    _, data = observe(shape, 6.0, seed=2)
    found = solve(data, shape)
    assert found.cycles is not None
    assert len(np.unique(found.cycles.pixel)) < 0.005 * data.shape[1]


@pytest.mark.parametrize("date", [6, N - 1])
def test_a_date_of_two_interferograms_is_told_by_its_neighbours(date: int) -> None:
    """A cycle in one of its only two interferograms, or the opposite in the other: the network cannot tell.

    Between other dates ground does not fall by a cycle and rise again, so the neighbours are right; at the last date it may have.
    """
    shape = (20, 20)
    truth, data = observe(shape, 0.5)
    keep = [k for k, (i, j) in enumerate(PAIRS) if date not in (i, j) or (j == date and j - i < 3)]
    pairs = [PAIRS[k] for k in keep]
    data = data[keep]
    hit = [k for k, (i, j) in enumerate(pairs) if j == date]
    assert len(hit) == 2
    patch = np.zeros(shape, bool)
    patch[8:11, 5:9] = True
    jumped = data.copy()
    jumped[hit[0], patch.ravel()] += CYCLE
    blind, seeing = (
        invert(jumped, pairs, DAYS, correct_unwrapping=True, wavelength=WAVELENGTH, shape=there) for there in (None, shape)
    )
    inside = set(np.flatnonzero(patch.ravel()).tolist())
    for found in (blind, seeing) if date == N - 1 else (blind,):
        assert found.cycles is not None
        assert inside <= set(found.cycles.left.tolist())
        assert len(found.cycles.pair) == 0
    if date < N - 1:
        assert seeing.cycles is not None
        assert set(seeing.cycles.pair.tolist()) == {hit[0]}
        assert set(seeing.cycles.pixel.tolist()) == inside
        assert np.abs(seeing.displacement - truth).max() < 4


def test_the_result_does_not_know_of_blocks_of_cells() -> None:
    shape = (40, 2 * CELL)
    _, data = observe(shape, 1.0)
    rng = np.random.default_rng(5)
    for p in rng.choice(data.shape[1], 300, replace=False):
        data[rng.choice(len(PAIRS), 2, replace=False), p] += CYCLE
    model = estimate_noise(data, np.array(PAIRS))
    whole = solve(data, shape, weights="none", variance=model)
    cube = data.reshape(len(PAIRS), *shape)
    halves = [
        solve(cube[:, :, part].reshape(len(PAIRS), -1), (40, CELL), weights="none", variance=model)
        for part in (slice(0, CELL), slice(CELL, None))
    ]
    beside = np.concatenate([half.displacement.reshape(N, 40, CELL) for half in halves], axis=2)
    np.testing.assert_allclose(beside.reshape(N, -1), whole.displacement, atol=1e-9)


def test_a_pixel_of_noise_is_left() -> None:
    shape = (20, 20)
    _, data = observe(shape, 0.5)
    data[:, 7] = np.random.default_rng(0).uniform(-CYCLE / 2, CYCLE / 2, len(PAIRS))
    found = solve(data, shape)
    assert found.cycles is not None
    assert found.cycles.left.tolist() == [7]
    assert len(found.cycles.pair) == 0


@pytest.mark.parametrize("missed", [0, 1])
def test_a_real_step_that_one_interferogram_missed_stays(missed: int) -> None:
    """Ground that falls by a cycle at the last date, seen by two of its three interferograms, or by all: neighbours do not overrule them."""
    shape = (30, 30)
    truth = np.zeros((N, *shape))
    truth[-1, 12:15, 12:15] = -28.0
    truth = truth.reshape(N, -1)
    pairs = np.array(PAIRS)
    data = truth[pairs[:, 1]] - truth[pairs[:, 0]]
    data[PAIRS.index((N - 2, N - 1))] *= 1 - missed
    data += np.random.default_rng(0).normal(size=data.shape)
    found = solve(data, shape)
    assert (found.displacement[-1, truth[-1] < 0] < -20).all()


def test_steep_motion_is_no_reason_to_follow_the_neighbours() -> None:
    """A bowl of 10 mm a date: after 60 dates neighbours are whole cycles apart, and a wrong interferogram is still told rightly or left."""
    n, shape = 60, (40, 40)
    pairs = np.array(lags(n, 1, 2))
    y, x = np.mgrid[:40, :40]
    truth = np.arange(n)[:, None] * (-10 * np.exp(-((x - 20) ** 2 + (y - 20) ** 2) / 72)).ravel()
    patch = np.zeros(shape, bool)
    patch[18:22, 18:22] = True
    data = truth[pairs[:, 1]] - truth[pairs[:, 0]] + 0.5 * np.random.default_rng(0).normal(size=(len(pairs), truth.shape[1]))
    for date in (30, n - 1):
        jumped = data.copy()
        jumped[np.flatnonzero(pairs[:, 1] == date)[-1], patch.ravel()] += CYCLE
        days = np.arange(n) * 12.0
        plain = invert(jumped, pairs, days)
        found = invert(jumped, pairs, days, correct_unwrapping=True, wavelength=WAVELENGTH, shape=shape)
        assert found.cycles is not None
        error, before = (np.abs(some.displacement - truth)[:, patch.ravel()] for some in (found, plain))
        certain = ~np.isin(np.flatnonzero(patch.ravel()), found.cycles.left)
        assert error[date, certain].max(initial=0) < 8
        assert error.mean() <= 1.3 * before.mean()
