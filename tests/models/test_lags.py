"""Windows of the past, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from insarcast.models import TrainingData
from insarcast.models.levels import filled
from insarcast.models.noise import scatter
from insarcast.models.regression.windows import Channels, Windows, gather
from insarcast.models.season import phase
from insarcast.models.space.modes import leading_modes
from insarcast.models.space.neighbours import neighbour_weights

START = np.datetime64("2018-01-06", "D")


def data_of(values: np.ndarray, later: int = 3) -> TrainingData:
    count = len(values)
    calendar = START + 12 * np.arange(count + later)
    x = np.arange(values.shape[1], dtype="float64") * 100
    return TrainingData(values.astype(float), np.ones(values.shape, bool), calendar[:count], calendar, x=x, y=np.zeros_like(x))


def test_a_window_by_hand() -> None:
    values = np.array([[0.0, 0.0, 5.0], [1.0, 4.0, 5.0], [3.0, 2.0, 5.0], [4.0, 8.0, 7.0], [9.0, 9.0, 9.0]])
    data = data_of(values)
    channels = Channels(2, "knn", 1, True)
    windows = Windows(data, channels, neighbour_weights(data, kind="knn", k=1))
    rows = windows.rows(2, [1, 2, 4], slice(None))
    own = np.array([[-2.0, -3.0], [2.0, -2.0], [0.0, 0.0]])
    unit = windows.scatter[:, None]
    np.testing.assert_allclose(rows.lags[:, 0] * unit, own, atol=1e-4)
    np.testing.assert_allclose(rows.lags[0, 1] * unit[0], own[1], atol=1e-4)
    np.testing.assert_allclose(rows.lags[:, 2] * unit, np.tile(own.mean(axis=0), (3, 1)), atol=1e-4)
    np.testing.assert_allclose(rows.target[:, :2] * unit, [[1, 6], [6, 7], [2, 4]], atol=1e-4)
    assert np.isnan(rows.target[:, 2]).all(), "no date so far ahead"
    np.testing.assert_array_equal(rows.days[0], [12, 24])
    np.testing.assert_allclose(rows.season[1, 1], phase(data.calendar[4]) - phase(data.calendar[2]), atol=1e-6)


def test_gaps_show_the_value_before_them() -> None:
    level = np.array([[np.nan, np.nan], [2.0, np.nan], [np.nan, np.nan], [5.0, np.nan]])
    np.testing.assert_array_equal(filled(level), [[2, np.nan], [2, np.nan], [2, np.nan], [5, np.nan]])


def test_a_short_history_is_lengthened_by_its_first_value() -> None:
    data = data_of(np.array([[1.0], [3.0], [4.0]]))
    np.testing.assert_array_equal(Windows(data, Channels(4)).lags(2)[:, 0], [-1, -3, -3, -3])
    np.testing.assert_array_equal(Windows(data, Channels(4)).lags(0)[:, 0], [0, 0, 0, 0])


def test_no_target_across_a_bridged_step_or_a_join() -> None:
    data = data_of(np.arange(12.0).reshape(6, 2))
    observed, jump = data.observed.copy(), np.zeros((6, 2), bool)
    observed[3, 0] = False
    jump[5, 1] = True
    windows = Windows(replace(data, observed=observed, jump=jump), Channels(2))
    known = np.isfinite(windows.target(2, [1, 2, 3]))
    np.testing.assert_array_equal(known, [[False, True], [False, True], [False, False]])
    assert np.isfinite(windows.target(3, [1])).all(), "after the bridge all is known again"


def test_scatter_of_few_steps_is_nearly_that_of_all() -> None:
    rng = np.random.default_rng(0)
    level = rng.normal(0, [1.0, 1.0, 1.0, 5.0], (400, 4))
    unit, pooled = scatter(level)
    np.testing.assert_allclose(pooled, np.sqrt(2), rtol=0.1)
    np.testing.assert_allclose(unit[3], 5 * np.sqrt(2), rtol=0.12)
    short = level.copy()
    short[4:, 3] = np.nan
    assert scatter(short)[0][3] < 3.5
    assert scatter(np.zeros((5, 2)))[1] == 1.0, "a scale must not be 0"


def test_leading_modes_are_the_singular_vectors() -> None:
    rng = np.random.default_rng(1)
    field = rng.normal(size=(40, 3)) * [9, 3, 1] @ rng.normal(size=(3, 25)) + rng.normal(size=(40, 25)) * 0.01
    modes = leading_modes(field, 2)
    _, _, right = np.linalg.svd(field - field.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(modes.T @ right[:2].T), np.eye(2), atol=1e-8)
    field[5:9, 3], field[:, 7] = np.nan, np.nan
    modes = leading_modes(field, 2)
    assert np.isfinite(modes).all()
    np.testing.assert_allclose(modes[7], 0, atol=1e-12)


def test_a_sample_is_its_seeds_and_not_the_points_order() -> None:
    data = data_of(np.random.default_rng(2).normal(size=(20, 30)).cumsum(axis=0))
    order = np.random.default_rng(3).permutation(30)
    first, again, other = (
        gather(Windows(each, Channels(3)), 3, 19, [1, 2], 10_000, 0) for each in (data, data, data.take(order))
    )
    assert first is not None
    assert again is not None
    assert other is not None
    assert len(first.target) == 16 * 30
    for name in ("lags", "target", "scatter"):
        np.testing.assert_array_equal(getattr(first, name), getattr(other, name))
    few = [gather(Windows(data, Channels(3)), 3, 19, [1, 2], 50, seed) for seed in (0, 0, 1)]
    assert all(part is not None and len(part.target) == 50 for part in few)
    np.testing.assert_array_equal(few[0].lags, few[1].lags)
    assert (few[0].lags != few[2].lags).any()
    assert gather(Windows(data, Channels(3)), 19, 20, [1], 10, 0) is None


@pytest.mark.parametrize("jumps", [False, True])
def test_a_window_knows_nothing_later(jumps: bool) -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(size=(30, 12)).cumsum(axis=0)
    jump = np.zeros((30, 12), bool)
    jump[14, ::2] = jumps
    data = replace(data_of(values), jump=jump)
    later = values.copy()
    later[21:] += 1e3
    plain, other = (Windows(replace(data, displacement=each), Channels(5)).lags(20) for each in (values, later))
    assert plain.tobytes() == other.tobytes()
    if jumps:
        assert (plain != Windows(replace(data, jump=None), Channels(15)).lags(20)[:5]).sum() == 0, (
            "the window lies after the join"
        )
        wide = Windows(data, Channels(15)).lags(20)
        assert (wide[7:] != Windows(replace(data, jump=None), Channels(15)).lags(20)[7:])[:, ::2].all()
