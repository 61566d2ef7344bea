"""The automatic choice of ready series: clear leaders alone, near ties averaged, nothing from the future."""

from __future__ import annotations

import numpy as np
import pytest

from insarcast.combine.series.choice import Parts, choice_weights, common_shift, race, split_losses, split_weights

ORIGIN = np.arange(60)
TARGET = ORIGIN[:, None] + np.array([1, 5])


def made(gaps: list[float], noise: float = 0.05, seed: int = 0) -> Parts:
    """Losses of persistence 1, each other better by its gap, with noise of its own."""
    rng = np.random.default_rng(seed)
    base = 1 + 0.2 * rng.normal(size=(1, 60, 2))
    losses = base - np.array([0.0, *gaps])[:, None, None] + noise * rng.normal(size=(1 + len(gaps), 60, 2))
    return Parts(losses, losses)


def test_a_clear_leader_is_chosen_alone() -> None:
    weights = split_weights(made([0.3, 0.1, -0.5]), ORIGIN, TARGET, np.array([40, 59]))
    for part in weights:
        assert part.shape == (2, 2, 4)
        np.testing.assert_allclose(part.sum(axis=2), 1)
        assert (part[..., 1] > 0.98).all()


def test_what_cannot_be_told_apart_is_averaged() -> None:
    weights = split_weights(made([0.002, 0.0, -1.0], noise=0.3, seed=1), ORIGIN, TARGET, np.array([50])).local[0]
    assert (weights[:, :3].min(axis=1) > 0.03).all()
    assert (weights[:, 3] < 0.01).all()


def test_equal_models_weigh_as_before() -> None:
    losses = Parts(np.ones((3, 60, 2)), np.ones((3, 60, 2)))
    weights = split_weights(losses, ORIGIN, TARGET, np.array([30]))
    np.testing.assert_allclose(weights.local, 1 / 3)
    np.testing.assert_allclose(weights.common[0, 0], [0.5, 0.25, 0.25])


def test_overlapping_outcomes_count_less() -> None:
    losses = made([0.03], noise=0.1).local[:, :, 0]
    alone, shared = (race(losses, np.ones(60), ORIGIN, lag, np.full(2, 0.5)) for lag in (1, 10))
    assert alone[0] < shared[0] < 0.5


def test_the_hopeless_are_left_out_however_short_the_past() -> None:
    rng = np.random.default_rng(8)
    losses = np.abs(rng.normal([[1.0], [1.1], [9.0]], [[0.1], [0.1], [8.0]], (3, 6)))
    weights = race(losses, np.ones(6), np.arange(6), 5, np.full(3, 1 / 3))
    assert weights[2] == 0
    assert weights[:2].min() > 0.1


def test_the_variance_of_a_mean_of_overlapping_outcomes_is_right() -> None:
    """Of differences that are sums over the dates ahead, t has the spread of Student's t of its degrees of freedom, or nearly."""
    rng, lag, n = np.random.default_rng(7), 5, 40
    inside = []
    for _ in range(400):
        steps = rng.normal(size=n + lag)
        difference = np.array([steps[i : i + lag].sum() for i in range(n)])
        weights = race(1e3 + np.stack([np.zeros(n), difference]), np.ones(n), np.arange(n), lag, np.full(2, 0.5))
        inside.append(weights.min() / weights.max())
    shared = np.maximum(0, 1 - np.abs(np.subtract.outer(np.arange(n), np.arange(n))) / lag)
    freedom = n**2 / shared.sum() - 1
    t = np.sqrt(freedom * (np.array(inside) ** (-2 / (freedom + 1)) - 1))
    assert np.mean(t < 1) == pytest.approx(0.65, abs=0.06)
    assert np.mean(t < 2.3) == pytest.approx(0.95, abs=0.04)


@pytest.mark.parametrize("now", [20, 40])
def test_only_outcomes_known_by_then_count(now: int) -> None:
    losses = made([0.1, 0.12], noise=0.2).local
    changed = losses.copy()
    late = now < TARGET
    changed[:, late] = np.random.default_rng(2).normal(size=changed[:, late].shape) * 100
    changed[0, now + 1 :] = np.nan
    plain, other = (split_weights(Parts(each, each), ORIGIN, TARGET, np.array([now])) for each in (losses, changed))
    assert plain.local.tobytes() == other.local.tobytes()
    assert plain.common.tobytes() == other.common.tobytes()


