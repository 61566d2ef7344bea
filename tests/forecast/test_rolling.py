"""Rolling origins: which dates, which fits, and that each forecast is what the model says on that date."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from insarcast.core import InsarcastError, Split
from insarcast.forecast import Rolling, backtest
from insarcast.forecast.increments import observed_increments
from insarcast.models import TrainingData, make_model

PROTOCOL = {"train": 0.8, "past": 0.2, "gap": 0}


def make_data(dates: int = 30, points: int = 7, planned: int = 4) -> TrainingData:
    rng = np.random.default_rng(3)
    days = np.cumsum(rng.choice([6, 12, 24], dates + planned))
    calendar = np.datetime64("2020-01-05", "D") + days
    displacement = np.cumsum(rng.normal(0, 1, (dates, points)), axis=0)
    return TrainingData(displacement, np.ones((dates, points), bool), calendar[:dates], calendar)


def test_150_dates_are_split_as_the_published_comparison() -> None:
    """The first 120 for training and every choice; all origins after them whose next date exists."""
    rolling = Rolling.of(150, PROTOCOL)
    roles = np.array(rolling.roles)
    assert rolling.indices[roles == "past"].tolist() == list(range(89, 119))
    assert rolling.indices[roles == "test"].tolist() == list(range(119, 149))
    assert rolling.indices[roles == "newest"].tolist() == [149]


def test_shares_are_not_cut_by_floating_point() -> None:
    for dates in range(25, 400):
        for train, past in ((8, 2), (7, 1), (9, 3)):
            rolling = Rolling.of(dates, {"train": train / 10, "past": past / 10, "gap": 0})
            first = rolling.indices[rolling.roles.index("test")]
            assert first == dates * train // 10 - 1
            assert rolling.indices[0] == dates * (train - past) // 10 - 1


@pytest.mark.parametrize("protocol", [{"train": 0.8, "past": 0.79, "gap": 0}, {"train": 0.8, "past": 0.2, "gap": 14}])
def test_nothing_to_learn_from_or_to_test_on(protocol: dict[str, float]) -> None:
    with pytest.raises(InsarcastError, match=r"area: 30 dates with backtest\.train .* 5 and 1 are needed"):
        Rolling.of(30, protocol, "area")


def test_when_a_model_is_fitted() -> None:
    rolling = Rolling.of(30, PROTOCOL | {"gap": 2})
    ends = [end for end, _ in rolling.fits("first")]
    assert ends == [17 - 2, 23 - 2, 29]
    each = rolling.fits("each")
    assert [end for end, _ in each] == [*range(15, 27), 29]
    assert [at for _, places in each for at in places] == list(range(13))


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize("apart", [True, False])
def test_each_forecast_is_what_the_model_says_on_that_date(local: bool, apart: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("insarcast.forecast.rolling.VALUES", 300)  # in parts
    data = make_data()
    rolling = Rolling.of(30, PROTOCOL)
    made = backtest(lambda: make_model("linear"), data, rolling, (1, 2), (0.05, 0.95), local=local, apart=apart)
    assert made.increment.dims == ("origin", "horizon", "quantile", "point")
    assert made["quantile"].values.tolist() == [0.05, 0.5, 0.95]
    for at, index in enumerate(rolling.indices):
        origin = data.time[index]
        split = Split(origin, (origin,), (1, 2))
        known = data.until(origin)
        said = make_model("linear").fit(known, split).predict(known, [origin], (1, 2), (0.05, 0.5, 0.95))
        np.testing.assert_array_equal(made.increment.values[at], said.increment.values[0].astype("float32"))
        assert (made.target_time.values[at] == said.target_time.values[0]).all()
    assert np.isfinite(made.sd.values).all()
    assert (made.sd.values > 0).all()


def test_what_happened() -> None:
    data = make_data()
    jump = np.zeros((30, 7), bool)
    jump[25, 3] = True
    observed = data.observed.copy()
    observed[26, 4] = False
    made = observed_increments(replace(data, jump=jump, observed=observed), [23, 28], (1, 3))
    expected = data.displacement[[24, 26]] - data.displacement[23]
    assert (made[0, 0] == expected[0]).all()
    assert np.isnan(made[0, 1, 3]), "across the join of two releases"
    assert np.isnan(made[0, 1, 4]), "across a bridged step"
    assert (made[0, 1, [0, 1, 2, 5, 6]] == expected[1, [0, 1, 2, 5, 6]]).all()
    assert np.isnan(made[1, 1]).all(), "beyond the last date"
