"""Conformal prediction: formulas by hand, coverage by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from insarcast.combine.grid.conformal import Evidence, corrected_level, gather, normalised_scores


@pytest.mark.parametrize(
    ("level", "count", "expected"),
    [
        (0.9, 9, 1.0),
        (0.9, 8, math.inf),
        (0.9, 19, 18 / 19),
        (0.5, 1, 1.0),
        (0.5, 9, 5 / 9),
        (0.9, 300, 0.903),
        (0.9, 0, math.inf),
    ],
)
def test_corrected_level(level: float, count: int, expected: float) -> None:
    assert corrected_level(level, count) == pytest.approx(expected)


def test_scores_by_hand() -> None:
    observed = np.array([1.0, -4.0, np.nan, 2.0, 2.0])
    median = np.array([0.0, 2.0, 0.0, np.nan, 2.0])
    sd = np.array([2.0, 3.0, 1.0, 1.0, 0.0])
    np.testing.assert_array_equal(normalised_scores(observed, median, sd), [0.5, 2.0, np.nan, np.nan, np.nan])


def test_evidence_counts_origins_and_blocks() -> None:
    """Four pixels in three blocks of 10; one block and one earlier origin gave nothing."""
    scores = np.array([[1.0, 2.0, np.nan, 4.0], [np.nan] * 4, [5.0, np.nan, np.nan, 8.0]])
    evidence = gather(scores, np.array([0, 9, 25, 11]), np.array([0, 9, 0, 3]), 10)
    assert (evidence.origins, evidence.blocks) == (2, 2)
    assert evidence.independent(0.5) == 2, "all scores of the first origin lie below the median, none of the second"
    assert evidence.multiplier(0.5) == 5, "level 0.75 of five scores: the fourth"
    assert math.isnan(evidence.multiplier(0.9)), "two independent scores cannot give a 90 % interval"


def test_dates_that_err_together_are_worth_less() -> None:
    """Shares 0.8 and 1.0 below the 90 % quantile, variance 0.02: 0.9 x 0.1 x 2 / 0.02 = 9 of the 20 blocks x origins."""
    scores = np.vstack([np.r_[np.arange(8.0), 100, 101], np.arange(10.0)])
    assert Evidence(scores, 10).independent(0.9) == pytest.approx(9)
    assert Evidence(scores, 4).independent(0.9) == 8, "never more than blocks x origins"
    alike = np.vstack([np.arange(10.0)] * 3)
    assert Evidence(alike, 10).independent(0.9) == 30
    assert Evidence(alike[:1], 10).independent(0.9) == 1, "one date tells nothing of how dates differ"


@pytest.mark.parametrize(("level", "count"), [(0.9, 9), (0.9, 24), (0.5, 11), (0.8, 100)])
def test_coverage_of_the_next_exchangeable_error(level: float, count: int) -> None:
    """At least the level, and at most one rank more: Vovk's guarantee, whatever the law of the errors (here Cauchy)."""
    errors = np.abs(np.random.default_rng(0).standard_cauchy((8000, count + 1)))
    half = np.array([Evidence(row[:-1, None], 1).multiplier(level) for row in errors])
    covered = (errors[:, -1] <= half).mean()
    assert level - 0.012 <= covered <= level + 1 / (count + 1) + 0.012


def test_coverage_where_dates_err_together() -> None:
    """8 earlier dates of 40 blocks, each date with an error of its own twice as large as the blocks': 90 % on average over dates.

    Counting every block as independent, as with ``independent`` at its most, covers visibly less.
    """
    rng = np.random.default_rng(1)
    covered = []
    for _ in range(1500):
        errors = np.abs(2 * rng.standard_normal((9, 1)) + rng.standard_normal((9, 40)))
        careful = Evidence(errors[:8], 40).multiplier(0.9)
        careless = np.quantile(errors[:8], 0.9 * 321 / 320)
        covered.append([(errors[8] <= careful).mean(), (errors[8] <= careless).mean()])
    careful, careless = np.mean(covered, axis=0)
    assert careful == pytest.approx(0.9, abs=0.02)
    assert careless < 0.88
