"""The protocol of a forecaster: what a model is, whatever it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, Self

import numpy as np
import xarray as xr

from insarcast.core import Split

from .data import TrainingData


class Forecaster(Protocol):
    """Learns from the past and forecasts increments from the last observed value.

    A model may use everything in ``data`` up to ``split.train_end`` to learn, and everything up to an origin to forecast from
    it; nothing later changes a bit of the forecast. Steps that no interferogram supports (``observed`` False) are not learnt
    from. A point that was not measured at the origin gets NaN.
    """

    def fit(self, data: TrainingData, split: Split, *, seed: int = 0, device: str = "cpu", progress: bool = False) -> Self:
        """Learn from ``data`` up to ``split.train_end``.

        Args:
            data: the points.
            split: end of training, and the origins and horizons the model will be asked for.
            seed: seed of everything random; the same seed gives the same model at any number of threads.
            device: ``cpu``, ``cuda`` or ``auto``.
            progress: show a progress bar.
        """
        ...

    def predict(
        self, data: TrainingData, origins: Sequence[np.datetime64], horizons: Sequence[int], quantiles: Sequence[float]
    ) -> xr.Dataset:
        """Forecast from each origin.

        Args:
            data: the points; what is later than an origin is not used for it.
            origins: dates of ``data`` not before the end of training.
            horizons: steps ahead on ``data.calendar``.
            quantiles: levels between 0 and 1, ascending.

        Returns:
            ``increment`` (origin, horizon, quantile, point), mm, positive towards the satellite: displacement at the target
            minus the last observed one, not decreasing in quantile; with the coordinate ``target_time`` (origin, horizon).

        Raises:
            InsarcastError: an origin lies before the end of training, was not observed, or a target beyond the known dates.
        """
        ...

    def save(self, path: Path) -> None:
        """Write the fitted model into the folder ``path``: JSON, and safetensors where there are weights."""
        ...

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what :meth:`save` wrote; it predicts the same bits."""
        ...
