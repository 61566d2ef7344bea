"""What every registered model must keep, whatever it is made of; models of grids run small, on points of a grid."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from insarcast.core import InsarcastError, Split
from insarcast.models import Forecaster, TrainingData, load_model, make_model, model_entry, model_names

HORIZONS = (1, 2, 3)
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
# Small enough that the suite stays quick, on a base that a few epochs improve: a network that stayed at its start would prove nothing.
SMALL: dict[str | None, dict[str, Any]] = {
    "convlstm": {
        "base": "persistence",
        "hidden": [4],
        "kernel": 3,
        "window": 5,
        "epochs": 3,
        "batch": 2,
        "learning_rate": 0.01,
        "patience": 3,
    },
    "models.ridge": {"window": 2, "k": 4},
    "models.dlinear": {"window": 2, "kernel": 3},
    "models.eof": {"modes": 2, "window": 2},
    "models.svr": {"window": 2, "k": 4, "sample": 200},
    "models.boosting": {"window": 2, "k": 4, "trees": 5, "learning_rate": 0.3, "least": 5},
    "models.rnn": {"window": 2, "k": 4, "hidden": 4, "epochs": 4, "batch": 32, "learning_rate": 0.03},
    "models.gru": {"window": 2, "k": 4, "hidden": 4, "epochs": 4, "batch": 32, "learning_rate": 0.03},
    "models.lstm": {"window": 2, "k": 4, "hidden": 4, "epochs": 4, "batch": 32, "learning_rate": 0.03},
}


def make_data(points: int = 24, seed: int = 0) -> TrainingData:
    """Irregular dates, some bridged steps, some missing values; four planned dates after the last."""
    rng = np.random.default_rng(seed)
    days = np.cumsum(np.array([0, 12, 12, 24, 12, 6, 12, 12, 36, 12, 12, 12, 12, 12, 12, 12]))
    calendar = np.datetime64("2018-01-06", "D") + days
    time = calendar[:12]
    rate = rng.uniform(-0.8, 0.1, points)
    displacement = rate * days[:12, None] + rng.normal(0, 3, (12, points))
    displacement -= displacement[0]
    observed = rng.random((12, points)) > 0.15
    observed[0] = True
    displacement[:, 3] = np.nan
    displacement[5, 4] = np.nan
    displacement[9:, 5] = np.nan
    shape = (9, 8)
    row, col = np.unravel_index(np.sort(rng.choice(72, points, replace=False)), shape)
    return TrainingData(displacement, observed, time, calendar, row, col, shape)


def make(name: str) -> Forecaster:
    return make_model(name, **SMALL.get(model_entry(name).settings, {}))


def run(name: str, data: TrainingData, seed: int = 0, ends: int = 7, starts: tuple[int, ...] = (7, 9, 11)):
    origins = [data.time[index] for index in starts]
    split = Split(data.time[ends], tuple(origins), HORIZONS)
    return make(name).fit(data, split, seed=seed).predict(data, origins, HORIZONS, QUANTILES)


@pytest.fixture(params=model_names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_network_has_learnt_something(name: str) -> None:
    """Or the rest of this suite would look at its base alone."""
    data = make_data()
    model = make(name).fit(data, Split(data.time[7], (data.time[7],), HORIZONS))
    if hasattr(model, "best_epoch"):
        assert model.best_epoch > 0
        assert (run(name, data).increment.sel(quantile=0.5).values != 0).any()


def test_shapes_and_targets(name: str) -> None:
    data = make_data()
    forecast = run(name, data)
    assert forecast.increment.dims == ("origin", "horizon", "quantile", "point")
    assert forecast.increment.shape == (3, 3, 5, data.points)
    assert forecast.increment.dtype == np.float64
    assert forecast.increment.attrs["units"] == "mm"
    expected = data.calendar[np.array([[8, 9, 10], [10, 11, 12], [12, 13, 14]])]
    assert (forecast.target_time.values == expected).all()


def test_quantiles_do_not_cross(name: str) -> None:
    values = run(name, make_data()).increment.values
    known = np.isfinite(values).all(axis=2)
    assert known.mean() > 0.8
    assert (np.diff(values, axis=2) >= 0).all(axis=2)[known].all()


def test_what_was_not_measured_is_not_forecast(name: str) -> None:
    values = run(name, make_data()).increment.values
    assert np.isnan(values[..., 3]).all(), "a point without data"
    assert np.isnan(values[1:, ..., 5]).all(), "a point without a value at the origin"
    assert np.isfinite(values[0, :, 2, 5]).all()
    assert np.isfinite(values[0, :, 2, 4]).all(), "one missing date in the past is no obstacle"


def test_no_points(name: str) -> None:
    assert run(name, make_data().take(np.array([], int))).increment.shape == (3, 3, 5, 0)


def test_same_seed_same_bits(name: str) -> None:
    data = make_data()
    first, again = (run(name, data, seed=7).increment.values for _ in range(2))
    assert first.tobytes() == again.tobytes()


def test_the_order_of_points_does_not_matter(name: str) -> None:
    data = make_data()
    order = np.random.default_rng(1).permutation(data.points)
    plain, other = run(name, data).increment.values[..., order], run(name, data.take(order)).increment.values
    if model_entry(name).scope == "global" and model_entry(name).view != "grid":  # sums over points, in another order
        np.testing.assert_allclose(other, plain, rtol=1e-6, atol=1e-6)
    else:
        assert plain.tobytes() == other.tobytes()


@pytest.mark.parametrize("start", [7, 9, 11])
def test_the_future_changes_no_bit(name: str, start: int) -> None:
    data = make_data()
    rng = np.random.default_rng(2)
    displacement, observed = data.displacement.copy(), data.observed.copy()
    displacement[start + 1 :] = rng.normal(0, 1e4, displacement[start + 1 :].shape)
    displacement[start + 1 :, ::4] = np.nan
    observed[start + 1 :] = ~observed[start + 1 :]
    other = replace(data, displacement=displacement, observed=observed)
    cut = data.until(data.time[start])
    plain, perturbed, short = (run(name, each, starts=(start,)).increment.values for each in (data, other, cut))
    assert plain.tobytes() == perturbed.tobytes() == short.tobytes()


def test_an_origin_alone_or_among_others(name: str) -> None:
    data = make_data()
    together = run(name, data).increment
    alone = run(name, data, starts=(9,)).increment
    assert together.sel(origin=alone.origin).values.tobytes() == alone.values.tobytes()


def test_a_bridged_step_is_not_learnt_from(name: str) -> None:
    """A jump across a bridged step is nobody's evidence: with or without it the forecast is the same."""
    data = make_data()
    observed = np.ones_like(data.observed)
    observed[4] = False
    jump = data.displacement.copy()
    jump[4:] += 500.0
    before = run(name, replace(data, observed=observed)).increment.values
    after = run(name, replace(data, observed=observed, displacement=jump)).increment.values
    np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-9)


