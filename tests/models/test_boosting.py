"""Boosted trees: kept arrays forecast what scikit-learn forecasts."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from insarcast.core import InsarcastError
from insarcast.models import make_model
from insarcast.models.regression.boosting import Boosting, features, flat, nodes_of, walk
from insarcast.models.regression.model import Lesson
from tests.models.windows_toy import data_of, rows_of, skill


def test_arrays_forecast_what_scikit_learn_does() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 7))
    y = np.where(x[:, 0] > 0.3, x[:, 1], -2 * x[:, 2]) + rng.normal(0, 0.1, 2000)
    model = HistGradientBoostingRegressor(loss="absolute_error", max_iter=40, early_stopping=False, random_state=0).fit(x, y)
    new = rng.normal(size=(3000, 7))
    for count in (40, 7):
        trees = flat([nodes_of(model, count)])
        names = ("first_node", "feature", "threshold", "left", "right", "value")
        said = trees["baseline"][0] + walk(new, *(trees[name] for name in names))
        expected = list(model.staged_predict(new))[count - 1]
        np.testing.assert_allclose(said, expected, rtol=0, atol=1e-12)


def test_the_model_is_scikit_learns_for_each_horizon() -> None:
    rows, data = rows_of()
    model = Boosting(window=4, neighbours="none", network=False, trees=20, least=5)
    learnt = model._train(Lesson(rows, None, data))
    said = model._say(learnt, rows)
    for step in range(2):
        known = np.isfinite(rows.target[:, step])
        x = features(rows, step)
        oracle = HistGradientBoostingRegressor(
            loss="absolute_error",
            learning_rate=0.06,
            max_iter=20,
            max_leaf_nodes=8,
            min_samples_leaf=5,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=0,
        ).fit(x[known], rows.target[known, step].astype("float64"))
        np.testing.assert_allclose(said[:, step], oracle.predict(x), atol=1e-12)


def test_any_number_of_threads_says_the_same() -> None:
    rows, data = rows_of()
    model = Boosting(window=4, neighbours="none", trees=10, least=5)
    learnt = model._train(Lesson(rows, None, data))
    before, said = numba.get_num_threads(), []
    for count in {1, before}:
        numba.set_num_threads(count)
        said.append(model._say(learnt, rows).tobytes())
    numba.set_num_threads(before)
    assert len(set(said)) == 1


def test_a_threshold_that_no_line_finds() -> None:
    """Where the level last rose by more than 1, it falls by 3 next; else it wanders: trees see it, a line half of it."""
    rng = np.random.default_rng(3)
    steps = rng.normal(0, 1, (100, 60))
    for index in range(1, 100):
        steps[index] = np.where(steps[index - 1] > 1.0, -3.0, 0.5) + rng.normal(0, 0.5, 60)
        steps[index] += np.where(rng.random(60) < 0.3, 1.5, 0.0)
    data = data_of(steps.cumsum(axis=0))
    trees = skill("boosting", data, neighbours="none", network=False, window=3, trees=60, learning_rate=0.2, least=20)[0]
    line = skill("ridge", data, neighbours="none", network=False, field_modes=0, window=3)[0]
    assert trees > line + 0.1


def test_settings_that_make_no_sense() -> None:
    with pytest.raises(InsarcastError, match="boosting needs"):
        make_model("boosting", leaves=1)
