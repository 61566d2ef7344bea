"""Support vector regression: forecasts of kept arrays are those of scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import Ridge
from sklearn.svm import SVR as Oracle

from insarcast.core import InsarcastError
from insarcast.models import make_model
from insarcast.models.regression.model import Lesson
from insarcast.models.regression.svr import SVR, stratified
from insarcast.models.regression.windows import Channels, Windows, gather
from tests.models.windows_toy import data_of, rows_of, skill


def test_exact_is_scikit_learns() -> None:
    rows, data = rows_of()
    model = SVR(window=4, neighbours="none", sample=300, engine="exact", c=0.7, epsilon=0.2, gamma=0.5)
    learnt = model._train(Lesson(rows, None, data))
    said = model._say(learnt, rows)
    keep = stratified(rows, 300, 0)
    x = rows.lags.reshape(len(rows.lags), -1).astype("float64")
    for step in range(2):
        y = rows.target[keep, step].astype("float64")
        known = np.isfinite(y)
        oracle = Oracle(C=0.7, epsilon=0.2, gamma=0.5 / (x.shape[1] * x[keep].var())).fit(x[keep][known], y[known])
        np.testing.assert_allclose(said[:, step], oracle.predict(x), atol=1e-9)


def test_nystroem_with_all_landmarks_is_scikit_learns() -> None:
    rows, data = rows_of(6)
    count = len(rows.lags)
    model = SVR(window=4, neighbours="none", sample=count, engine="nystroem", c=0.5, gamma=2.0, landmarks=count)
    learnt = model._train(Lesson(rows, None, data))
    x = rows.lags.reshape(count, -1).astype("float64")
    features = Nystroem(gamma=2.0 / (x.shape[1] * x.var()), n_components=count, random_state=0).fit(x).transform(x)
    known = np.isfinite(rows.target[:, 1])
    oracle = Ridge(alpha=2.0).fit(features[known], rows.target[known, 1])
    np.testing.assert_allclose(model._say(learnt, rows)[:, 1], oracle.predict(features), atol=1e-4)


def test_a_sample_has_as_many_fast_as_slow_windows() -> None:
    values = np.random.default_rng(1).normal(size=(60, 50))
    values[:, :5] += np.arange(60)[:, None] * 4.0
    rows = gather(Windows(data_of(values), Channels(4)), 4, 59, [1], 10_000, 0)
    assert rows is not None
    keep = stratified(rows, 500, 0)
    assert len(keep) == 500
    assert len(set(keep.tolist())) == 500
    size = np.abs(rows.lags[:, 0]).mean(axis=1)
    edges = np.quantile(size, np.linspace(0, 1, 11)[1:-1])
    np.testing.assert_allclose(np.bincount(np.digitize(size[keep], edges), minlength=10), 50, atol=2)


@pytest.mark.parametrize("engine", ["exact", "nystroem"])
def test_white_noise_is_averaged(engine: str) -> None:
    data = data_of(np.random.default_rng(2).normal(0, 3, (100, 60)))
    assert skill("svr", data, engine=engine, neighbours="none", window=10, sample=1500)[0] > 0.15


def test_settings_that_make_no_sense() -> None:
    with pytest.raises(InsarcastError, match="svr needs the engine"):
        make_model("svr", c=0)
