"""Predictive laws: what a model says about each point, and the quantiles of a forecast made of it."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import xarray as xr

from insarcast.core import InsarcastError

from .data import Array, Dates, TrainingData, days_between


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


class LawModel(ABC):
    """Base of the models that say a law: their forecast, and what is saved of every one of them.

    A subclass fits, and implements :meth:`_laws`.
    """

    settings: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self.train_end: np.datetime64 | None = None

    def predict(
        self, data: TrainingData, origins: Sequence[np.datetime64], horizons: Sequence[int], quantiles: Sequence[float]
    ) -> xr.Dataset:
        """Forecast from each origin; see :class:`~insarcast.models.Forecaster`."""
        starts = forecast_starts(origins, self.train_end)
        targets = data.targets(list(starts), horizons)
        law = self._laws(data, starts, list(horizons), days_between(starts[:, None], targets))
        return law_dataset(law, starts, horizons, quantiles, targets)

    @abstractmethod
    def _laws(self, data: TrainingData, starts: Dates, horizons: list[int], lead: Array) -> Law:
        """Predictive law of the increments from the dates ``starts``; ``lead`` (origin, horizon) in days."""

    def save(self, path: Path) -> None:
        """Write settings and the end of training as JSON into the folder ``path``."""
        path.mkdir(parents=True, exist_ok=True)
        (path / "model.json").write_text(json.dumps(self._record(), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what :meth:`save` wrote."""
        record: dict[str, Any] = json.loads((path / "model.json").read_text(encoding="utf-8"))
        model = cls(**record["settings"])
        model._restore(record)
        return model

    def _record(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.settings}
        return {"settings": values, "train_end": None if self.train_end is None else str(self.train_end)}

    def _restore(self, record: dict[str, Any]) -> None:
        self.train_end = None if record["train_end"] is None else np.datetime64(record["train_end"], "D")


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
    return forecast_dataset(_quantiles(law, quantiles), starts, horizons, quantiles, targets)


def forecast_dataset(
    increment: Array, starts: Dates, horizons: Sequence[int], quantiles: Sequence[float], targets: Dates
) -> xr.Dataset:
    """Increments ``(origin, horizon, quantile, point)`` in mm as :meth:`~insarcast.models.Forecaster.predict` returns them."""
    return xr.Dataset(
        {"increment": (("origin", "horizon", "quantile", "point"), increment, {"units": "mm"})},
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


def in_chunks(data: TrainingData, size: int, law: Callable[[TrainingData], Law]) -> Law:
    """``law`` of all points, at most ``size`` of them at a time; each point's law must be its own affair."""
    if data.points <= size:
        return law(data)
    parts = [law(data.take(np.arange(start, min(start + size, data.points)))) for start in range(0, data.points, size)]
    return Law(*(np.concatenate(each, axis=-1) for each in zip(*parts, strict=True)))
