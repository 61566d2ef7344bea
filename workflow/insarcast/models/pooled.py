"""What the models that learn from all points together share: fit once, keep arrays, forecast from any later origin."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any, Self

import numpy as np

from insarcast.core import Split

from .data import Array, Dates, TrainingData
from .law import Law, LawModel


class Pooled(LawModel):
    """Base of the models whose parameters are shared by all points.

    ``fit`` sees ``data`` up to ``split.train_end`` only, and leaves what it learnt as arrays in ``learnt`` (saved as safetensors);
    ``predict`` conditions on each point's own past up to the origin. A subclass implements :meth:`_learn` and :meth:`_law`.
    Nothing may be kept that a loaded model would not have: forecasts of a saved and loaded model are the same bits.
    """

    def __init__(self) -> None:
        super().__init__()
        self.horizons: tuple[int, ...] = ()
        self.learnt: dict[str, np.ndarray[Any, Any]] = {}

    def fit(self, data: TrainingData, split: Split, *, seed: int = 0, device: str = "cpu", progress: bool = False) -> Self:
        """Learn from all points up to the end of training; see :class:`~insarcast.models.Forecaster`."""
        self.train_end = split.train_end.astype("datetime64[D]")
        self.horizons = tuple(split.horizons)
        past = data.until(self.train_end)
        self.learnt = self._learn(past, seed=seed, device=device, progress=progress) if past.points else {}
        return self

    def _laws(self, data: TrainingData, starts: Dates, horizons: list[int], lead: Array) -> Law:
        shape = (len(starts), len(horizons), data.points)
        if not (data.points and self.learnt):
            return Law(np.full(shape, np.nan), np.full(shape, np.nan), np.zeros((len(starts), data.points)))
        # Each origin sees its own past only.
        laws = [self._law(data.until(origin), horizons, lead[at]) for at, origin in enumerate(starts)]
        return Law(*(np.stack(parts) for parts in zip(*laws, strict=True)))

    @abstractmethod
    def _learn(self, past: TrainingData, *, seed: int, device: str, progress: bool) -> dict[str, np.ndarray[Any, Any]]:
        """Arrays that hold all that was learnt from ``past``, which ends with the training; ``self.horizons`` will be asked for."""

    @abstractmethod
    def _law(self, past: TrainingData, horizons: list[int], lead: Array) -> Law:
        """Predictive law from the last date of ``past``: centre and scale (horizon, point), freedom (point,); ``lead`` (horizon,) days.

        NaN for points without a value on that date. Freedom 0 where the scale is not known.
        """

    def save(self, path: Path) -> None:
        """Write ``model.json`` and ``weights.safetensors`` into the folder ``path``."""
        from safetensors.numpy import save_file

        if self.train_end is None:
            raise ValueError("fit before save")
        super().save(path)
        save_file({name: np.ascontiguousarray(part) for name, part in self.learnt.items()}, path / "weights.safetensors")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what :meth:`save` wrote."""
        from safetensors.numpy import load_file

        model = super().load(path)
        model.learnt = load_file(path / "weights.safetensors")
        return model

    def _record(self) -> dict[str, Any]:
        return super()._record() | {"horizons": list(self.horizons)}

    def _restore(self, record: dict[str, Any]) -> None:
        super()._restore(record)
        self.horizons = tuple(record["horizons"])