def test_a_turn_of_luck_is_noticed() -> None:
    losses = made([0.3, 0.0], noise=0.02).local
    losses[1, 40:] += 1.0
    weights = split_weights(Parts(losses, losses), ORIGIN, TARGET, np.array([40, 50, 59])).local
    assert weights[0, 0, 1] > 0.9
    assert weights[1, 0, 1] < 0.9
    assert weights[2, 0, 1] < 0.5
    slow = split_weights(Parts(losses, losses), ORIGIN, TARGET, np.array([59]), half_life=np.inf).local
    assert slow[0, 0, 1] > weights[2, 0, 1]


def test_too_little_past_is_persistence() -> None:
    weights = split_weights(made([0.3]), ORIGIN, TARGET, np.array([3, 7, 12])).local
    assert (weights[0, :, 0] == 1).all()
    assert weights[1, 0, 1] > 0.9
    assert (weights[1, 1] == weights[1, 0]).all(), "the next shorter horizon's weights stand"
    assert weights[2, 1, 1] > 0.6


def test_dates_do_as_well_as_indices() -> None:
    day = np.datetime64("2020-01-01")
    losses = made([0.05, 0.02], noise=0.1)
    by_index = split_weights(losses, ORIGIN, TARGET, np.array([30, 45]))
    by_date = split_weights(losses, day + 12 * ORIGIN, day + 12 * TARGET, day + 12 * np.array([30, 45]))
    assert by_index.local.tobytes() == by_date.local.tobytes()


def test_losses_of_the_mean_and_of_what_is_beyond_it() -> None:
    rng = np.random.default_rng(3)
    observed = rng.normal(size=(4, 3, 50))
    medians = np.stack([np.zeros_like(observed), observed + 2.0, observed - observed.mean(axis=-1, keepdims=True)])
    medians[1, :, :, :10] = np.nan
    observed[2, 1] = np.nan
    losses = split_losses(medians, observed)
    assert np.isnan(losses.local[:, 2, 1]).all()
    assert np.isnan(losses.common[:, 2, 1]).all()
    known = observed[0, 0, 10:]
    np.testing.assert_allclose(losses.local[:, 0, 0], [np.abs(known - known.mean()).mean(), 0, 0], atol=1e-12)
    np.testing.assert_allclose(losses.common[:2, 0, 0], [abs(known.mean()), 2.0])


def test_losses_of_a_class_are_beyond_the_mean_of_all() -> None:
    rng = np.random.default_rng(5)
    observed = rng.normal(size=(4, 3, 50))
    medians = np.stack([np.zeros_like(observed), observed + 2.0, 0.5 * observed])
    inside = np.arange(50) < 20
    parts = [split_losses(medians, observed, each) for each in (inside, ~inside)]
    whole = split_losses(medians, observed)
    np.testing.assert_allclose(0.4 * parts[0].local + 0.6 * parts[1].local, whole.local)
    np.testing.assert_array_equal(parts[0].common, whole.common)
    assert np.isnan(split_losses(medians, observed, np.zeros(50, bool)).local).all()


def test_the_shift_brings_the_mean_of_the_common_weights() -> None:
    rng = np.random.default_rng(4)
    medians = rng.normal(size=(3, 2, 2, 40))
    classes = rng.integers(0, 2, 40)
    local = rng.dirichlet(np.ones(3), size=(2, 2, 2))
    common = rng.dirichlet(np.ones(3), size=(2, 2))
    sums = np.stack([medians[..., classes == kind].sum(axis=-1) for kind in (0, 1)])
    shift = common_shift(common, local, sums, np.full((2, 2), 40))
    made_of = np.einsum("pohm,mohp->ohp", local[classes], medians) + shift[..., None]
    np.testing.assert_allclose(made_of.mean(axis=-1), np.einsum("ohm,moh->oh", common, medians.mean(axis=-1)))


def test_one_race_for_all_is_that_of_the_local_part() -> None:
    losses = made([0.05, 0.02], noise=0.1)
    whole = choice_weights(losses.local, ORIGIN, TARGET, np.array([30, 45]))
    assert whole.tobytes() == split_weights(losses, ORIGIN, TARGET, np.array([30, 45])).local.tobytes()