def test_saved_and_loaded(name: str, tmp_path) -> None:
    data = make_data()
    split = Split(data.time[7], (data.time[9],), HORIZONS)
    model = make(name).fit(data, split, seed=3)
    model.save(tmp_path / "model")
    assert all(path.suffix in (".json", ".safetensors") for path in (tmp_path / "model").iterdir())
    json.loads((tmp_path / "model/model.json").read_text())
    again = load_model(name, tmp_path / "model")
    forecasts = [each.predict(data, [data.time[9]], HORIZONS, QUANTILES).increment.values for each in (model, again)]
    assert forecasts[0].tobytes() == forecasts[1].tobytes()
    with pytest.raises(InsarcastError, match="within the training"):
        again.predict(data, [data.time[6]], HORIZONS, QUANTILES)


def test_no_forecast_from_within_the_training(name: str) -> None:
    data = make_data()
    model = make(name).fit(data, Split(data.time[8], (data.time[10],), HORIZONS))
    with pytest.raises(InsarcastError, match="2018-04-06"):
        model.predict(data, [data.time[7]], HORIZONS, QUANTILES)


def test_no_forecast_beyond_the_calendar(name: str) -> None:
    data = make_data()
    model = make(name).fit(data, Split(data.time[11], (data.time[11],), (5,)))
    with pytest.raises(InsarcastError, match=r"forecast\.horizons asks for 5"):
        model.predict(data, [data.time[11]], (5,), QUANTILES)


def test_no_forecast_from_a_date_that_is_not_there(name: str) -> None:
    data = make_data()
    model = make(name).fit(data, Split(data.time[3], (data.time[3],), (1,)))
    with pytest.raises(InsarcastError, match="2018-05-01"):
        model.predict(data, [np.datetime64("2018-05-01")], (1,), QUANTILES)
