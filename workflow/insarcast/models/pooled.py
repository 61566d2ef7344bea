"""What the models that learn from all points together share: fit once, keep arrays, forecast from any later origin."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import xarray as xr

from insarcast.core import Split

from .data import TrainingData, days_between
from .series import Array, Law, forecast_starts, law_dataset


class Pooled(ABC):
    """Base of the models whose parameters are shared by all points.

    ``fit`` sees ``data`` up to ``split.train_end`` only, and leaves what it learnt as arrays in ``learnt`` (saved as safetensors);
    ``predict`` conditions on each point's own past up to the origin. A subclass implements :meth:`_learn` and :meth:`_law`.
    Nothing may be kept that a loaded model would not have: forecasts of a saved and loaded model are the same bits.
    """

    settings: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self.train_end: np.datetime64 | None = None
        self.horizons: tuple[int, ...] = ()
        self.learnt: dict[str, np.ndarray[Any, Any]] = {}

    def fit(self, data: TrainingData, split: Split, *, seed: int = 0, device: str = "cpu", progress: bool = False) -> Self:
        """Learn from all points up to the end of training; see :class:`~insarcast.models.Forecaster`."""
        self.train_end = split.train_end.astype("datetime64[D]")
        self.horizons = tuple(split.horizons)
        past = data.until(self.train_end)
        self.learnt = self._learn(past, seed=seed, device=device, progress=progress) if past.points else {}
        return self

    def predict(
        self, data: TrainingData, origins: Sequence[np.datetime64], horizons: Sequence[int], quantiles: Sequence[float]
    ) -> xr.Dataset:
        """Forecast from each origin; see :class:`~insarcast.models.Forecaster`."""
        starts = forecast_starts(origins, self.train_end)
        targets = data.targets(list(starts), horizons)
        lead = days_between(starts[:, None], targets)
        shape = (len(starts), len(horizons), data.points)
        if data.points and self.learnt:
            laws = [
                self._law(data.until(origin), list(horizons), lead[at]) for at, origin in enumerate(starts)
            ]  # each sees its own past only
            law = Law(*(np.stack(parts) for parts in zip(*laws, strict=True)))
        else:
            law = Law(np.full(shape, np.nan), np.full(shape, np.nan), np.zeros((len(starts), data.points)))
        return law_dataset(law, starts, horizons, quantiles, targets)

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
        path.mkdir(parents=True, exist_ok=True)
        values = {name: getattr(self, name) for name in self.settings}
        record = {"settings": values, "train_end": str(self.train_end), "horizons": list(self.horizons)}
        (path / "model.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        save_file({name: np.ascontiguousarray(part) for name, part in self.learnt.items()}, path / "weights.safetensors")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what :meth:`save` wrote."""
        from safetensors.numpy import load_file

        record: dict[str, Any] = json.loads((path / "model.json").read_text(encoding="utf-8"))
        model = cls(**record["settings"])
        model.train_end = np.datetime64(record["train_end"], "D")
        model.horizons = tuple(record["horizons"])
        model.learnt = load_file(path / "weights.safetensors")
        return model
