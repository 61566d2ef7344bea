"""Small series for the tests of the models that learn from pooled windows."""

from __future__ import annotations

import numpy as np

from insarcast.core import Split
from insarcast.models import TrainingData, make_model
from insarcast.models.regression.windows import Channels, Rows, Windows, gather

START = np.datetime64("2016-01-02", "D")


def data_of(values: np.ndarray, side: int | None = None) -> TrainingData:
    calendar = START + 12 * np.arange(len(values))
    x = y = None
    if side is not None:
        x, y = (axis.ravel() * 100.0 for axis in np.meshgrid(np.arange(side), np.arange(side)))
    return TrainingData(values, np.ones(values.shape, bool), calendar, calendar, x=x, y=y)


def skill(name: str, data: TrainingData, horizons=(1,), **settings) -> np.ndarray:
    """1 - MAE / MAE(persistence) over the origins in the last fifth."""
    cut = len(data.time) * 4 // 5
    origins = [data.time[index] for index in range(cut - 1, len(data.time) - max(horizons))]
    model = make_model(name, **settings).fit(data, Split(data.time[cut - 1], tuple(origins), tuple(horizons)))
    said = model.predict(data, origins, horizons, (0.5,)).increment.values[:, :, 0]
    at = np.arange(cut - 1, len(data.time) - max(horizons))
    truth = np.stack([data.displacement[at + step] - data.displacement[at] for step in horizons], axis=1)
    return 1 - np.abs(said - truth).mean(axis=(0, 2)) / np.abs(truth).mean(axis=(0, 2))


def rows_of(points: int = 20) -> tuple[Rows, TrainingData]:
    """All windows of four dates of random walks, targets one and three steps ahead."""
    values = np.random.default_rng(0).normal(size=(40, points)).cumsum(axis=0)
    rows = gather(Windows(data_of(values), Channels(4)), 4, 40, [1, 3], 10_000, 0)
    assert rows is not None
    return rows, data_of(values)
