"""What the local models share: each point by itself, parameters estimated anew at every origin from its past alone."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Self

from insarcast.core import Split

from .data import Array, Dates, TrainingData
from .law import Law, LawModel


class Series(LawModel):
    """Base of the local models.

    They walk once through time, all points together, and note at each origin what they know: so a forecast costs one pass for all
    origins, and nothing later than an origin can reach it. ``fit`` only notes the end of training, for there is nothing to share.
    """

    def fit(self, data: TrainingData, split: Split, *, seed: int = 0, device: str = "cpu", progress: bool = False) -> Self:
        """Note the end of training; see :class:`~insarcast.models.Forecaster`."""
        self.train_end = split.train_end.astype("datetime64[D]")
        return self

    def _laws(self, data: TrainingData, starts: Dates, horizons: list[int], lead: Array) -> Law:
        return self._law(data, [data.index(origin) for origin in starts], lead)

    @abstractmethod
    def _law(self, data: TrainingData, indices: Sequence[int], lead: Array) -> Law:
        """Predictive law of the increments from the dates with ``indices``; ``lead`` (origin, horizon) in days."""
