"""ConvLSTM: a forecast of a whole tile at once, so that what neighbours share is learnt."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
import xarray as xr
from safetensors.torch import load_file, save_file

from insarcast.core import InsarcastError, Split

from ..data import TrainingData
from ..law import forecast_dataset, forecast_starts
from ..training import Plan, choose_device, reproducible
from .examples import View, units_of
from .forecasting import forecast
from .learning import learn
from .network import Network
from .receptive import radius
from .settings import Settings
from .tile import CHANNELS, Tile

# Origins that the receptive field is averaged over.
SAMPLES = 4


class ConvLSTM:
    """Stacked ConvLSTM layers and a head of one pixel; see :mod:`insarcast.models.convlstm.cell` for the equations.

    Each frame of a window is the displacement minus the last one, in units of its scale in the training, with what was measured,
    which steps interferograms support, and the days before the origin. The target is the increment from the origin to each
    horizon, or to the next date (``multi_step`` recursive), whose forecast then becomes the next frame. ``base`` is what the network
    corrects: nothing changes, or the straight line through the past. The last dates of the training validate: no target of a
    training window is later than the first validation origin.

    The interval is Gaussian. Its standard deviation is each pixel's own noise (that of its steps up to the origin, see
    :func:`insarcast.models.convlstm.past.noises`) times one factor per horizon: the root mean square over the validation, all tiles
    together, of the error in units of that noise.

    Attributes:
        settings: see :class:`insarcast.models.convlstm.settings.Settings`.
        device: ``cpu``, ``cuda`` or ``auto``, where :meth:`predict` computes; as given to the last fit, ``cpu`` after loading.
        epochs: one dict per epoch of the last fit: epoch, training, validation (mm, or mm2 for the squared losses), learning_rate.
        best_epoch: the one whose weights are kept; 0 where none was better than the weights at the start.
        start: validation loss at the start: that of ``base``, or of the parent; None where there were no points.
    """

    def __init__(self, **settings: Any) -> None:
        self.settings = Settings(**settings)
        self.device = "cpu"
        self.train_end: np.datetime64 | None = None
        self.horizons: tuple[int, ...] = ()
        self.shape: tuple[int, int] = (1, 1)
        self.scale = 1.0
        self.unit = 1.0
        self.factor: list[float] = []
        self.epochs: list[dict[str, Any]] = []
        self.best_epoch = 0
        self.start: float | None = None
        self._network: Network | None = None
        # A tile that is asked again for other origins need not be made again.
        self._last: tuple[TrainingData, torch.device, Tile] | None = None

    @property
    def parameters(self) -> int:
        """Number of weights; 0 before fitting."""
        return 0 if self._network is None else sum(weight.numel() for weight in self._network.parameters())

    def fit(self, data: TrainingData, split: Split, *, seed: int = 0, device: str = "cpu", progress: bool = False) -> Self:
        """Learn from one tile; see :class:`~insarcast.models.Forecaster`.

        Raises:
            InsarcastError: too few dates, points without a grid, or a training that diverges.
        """
        return self.fit_many([data], split, seed=seed, device=device, progress=progress)

    def fit_many(
        self, datas: Sequence[TrainingData], split: Split, *, seed: int = 0, device: str = "cpu", progress: bool = False
    ) -> Self:
        """One network for several tiles, which may differ in size unless the peepholes have weights per pixel.

        Raises:
            InsarcastError: as :meth:`fit`, or tiles of several sizes with such peepholes.
        """
        generator = torch.Generator().manual_seed(seed)
        where = self._begin(split, device)
        with reproducible(where):
            tiles = self._tiles(datas, split, where)
            shapes = {tile.shape for tile in tiles}
            if self.settings.peephole == "pixel" and len(shapes) > 1:
                raise InsarcastError(
                    "convlstm.peephole 'pixel' needs tiles of one size; take 'channel', or tiles that fit the scene."
                )
            self.shape = next(iter(shapes), (1, 1))
            self.scale, self.unit = units_of(tiles, self.settings.window)
            self._network = self._new_network()
            self._network.reset(generator)
            self._learn(tiles, self.settings.plan, generator, where, progress)
        return self

    def refine(self, data: TrainingData, split: Split, *, seed: int = 0, device: str = "cpu", progress: bool = False) -> Self:
        """Go on learning from one tile with the settings for fine-tuning; scale, horizons and weights are the present ones.

        Raises:
            InsarcastError: as :meth:`fit`, or other horizons than the fit's.
        """
        if self._network is None:
            raise ValueError("fit before refine")
        if tuple(split.horizons) != self.horizons:
            raise InsarcastError(
                f"The ConvLSTM was trained for the horizons {list(self.horizons)}, not for {list(split.horizons)}."
            )
        generator = torch.Generator().manual_seed(seed)
        where = self._begin(split, device)
        with reproducible(where):
            tiles = self._tiles([data], split, where)
            self._check_shape(tiles)
            self._learn(tiles, self.settings.finetuning, generator, where, progress)
        return self

    def predict(
        self, data: TrainingData, origins: Sequence[np.datetime64], horizons: Sequence[int], quantiles: Sequence[float]
    ) -> xr.Dataset:
        """Forecast from each origin; see :class:`~insarcast.models.Forecaster`.

        Raises:
            InsarcastError: as there, or a horizon that the network was not trained for.
        """
        from scipy.special import ndtri

        starts = forecast_starts(origins, None if self._network is None else self.train_end)
        assert self._network is not None
        targets = data.targets(list(starts), horizons)
        if missing := set(horizons) - set(self.horizons):
            raise InsarcastError(f"The ConvLSTM was trained for the horizons {list(self.horizons)}, not for {sorted(missing)}.")
        increment = np.full((len(starts), len(horizons), len(quantiles), data.points), np.nan)
        if data.points:
            where = choose_device(self.device)
            with reproducible(where), torch.no_grad():
                tile = self._tile(data, where)
                self._check_shape([tile])
                self._network.to(where)
                row, col = data.pixels
                for at, origin in enumerate(starts):
                    index = data.index(origin)
                    centre = (
                        forecast(self._network, self._view, tile, index, horizons).cpu().numpy().astype("float64")[:, row, col]
                    )
                    noise = tile.noise[index].cpu().numpy().astype("float64")[row, col]
                    spread = noise * np.array([self.factor[self.horizons.index(step)] for step in horizons])[:, None]
                    known = np.isfinite(data.displacement[index])
                    for which, quantile in enumerate(quantiles):
                        increment[at, :, which] = np.where(known, centre + ndtri(quantile) * spread, np.nan)
        return forecast_dataset(increment, starts, horizons, quantiles, targets)

    def receptive_field(self, data: TrainingData) -> float:
        """Radius in pixels around a pixel that its forecast looks at: it holds 95 % of the absolute gradient.

        Gradients of the forecast at the tile's middle, all horizons, with respect to the displacement of all frames, averaged over
        the last few dates up to the end of training; 0 for a network that looks at nothing, as one that stayed at its base. The
        effective receptive field of Luo et al. 2016 (NIPS).
        """
        if self._network is None or self.train_end is None:
            raise ValueError("fit before receptive_field")
        where = choose_device(self.device)
        ends = [index for index in range(len(data.time)) if data.time[index] <= self.train_end][-SAMPLES:]
        with reproducible(where):
            return radius(self._network.to(where), self._view, self._tile(data, where), ends)

    def save(self, path: Path) -> None:
        """Write ``model.json`` and ``weights.safetensors`` into the folder ``path``."""
        if self._network is None:
            raise ValueError("fit before save")
        path.mkdir(parents=True, exist_ok=True)
        record = {
            "settings": asdict(self.settings),
            "train_end": str(self.train_end),
            "horizons": self.horizons,
            "shape": self.shape,
            "scale": self.scale,
            "unit": self.unit,
            "factor": self.factor,
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "start": self.start,
        }
        (path / "model.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        weights = {name: weight.cpu().contiguous() for name, weight in self._network.state_dict().items()}
        save_file(weights, path / "weights.safetensors")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what :meth:`save` wrote."""
        record: dict[str, Any] = json.loads((path / "model.json").read_text(encoding="utf-8"))
        model = cls(**record.pop("settings"))
        model.train_end = np.datetime64(record.pop("train_end"), "D")
        model.horizons, model.shape = tuple(record.pop("horizons")), tuple(record.pop("shape"))
        for name, value in record.items():
            setattr(model, name, value)
        model._network = model._new_network()
        model._network.load_state_dict(load_file(path / "weights.safetensors"))
        return model

    def _begin(self, split: Split, device: str) -> torch.device:
        where = choose_device(device)
        self.device = device
        self.train_end = split.train_end.astype("datetime64[D]")
        self.horizons = tuple(split.horizons)
        return where

    @property
    def _view(self) -> View:
        return View(self.settings, self.horizons, self.scale, self.unit)

    def _learn(self, tiles: Sequence[Tile], plan: Plan, generator: torch.Generator, where: torch.device, progress: bool) -> None:
        """Train the network in place and take the measure of its errors."""
        assert self._network is not None
        self._network.to(where)
        self.epochs, self.best_epoch, self.start, self.factor = [], 0, None, [1.0] * len(self.horizons)
        if tiles:
            done, self.factor = learn(self._network, self._view, tiles, plan, generator, progress)
            self.epochs, self.best_epoch, self.start = done.epochs, done.best_epoch, done.start

    def _new_network(self) -> Network:
        set_ = self.settings
        return Network(CHANNELS, set_.hidden, set_.kernel, set_.peephole, len(self._view.steps), self.shape)

    def _tile(self, data: TrainingData, device: torch.device) -> Tile:
        if data.shape is None or data.row is None:
            raise InsarcastError(
                "The ConvLSTM looks at a grid, but these points come from none: take a model of series for them."
            )
        if self._last is None or self._last[0] is not data or self._last[1] != device:
            self._last = (data, device, Tile(data, self.settings.base, self.settings.window, device))
        return self._last[2]

    def _tiles(self, datas: Sequence[TrainingData], split: Split, device: torch.device) -> list[Tile]:
        """Tiles of what was known at the end of training, those without points left out."""
        tiles = [self._tile(data.until(split.train_end), device) for data in datas if data.points]
        self._last = None
        return tiles

    def _check_shape(self, tiles: Sequence[Tile]) -> None:
        for tile in tiles:
            if self.settings.peephole == "pixel" and tile.shape != self.shape:
                raise InsarcastError(
                    f"convlstm.peephole 'pixel' was trained on tiles of {self.shape} pixels, this one has {tile.shape}; take 'channel'."
                )
