"""The step where two releases of a product join."""

from __future__ import annotations

import numpy as np

from insarcast.models.joins import bridge_joins


def test_nothing_without_a_join() -> None:
    level = np.arange(6.0).reshape(3, 2)
    assert bridge_joins(level, None) is level
    assert bridge_joins(level, np.zeros((3, 2), bool)) is level


def test_one_date_after_the_join_by_hand() -> None:
    """Ten dates at 0, one at 6: half of the step and a bit less, 6 / (1 + 1/10 + 1/1)."""
    level = np.zeros((11, 2))
    level[10] = 6.0
    jump = np.zeros((11, 2), bool)
    jump[10, 0] = True
    moved = bridge_joins(level, jump)
    np.testing.assert_allclose(moved[:10, 0], 6 / 2.1, rtol=1e-12)
    assert moved[10, 0] == 6.0, "what lies beyond the join stays"
    assert (moved[:, 1] == level[:, 1]).all(), "a point without a join stays"
    assert level[0, 0] == 0.0, "the input is not touched"


def test_a_jump_is_known_better_with_every_date() -> None:
    level = np.where(np.arange(30) < 15, 0.0, 4.0)[:, None]
    jump = np.zeros((30, 1), bool)
    jump[15] = True
    left = [4.0 - bridge_joins(level[:end], jump[:end])[0, 0] for end in (16, 18, 30)]
    assert left == sorted(left, reverse=True)
    np.testing.assert_allclose(left[-1], 4 - 4 / 1.2, rtol=1e-12)


def test_gaps_count_as_no_date_and_a_join_without_both_sides_is_left() -> None:
    level = np.array([[np.nan, 1.0], [0.0, 1.0], [np.nan, 1.0], [8.0, np.nan]])
    jump = np.zeros((4, 2), bool)
    jump[2] = True
    moved = bridge_joins(level, jump)
    np.testing.assert_allclose(moved[1, 0], 8 / 3)
    np.testing.assert_allclose(moved[:3, 1], 1.0)
    no_side = bridge_joins(np.array([[np.nan], [3.0], [4.0]]), np.array([[False], [True], [False]]))
    np.testing.assert_array_equal(no_side, [[np.nan], [3.0], [4.0]])


def test_two_joins_of_one_point() -> None:
    """With noise-free steps and any number of dates the middle part moves by its own share, the first by both."""
    level = np.repeat([0.0, 4.0, 10.0], 10)[:, None]
    jump = np.zeros((30, 1), bool)
    jump[[10, 20]] = True
    moved = bridge_joins(level, jump)
    first = 4 / 1.2
    np.testing.assert_allclose(moved[15, 0], 4 + 6 / 1.2)
    np.testing.assert_allclose(moved[5, 0], first + 6 / 1.2)
