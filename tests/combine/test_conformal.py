"""Conformal prediction: formulas by hand, coverage by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from insarcast.combine.conformal import Evidence, corrected_level, gather, normalised_scores


@pytest.mark.parametrize(
    ("level", "count", "expected"),
    [
        (0.9, 9, 1.0),
        (0.9, 8, math.inf),
        (0.9, 19, 18 / 19),
        (0.5, 1, 1.0),
        (0.5, 9, 5 / 9),
        (0.9, 300, 271 / 300),
        (0.9, 0, math.inf),
    ],
)
def test_corrected_level(level: float, count: int, expected: float) -> None:
    assert corrected_level(level, count) == expected


def test_scores_by_hand() -> None:
    observed = np.array([1.0, -4.0, np.nan, 2.0, 2.0])
    median = np.array([0.0, 2.0, 0.0, np.nan, 2.0])
    sd = np.array([2.0, 3.0, 1.0, 1.0, 0.0])
    np.testing.assert_array_equal(normalised_scores(observed, median, sd), [0.5, 2.0, np.nan, np.nan, np.nan])


def test_evidence_counts_origins_and_blocks() -> None:
    """Four pixels in three blocks of 10; one block and one earlier origin gave nothing."""
    scores = np.array([[1.0, 2.0, np.nan, 4.0], [np.nan] * 4, [5.0, np.nan, np.nan, 8.0]])
    evidence = gather(scores, np.array([0, 9, 25, 11]), np.array([0, 9, 0, 3]), 10)
    assert (evidence.origins, evidence.blocks, evidence.count) == (2, 2, 4)
    assert sorted(evidence.scores) == [1, 2, 4, 5, 8]
    assert evidence.multiplier(0.5) == 5  # rank 3 of 4 independent: level 0.75, the fourth of five scores
    assert math.isnan(evidence.multiplier(0.9)), "four independent scores cannot give a 90 % interval"


@pytest.mark.parametrize(("level", "count"), [(0.9, 9), (0.9, 24), (0.5, 11), (0.8, 100)])
def test_coverage_of_the_next_exchangeable_error(level: float, count: int) -> None:
    """At least the level, and at most one rank more: Vovk's guarantee, whatever the law of the errors (here Cauchy)."""
    errors = np.abs(np.random.default_rng(0).standard_cauchy((8000, count + 1)))
    half = np.array([Evidence(row[:-1], count, 1).multiplier(level) for row in errors])
    covered = (errors[:, -1] <= half).mean()
    assert level - 0.012 <= covered <= level + 1 / (count + 1) + 0.012
