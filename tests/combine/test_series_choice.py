"""The automatic choice of ready series: clear leaders alone, near ties averaged, nothing from the future."""

from __future__ import annotations

import numpy as np
import pytest

from insarcast.combine.series_choice import choice_weights, mean_losses, race

ORIGIN = np.arange(60)
TARGET = ORIGIN[:, None] + np.array([1, 5])


def made(gaps: list[float], noise: float = 0.05, seed: int = 0) -> np.ndarray:
    """Losses ``(model, origin, horizon)``: persistence 1, each other better by its gap, with noise of its own."""
    rng = np.random.default_rng(seed)
    base = 1 + 0.2 * rng.normal(size=(1, 60, 2))
    return base - np.array([0.0, *gaps])[:, None, None] + noise * rng.normal(size=(1 + len(gaps), 60, 2))


def test_a_clear_leader_is_chosen_alone() -> None:
    weights = choice_weights(made([0.3, 0.1, -0.5]), ORIGIN, TARGET, np.array([40, 59]))
    assert weights.shape == (2, 2, 4)
    np.testing.assert_allclose(weights.sum(axis=2), 1)
    assert (weights[..., 1] > 0.99).all()


def test_what_cannot_be_told_apart_is_averaged() -> None:
    weights = choice_weights(made([0.002, 0.0, -1.0], noise=0.3, seed=1), ORIGIN, TARGET, np.array([50]))[0]
    assert (weights[:, :3].min(axis=1) > 0.03).all()
    assert (weights[:, 3] == 0).all(), "three standard errors behind"


def test_equal_models_weigh_the_same() -> None:
    losses = np.ones((3, 60, 2))
    np.testing.assert_allclose(choice_weights(losses, ORIGIN, TARGET, np.array([30])), 1 / 3)


def test_overlapping_outcomes_count_as_one() -> None:
    losses = made([0.03], noise=0.1)[:, :, 0]
    alone, shared = (race(losses, np.ones(60), lag) for lag in (1, 10))
    assert alone[0] < shared[0] < 0.5


@pytest.mark.parametrize("now", [20, 40])
def test_only_outcomes_known_by_then_count(now: int) -> None:
    losses = made([0.1, 0.12], noise=0.2)
    changed = losses.copy()
    late = now < TARGET
    changed[:, late] = np.random.default_rng(2).normal(size=changed[:, late].shape) * 100
    changed[0, now + 1 :] = np.nan
    plain, other = (choice_weights(each, ORIGIN, TARGET, np.array([now])) for each in (losses, changed))
    assert plain.tobytes() == other.tobytes()


def test_a_turn_of_luck_is_noticed() -> None:
    losses = made([0.3, 0.0], noise=0.02)
    losses[1, 40:] += 1.0
    weights = choice_weights(losses, ORIGIN, TARGET, np.array([40, 50, 59]))
    assert weights[0, 0, 1] > 0.9
    assert weights[1, 0, 1] < 0.9
    assert weights[2, 0, 1] < 0.5
    slow = choice_weights(losses, ORIGIN, TARGET, np.array([59]), half_life=np.inf)
    assert slow[0, 0, 1] > weights[2, 0, 1]


def test_too_little_past_is_persistence() -> None:
    weights = choice_weights(made([0.3]), ORIGIN, TARGET, np.array([3, 7, 12]))
    assert (weights[0, :, 0] == 1).all()
    assert weights[1, 0, 1] > 0.9
    assert (weights[1, 1] == weights[1, 0]).all(), "the next shorter horizon's weights stand"
    assert weights[2, 1, 1] > 0.9


def test_dates_do_as_well_as_indices() -> None:
    day = np.datetime64("2020-01-01")
    losses = made([0.05, 0.02], noise=0.1)
    by_index = choice_weights(losses, ORIGIN, TARGET, np.array([30, 45]))
    by_date = choice_weights(losses, day + 12 * ORIGIN, day + 12 * TARGET, day + 12 * np.array([30, 45]))
    assert by_index.tobytes() == by_date.tobytes()


def test_losses_are_on_cells_that_all_models_forecast() -> None:
    rng = np.random.default_rng(3)
    medians, observed = rng.normal(size=(2, 4, 3, 50)), rng.normal(size=(4, 3, 50))
    medians[1, :, :, :10] = np.nan
    observed[2, 1] = np.nan
    sums, count = mean_losses(medians, observed)
    assert count[0, 0] == 40
    assert count[2, 1] == 0
    np.testing.assert_allclose(sums[0, 0, 0] / 40, np.abs(medians[0, 0, 0, 10:] - observed[0, 0, 10:]).mean())
    first, second = (mean_losses(medians[..., part], observed[..., part]) for part in (slice(0, 25), slice(25, 50)))
    np.testing.assert_allclose(first[0] + second[0], sums)
    assert (first[1] + second[1] == count).all()
