"""The inversion against least squares, linear programming and closed forms that others wrote."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import linprog

from insarcast.core import InsarcastError
from insarcast.stack import invert
from tests.stack.conftest import lags

Array = npt.NDArray[np.float64]


def design(pairs: list[tuple[int, int]], n: int) -> Array:
    matrix = np.zeros((len(pairs), n - 1))
    for row, (i, j) in enumerate(pairs):
        matrix[row, j - 1] = 1
        if i:
            matrix[row, i - 1] = -1
    return matrix


def observe(
    n: int, count: int, pairs: list[tuple[int, int]], noise: float, missing: float = 0.0, seed: int = 0
) -> tuple[Array, Array]:
    """Random-walk truth (date, pixel) and its interferograms (pair, pixel) in mm."""
    rng = np.random.default_rng(seed)
    truth = np.cumsum(rng.normal(size=(n, count)) * 3, axis=0)
    truth -= truth[0]
    data = np.stack([truth[j] - truth[i] for i, j in pairs]) + noise * rng.normal(size=(len(pairs), count))
    data[rng.random(data.shape) < missing] = np.nan
    return truth, data


def test_least_squares_is_numpys_with_missing_interferograms() -> None:
    pairs, n = lags(10, 1, 2, 3), 10
    _, data = observe(n, 200, pairs, 0.5, missing=0.15)
    result = invert(data, pairs, np.arange(n) * 12.0, weights="none")
    matrix = design(pairs, n)
    checked = 0
    for p in range(200):
        valid = np.isfinite(data[:, p])
        if np.linalg.matrix_rank(matrix[valid]) == n - 1:
            expected = np.linalg.lstsq(matrix[valid], data[valid, p], rcond=None)[0]
            np.testing.assert_allclose(result.displacement[1:, p], expected, atol=1e-9)
            residual = data[valid, p] - matrix[valid] @ expected
            assert result.resid_rms[p] == pytest.approx(np.sqrt(np.mean(residual**2)))
            covariance = np.linalg.inv(matrix[valid].T @ matrix[valid]) * (residual @ residual) / (valid.sum() - n + 1)
            np.testing.assert_allclose(result.sigma[1:, p], np.sqrt(np.diag(covariance)), rtol=1e-9)
            checked += 1
    assert checked > 150
    assert (result.n_valid == np.isfinite(data).sum(0)).all()


def test_weights_are_inverse_variances() -> None:
    """One tool uses the variance as the weight (0.430 mm against 0.388 unweighted); ours must gain from true weights."""
    pairs, n, count = lags(12, 1, 2, 3), 12, 500
    truth, _ = observe(n, count, pairs, 0)
    rng = np.random.default_rng(1)
    spread = rng.uniform(0.1, 3.0, size=(len(pairs), count))
    data = np.stack([truth[j] - truth[i] for i, j in pairs]) + spread * rng.normal(size=spread.shape)
    days = np.arange(n) * 12.0
    error = [
        np.sqrt(np.mean((invert(data, pairs, days, weights=w).displacement - truth) ** 2))
        for w in (1 / spread**2, "none", spread**2)
    ]
    assert error[0] < 0.8 * error[1] < 0.8 * error[2]
    matrix = design(pairs, n)
    root = 1 / spread[:, 0]
    expected = np.linalg.lstsq(matrix * root[:, None], data[:, 0] * root, rcond=None)[0]
    np.testing.assert_allclose(invert(data, pairs, days, weights=1 / spread**2).displacement[1:, 0], expected, atol=1e-8)


def test_the_unit_of_the_weights_does_not_matter() -> None:
    pairs = lags(6, 1, 2)
    _, data = observe(6, 20, pairs, 0.5, missing=0.2)
    weights = np.random.default_rng(0).uniform(0.5, 2, data.shape)
    one, two = (invert(data, pairs, np.arange(6) * 12.0, weights=scale * weights) for scale in (1, 1e6))
    np.testing.assert_allclose(one.displacement, two.displacement, atol=1e-5)


def test_a_weight_of_zero_is_a_missing_interferogram() -> None:
    pairs = lags(6, 1, 2)
    _, data = observe(6, 30, pairs, 0.5)
    hole = np.random.default_rng(2).random(data.shape) < 0.15
    weighted = invert(data, pairs, np.arange(6) * 12.0, weights=np.where(hole, 0.0, 1.0))
    holed = invert(np.where(hole, np.nan, data), pairs, np.arange(6) * 12.0)
    np.testing.assert_allclose(weighted.displacement, holed.displacement, atol=1e-9)
    assert (weighted.filled == holed.filled).all()


def test_l1_is_the_linear_programmes_optimum() -> None:
    pairs, n = lags(8, 1, 2, 3), 8
    truth, data = observe(n, 12, pairs, 0.3, seed=4)
    data[3] += 28.0  # one interferogram off by a cycle
    result = invert(data, pairs, np.arange(n) * 12.0, norm="l1", weights="none")
    matrix = design(pairs, n)
    m, k = matrix.shape
    for p in range(12):
        cost = np.r_[np.zeros(k), np.ones(m)]
        bound = np.block([[matrix, -np.eye(m)], [-matrix, -np.eye(m)]])
        best = linprog(cost, A_ub=bound, b_ub=np.r_[data[:, p], -data[:, p]], bounds=[(None, None)] * k + [(0, None)] * m)
        ours = np.abs(data[:, p] - matrix @ result.displacement[1:, p]).sum()
        assert ours <= best.fun * 1.01
    plain = invert(data, pairs, np.arange(n) * 12.0)
    assert np.abs(result.displacement - truth).mean() < 0.3 * np.abs(plain.displacement - truth).mean()


def test_a_gap_is_bridged_by_equal_velocity_and_marked() -> None:
    n = 8
    pairs = [pair for pair in lags(n, 1, 2) if not (pair[0] <= 3 < pair[1])]  # nothing spans the step 3 -> 4
    days = np.array([0, 12, 24, 36, 60, 72, 96, 108.0])
    truth = -0.5 * days[:, None] * np.array([[1.0, 2.0]])
    data = np.stack([truth[j] - truth[i] for i, j in pairs])
    result = invert(data, pairs, days)
    np.testing.assert_allclose(result.displacement, truth, atol=1e-4)
    assert result.filled[:, 0].tolist() == [t == 4 for t in range(n)]
    assert np.isnan(result.sigma[4:]).all()
    assert np.isfinite(result.sigma[:4]).all()


def test_interleaved_groups_are_marked_although_every_step_is_spanned() -> None:
    """Counting unspanned steps misses this (5 mm wrong and unflagged in a peer); connected components do not."""
    pairs = [(0, 2), (2, 4), (1, 3), (3, 5), (0, 4), (1, 5)]
    days = np.arange(6) * 12.0
    truth = -0.3 * days[:, None]
    data = np.stack([truth[j] - truth[i] for i, j in pairs])
    result = invert(data, pairs, days)
    assert result.filled[1:, 0].all()
    np.testing.assert_allclose(result.displacement, truth, atol=1e-5)


def test_bridging_leaves_what_is_measured_alone() -> None:
    n = 8
    pairs = [pair for pair in lags(n, 1, 2) if not (pair[0] <= 3 < pair[1])]
    truth, data = observe(n, 50, pairs, 0.0)
    result = invert(data, pairs, np.arange(n) * 12.0)
    for group in (slice(0, 4), slice(4, 8)):
        inside = result.displacement[group] - result.displacement[group][0]
        np.testing.assert_allclose(inside, truth[group] - truth[group][0], atol=1e-5)


def test_the_number_of_threads_changes_no_bit() -> None:
    pairs = lags(9, 1, 2)
    _, data = observe(9, 9000, pairs, 0.5, missing=0.1)
    one, two = (invert(data, pairs, np.arange(9) * 12.0, threads=threads) for threads in (1, 2))
    for name in ("displacement", "sigma", "filled", "resid_rms", "temporal_coherence"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


def test_temporal_coherence_closed_form() -> None:
    pairs, wavelength = [(0, 1), (1, 2), (0, 2)], 0.0555
    data = np.array([[1.0], [1.0], [-1.0]])  # misclosure 3 mm: residuals +1, +1, -1 mm
    result = invert(data, pairs, np.array([0.0, 12.0, 24.0]), wavelength=wavelength)
    angle = 4 * np.pi / (wavelength * 1000)
    expected = abs(2 * np.exp(1j * angle) + np.exp(-1j * angle)) / 3
    assert result.temporal_coherence[0] == pytest.approx(expected)
    assert result.resid_rms[0] == pytest.approx(1.0)


def test_too_few_interferograms_are_not_inverted() -> None:
    pairs = lags(5, 1, 2)
    _, data = observe(5, 3, pairs, 0.1)
    data[1:, 1] = np.nan
    data[:, 2] = np.nan
    result = invert(data, pairs, np.arange(5) * 12.0, min_pairs=5)
    assert np.isfinite(result.displacement[:, 0]).all()
    assert np.isnan(result.displacement[:, 1:]).all()
    assert result.n_valid.tolist() == [7, 1, 0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data": np.zeros((2, 4))}, "there are 3 pairs"),
        ({"pairs": [(0, 1), (2, 1), (0, 2)]}, "first smaller"),
        ({"days": np.array([0.0, 24.0, 12.0])}, "ascending"),
        ({"norm": "l7"}, "no norm 'l7'"),
        ({"weights": np.ones((3, 5))}, "weights have shape"),
        ({"weights": -np.ones((3, 4))}, "weights are negative"),
        ({"weights": "some"}, "no weights 'some'"),
        ({"weights": "coherence"}, "need the coherence"),
        ({"coherence": np.full((3, 4), 200, np.uint8)}, "divide 8-bit coherence by 255"),
        ({"coherence": np.ones((2, 4))}, "coherence have shape"),
        ({"days": np.array([0.0, 12.0])}, "names date number 2, but days has 2"),
        ({"device": "tpu"}, "no device 'tpu'"),
        ({"shape": (3, 3)}, "3 x 3 pixels has not the data's 4"),
    ],
)
def test_wrong_arguments_are_one_sentence(change: dict[str, object], words: str) -> None:
    arguments: dict[str, object] = {
        "data": np.zeros((3, 4)),
        "pairs": [(0, 1), (1, 2), (0, 2)],
        "days": np.array([0.0, 12.0, 24.0]),
    }
    with pytest.raises(InsarcastError, match=words):
        invert(**(arguments | change))  # type: ignore[arg-type]


def test_the_callers_array_is_left_alone() -> None:
    data = np.array([[1.0], [2.0], [3.0]])
    weights = np.array([[1.0], [1.0], [0.0]])
    invert(data, [(0, 1), (1, 2), (0, 2)], np.array([0.0, 12.0, 24.0]), weights=weights)
    assert data.ravel().tolist() == [1, 2, 3]


def test_a_group_that_is_not_full_takes_its_own_pixels() -> None:
    """Fifteen measured pixels among sixteen are padded to a group, and span as many numbers as a full one."""
    data = np.stack([np.arange(16.0) * 10] * 2 + [np.arange(16.0) * 20])
    data[:, 5] = np.nan
    found = invert(data, [(0, 1), (1, 2), (0, 2)], np.arange(3) * 12.0, weights="none").displacement[2]
    expected = np.arange(16.0) * 20
    expected[5] = np.nan
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("norm", ["l2", "l1", "huber", "student"])
def test_a_block_is_its_pixels_one_by_one(norm: str) -> None:
    pairs = lags(8, 1, 2, 3)
    rng = np.random.default_rng(8)
    for count in (1, 5, 15, 16, 17, 40, 100):
        _, data = observe(8, count, pairs, 0.5, missing=0.2, seed=count)
        data[:, rng.random(count) < 0.3] = np.nan
        block = invert(data, pairs, np.arange(8) * 12.0, weights="none", norm=norm)
        for p in range(count):
            alone = invert(data[:, p : p + 1], pairs, np.arange(8) * 12.0, weights="none", norm=norm)
            for name in ("displacement", "sigma", "filled", "resid_rms", "temporal_coherence", "n_valid"):
                np.testing.assert_array_equal(
                    getattr(block, name)[..., p], getattr(alone, name)[..., 0], err_msg=f"{name} {count} {p}"
                )


@pytest.mark.parametrize("norm", ["l1", "huber", "student"])
def test_just_determined_pixels_have_a_displacement_by_every_norm(norm: str) -> None:
    data = np.random.default_rng(0).normal(size=(4, 300)) * 3
    data[3] = np.nan
    found = invert(data, [(0, 1), (1, 2), (2, 3), (0, 2)], np.arange(4) * 12.0, norm=norm, weights="none")
    np.testing.assert_allclose(found.displacement[1:], np.cumsum(data[:3], axis=0), atol=1e-9)
