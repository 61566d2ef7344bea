"""What the local models share: each point by itself, parameters estimated anew at every origin from its past alone."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast.core import InsarcastError, Split

from .data import Dates, TrainingData, days_between

Array = NDArray[np.float64]


class Law(NamedTuple):
    """Predictive Student's t laws of increments.

    Attributes:
        centre: ``(origin, horizon, point)`` mm.
        scale: ``(origin, horizon, point)`` mm, NaN where the past is too short to know it.
        freedom: ``(origin, point)`` degrees of freedom.
    """

    centre: Array
    scale: Array
    freedom: Array


class Series(ABC):
    """Base of the local models.

    They walk once through time, all points together, and note at each origin what they know: so a forecast costs one pass for all
    origins, and nothing later than an origin can reach it. ``fit`` only notes the end of training, for there is nothing to share.
    """

    settings: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self.train_end: np.datetime64 | None = None

    def fit(self, data: TrainingData, split: Split, *, seed: int = 0, device: str = "cpu", progress: bool = False) -> Self:
        """Note the end of training; see :class:`~insarcast.models.Forecaster`."""
        self.train_end = split.train_end.astype("datetime64[D]")
        return self

    def predict(
        self, data: TrainingData, origins: Sequence[np.datetime64], horizons: Sequence[int], quantiles: Sequence[float]
    ) -> xr.Dataset:
        """Forecast from each origin; see :class:`~insarcast.models.Forecaster`."""
        starts = forecast_starts(origins, self.train_end)
        targets = data.targets(list(starts), horizons)
        lead = days_between(starts[:, None], targets)
        law = self._law(data, [data.index(origin) for origin in starts], lead)
        return law_dataset(law, starts, horizons, quantiles, targets)

    @abstractmethod
    def _law(self, data: TrainingData, indices: Sequence[int], lead: Array) -> Law:
        """Predictive law of the increments from the dates with ``indices``; ``lead`` (origin, horizon) in days."""

    def save(self, path: Path) -> None:
        """Write settings and the end of training as JSON into the folder ``path``."""
        path.mkdir(parents=True, exist_ok=True)
        values = {name: getattr(self, name) for name in self.settings}
        record = {"settings": values, "train_end": None if self.train_end is None else str(self.train_end)}
        (path / "model.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what :meth:`save` wrote."""
        record: dict[str, Any] = json.loads((path / "model.json").read_text(encoding="utf-8"))
        model = cls(**record["settings"])
        model.train_end = None if record["train_end"] is None else np.datetime64(record["train_end"], "D")
        return model


def forecast_starts(origins: Sequence[np.datetime64], train_end: np.datetime64 | None) -> Dates:
    """Dates to forecast from.

    Raises:
        ValueError: the model was not fitted.
        InsarcastError: a date lies within the training.
    """
    starts = np.array(origins, "datetime64[D]")
    if train_end is None:
        raise ValueError("fit before predict")
    if starts.size and starts.min() < train_end:
        raise InsarcastError(f"A forecast from {starts.min()} would be made within the training, which ends on {train_end}.")
    return starts


def law_dataset(law: Law, starts: Dates, horizons: Sequence[int], quantiles: Sequence[float], targets: Dates) -> xr.Dataset:
    """Quantiles of predictive laws as :meth:`~insarcast.models.Forecaster.predict` returns them."""
    return xr.Dataset(
        {"increment": (("origin", "horizon", "quantile", "point"), _quantiles(law, quantiles), {"units": "mm"})},
        coords={
            "origin": starts.astype("datetime64[ns]"),
            "horizon": np.asarray(horizons, "int64"),
            "quantile": np.asarray(quantiles, "float64"),
            "target_time": (("origin", "horizon"), targets.astype("datetime64[ns]")),
        },
    )


def _quantiles(law: Law, quantiles: Sequence[float]) -> Array:
    """``(origin, horizon, quantile, point)``: the median is known even where the scale is not."""
    from scipy.special import stdtrit

    known, which = np.unique(law.freedom, return_inverse=True)
    layers = []
    for quantile in quantiles:
        if quantile == 0.5:
            layers.append(law.centre)
        else:
            times = np.where(known > 0, stdtrit(np.maximum(known, 1), quantile), np.nan)
            layers.append(law.centre + law.scale * times[which.reshape(law.freedom.shape)][:, None])
    return np.stack(layers, axis=2)
