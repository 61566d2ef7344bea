"""Adaptive conformal intervals of ready series."""

from __future__ import annotations

import numpy as np
import pytest

from insarcast.combine.series.conformal import EDGES, adaptive_multipliers, classes_of, score_counts

ORIGIN = np.arange(80)
TARGET = ORIGIN[:, None] + np.array([1, 4])


def scores(points: int = 300, factor: float = 1.0, seed: int = 0) -> np.ndarray:
    return factor * np.abs(np.random.default_rng(seed).normal(size=(80, 2, points)))


def test_counts_add_up() -> None:
    values, classes = scores(100), np.arange(100) % 3
    values[3, 1, :50] = np.nan
    whole = score_counts(values, classes, 3)
    assert whole.shape == (80, 2, 3, len(EDGES) - 1)
    assert whole[3, 1].sum() == 50
    assert whole.sum() == 80 * 2 * 100 - 50
    parts = [score_counts(values[..., part], classes[part], 3) for part in (slice(0, 30), slice(30, 100))]
    assert (parts[0] + parts[1] == whole).all()
    extreme = score_counts(np.array([[[0.0, 1e9]]]), np.zeros(2, int), 1)
    assert extreme[0, 0, 0, 0] == extreme[0, 0, 0, -1] == 1


def test_the_multiplier_is_the_quantile_of_the_scores() -> None:
    counts = score_counts(scores(3000), np.zeros(3000, int), 1)
    found = adaptive_multipliers(counts, ORIGIN, TARGET, np.array([79]), [0.5, 0.9])
    np.testing.assert_allclose(found[0, :, 0], np.tile([0.6745, 1.645], (2, 1)), rtol=0.02)


def test_unequal_classes_have_their_own() -> None:
    values = scores(400)
    values[:, :, 200:] *= 3
    classes = (np.arange(400) >= 200).astype(int)
    found = adaptive_multipliers(score_counts(values, classes, 2), ORIGIN, TARGET, np.array([79]), [0.9])[0, 0, :, 0]
    assert found[1] / found[0] == pytest.approx(3, rel=0.05)
    few = (np.arange(400) >= 390).astype(int)
    wide = adaptive_multipliers(score_counts(values, few, 2), ORIGIN, TARGET, np.array([79]), [0.9])[0, 0, :, 0]
    assert wide[0] > 2, "points of both kinds"
    assert wide[1] > 1.1 * wide[0], "a few points that err more have wider intervals than all"
    calm = scores(400)
    calm[:, :, 390:] /= 3
    narrow = adaptive_multipliers(score_counts(calm, few, 2), ORIGIN, TARGET, np.array([79]), [0.9])[0, 0, :, 0]
    whole = adaptive_multipliers(score_counts(calm, 0 * few, 1), ORIGIN, TARGET, np.array([79]), [0.9])[0, 0, 0, 0]
    assert narrow[1] == pytest.approx(whole), "a few points that err less do not have narrower ones"


def test_it_covers_what_comes() -> None:
    """Also when the model's own scale is off by half, and when each origin has errors in common."""
    rng = np.random.default_rng(4)
    values = 1.5 * np.abs(rng.normal(size=(80, 2, 500)) + 0.5 * rng.normal(size=(80, 2, 1)))
    counts = score_counts(values, np.zeros(500, int), 1)
    found = adaptive_multipliers(counts, ORIGIN, TARGET, ORIGIN[30:], [0.9])[:, :, 0, 0]
    inside = (values[30:] <= found[..., None]).mean(axis=(0, 2))
    assert ((inside > 0.88) & (inside < 0.94)).all()


def test_a_change_is_followed() -> None:
    values = scores(500)
    values[50:] *= 2
    counts = score_counts(values, np.zeros(500, int), 1)
    fast, slow = (
        adaptive_multipliers(counts, ORIGIN, TARGET, np.array([50, 79]), [0.9], half_life=h)[:, 0, 0, 0] for h in (5.0, np.inf)
    )
    assert fast[1] > 1.8 * fast[0]
    assert fast[1] > slow[1]


def test_common_errors_raise_the_level() -> None:
    """Where whole origins err together, fewer scores are independent, and the interval is wider than the plain quantile."""
    rng = np.random.default_rng(5)
    values = np.abs(np.repeat(rng.normal(size=(80, 2, 1)), 200, axis=2))
    counts = score_counts(values, np.zeros(200, int), 1)
    found = adaptive_multipliers(counts, ORIGIN, TARGET, np.array([25]), [0.9], half_life=np.inf)[0, 0, 0, 0]
    assert found >= np.quantile(values[:24, 0, 0], 0.9)


@pytest.mark.parametrize("now", [20, 50])
def test_only_outcomes_known_by_then_count(now: int) -> None:
    values = scores(50)
    changed = values.copy()
    changed[now < TARGET] = 77.0
    plain, other = (
        adaptive_multipliers(score_counts(each, np.zeros(50, int), 1), ORIGIN, TARGET, np.array([now]), [0.9])
        for each in (values, changed)
    )
    assert plain.tobytes() == other.tobytes()


def test_too_few_outcomes_give_nothing() -> None:
    found = adaptive_multipliers(score_counts(scores(50), np.zeros(50, int), 1), ORIGIN, TARGET, np.array([4, 7]), [0.9])
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1, 0]).all()
    assert np.isnan(found[1, 1]).all()
    assert np.isnan(adaptive_multipliers(np.zeros((80, 2, 1, len(EDGES) - 1), int), ORIGIN, TARGET, np.array([70]), [0.9])).all()


def test_classes_have_equally_many_points() -> None:
    values = np.random.default_rng(6).gamma(2, size=99)
    classes = classes_of(values)
    assert np.bincount(classes).tolist() == [33, 33, 33]
    assert values[classes == 0].max() <= values[classes == 1].min()
    values[5] = np.nan
    assert classes_of(values)[5] == 2
    assert (classes_of(np.full(4, np.nan)) == 0).all()
