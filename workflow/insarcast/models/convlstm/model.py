"""ConvLSTM: a forecast of a whole tile at once, so that what neighbours share is learnt."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from insarcast.core import InsarcastError, Split

from ..data import TrainingData, days_between
from ..training import Plan, choose_device, losses, reproducible, train
from .network import Network
from .settings import Settings
from .tile import CHANNELS, Tile, Window, frames

# Dates of the past that a training window has at least.
PAST = 2
# Share of the gradient that the receptive field holds.
HOLDS = 0.95
# Origins that it is averaged over.
SAMPLES = 4


class Batch(NamedTuple):
    """Windows of one tile.

    Attributes:
        tile: which.
        indices: dates the windows end on.
        last: latest date a target may have.
    """

    tile: Tile
    indices: list[int]
    last: int


class ConvLSTM:
    """Stacked ConvLSTM layers and a head of one pixel; see :mod:`insarcast.models.convlstm.cell` for the equations.

    Each frame of a window is the displacement minus the last one, in units of its scale in the training, with what was measured,
    which steps interferograms support, and the days before the origin. The target is the increment from the origin to each
    horizon, or to the next date (``multi_step`` recursive), whose forecast then becomes the next frame. ``base`` is what the network
    corrects: nothing changes, or the straight line through the past. The last dates of the training validate: no target of a
    training window is later than the first validation origin.

    The interval is Gaussian. Its standard deviation is each pixel's own noise (that of its steps up to the origin, see
    :func:`insarcast.models.convlstm.tile.noises`) times one factor per horizon: the root mean square over the validation, all tiles
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
        self._last: tuple[TrainingData, torch.device, Tile] | None = (
            None  # asked again for other origins, it need not be made again
        )

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
            self.scale, self.unit = self._units(tiles)
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

        starts = np.array(origins, "datetime64[D]")
        if self.train_end is None or self._network is None:
            raise ValueError("fit before predict")
        if starts.size and starts.min() < self.train_end:
            raise InsarcastError(
                f"A forecast from {starts.min()} would be made within the training, which ends on {self.train_end}."
            )
        targets = data.targets(list(starts), horizons)
        if missing := set(horizons) - set(self.horizons):
            raise InsarcastError(f"The ConvLSTM was trained for the horizons {list(self.horizons)}, not for {sorted(missing)}.")
        increment = np.full((len(starts), len(horizons), len(quantiles), data.points), np.nan)
        if data.points:
            where = choose_device(self.device)
            with reproducible(where), torch.no_grad():
                tiles = [self._tile(data, where)]
                self._check_shape(tiles)
                self._network.to(where)
                row, col = data.pixels
                for at, origin in enumerate(starts):
                    index = data.index(origin)
                    centre = self._forecast(tiles[0], index, horizons).cpu().numpy().astype("float64")[:, row, col]
                    noise = tiles[0].noise[index].cpu().numpy().astype("float64")[row, col]
                    spread = noise * np.array([self.factor[self.horizons.index(step)] for step in horizons])[:, None]
                    known = np.isfinite(data.displacement[index])
                    for which, quantile in enumerate(quantiles):
                        increment[at, :, which] = np.where(known, centre + ndtri(quantile) * spread, np.nan)
        return xr.Dataset(
            {"increment": (("origin", "horizon", "quantile", "point"), increment, {"units": "mm"})},
            coords={
                "origin": starts.astype("datetime64[ns]"),
                "horizon": np.asarray(horizons, "int64"),
                "quantile": np.asarray(quantiles, "float64"),
                "target_time": (("origin", "horizon"), targets.astype("datetime64[ns]")),
            },
        )

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
        row, col = (size // 2 for size in data.shape or (0, 0))
        with reproducible(where):
            tile = self._tile(data, where)
            network = self._network.to(where)
            total = torch.zeros(tile.shape, device=where)
            for index in ends:
                x = self._frames(tile, [index]).requires_grad_()
                lead = torch.ones((1, len(self._steps)), device=where)
                (gradient,) = torch.autograd.grad(network(x, lead)[0, :, row, col].sum(), x)
                total += gradient[:, 0, 0].abs().sum(0)
        weight = total.cpu().double().numpy()
        if weight.sum() == 0:
            return 0.0
        away = np.hypot(np.arange(weight.shape[0])[:, None] - row, np.arange(weight.shape[1]) - col)
        radii, ring = np.unique(away, return_inverse=True)
        inside = np.cumsum(np.bincount(ring.ravel(), weight.ravel())) / weight.sum()
        return float(radii[np.searchsorted(inside, HOLDS)])

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
    def _steps(self) -> tuple[int, ...]:
        """Horizons of the head."""
        return (1,) if self.settings.multi_step == "recursive" else self.horizons

    def _new_network(self) -> Network:
        set_ = self.settings
        return Network(CHANNELS, set_.hidden, set_.kernel, set_.peephole, len(self._steps), self.shape)

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

    def _units(self, tiles: Sequence[Tile]) -> tuple[float, float]:
        """Millimetres and days that count as 1: the root mean square of the change over half a window, and a window's usual length."""
        half = max(self.settings.window // 2, 1)
        total, count, days = 0.0, 0, [1.0]
        for tile in tiles:
            level = tile.level.cpu().numpy().astype("float64")
            here = tile.measured.cpu().numpy()
            change = (level[half:] - level[:-half])[here[half:] & here[:-half]]
            total, count = total + float((change**2).sum()), count + change.size
            days = list(np.diff(tile.days)) or days
        scale = (total / count) ** 0.5 if count and total else 1.0
        return scale, float(np.median(days)) * self.settings.window

    def _learn(self, tiles: Sequence[Tile], plan: Plan, generator: torch.Generator, where: torch.device, progress: bool) -> None:
        """Train the network in place and take the measure of its errors."""
        network = self._network
        assert network is not None
        network.to(where)
        self.epochs, self.best_epoch, self.start, self.factor = [], 0, None, [1.0] * len(self.horizons)
        if not tiles:
            return
        plan_of = [(tile, *self._windows(tile)) for tile in tiles]
        validation = [
            Batch(tile, part, len(tile.days) - 1) for tile, _, valid in plan_of for part in _parts(valid, self.settings.batch)
        ]
        network.precision = self._precision(where)
        network.fused = where.type == "cuda" and self.settings.compile
        power = 1 if self.settings.loss == "mae" else 2
        pointwise = losses(self.settings.loss, self.settings.huber_delta)

        def batches(source: torch.Generator) -> list[Batch]:
            made: list[Batch] = []
            for tile, training, valid in plan_of:
                order = [training[at] for at in torch.randperm(len(training), generator=source).tolist()]
                made += [Batch(tile, part, valid[0]) for part in _parts(order, self.settings.batch)]
            return [made[at] for at in torch.randperm(len(made), generator=source).tolist()]

        def error(batch: Batch, source: torch.Generator | None) -> tuple[Tensor, Tensor]:
            x, lead, target, known = self._example(batch)
            if source is not None:
                x, target, known = self._vary(x, target, known, source)
            total = torch.where(known, pointwise(network(x, lead) - target), 0.0).sum()
            return total, known.sum()

        done = train(network, batches, validation, error, plan, generator, unit=self.scale**power, progress=progress)
        self.epochs, self.best_epoch, self.start = done.epochs, done.best_epoch, done.start
        network.precision, network.fused = torch.float32, False
        self.factor = self._factors(validation)

    def _precision(self, where: torch.device) -> torch.dtype:
        asked = self.settings.precision
        return torch.bfloat16 if asked == "bfloat16" or (asked == "auto" and where.type == "cuda") else torch.float32

    def _first_validation(self, count: int) -> int:
        """Index of the first date that validates among so many: every horizon has a target after it."""
        return count - 1 - max(max(self.horizons), round(self.settings.validation * count))

    def _windows(self, tile: Tile) -> tuple[list[int], list[int]]:
        """Dates that windows of the training and of the validation end on."""
        count, least = len(tile.days), PAST - 1 + max(self._steps)
        first = self._first_validation(count)
        if first < least:
            enough = next(dates for dates in itertools.count(count) if self._first_validation(dates) >= least)
            raise InsarcastError(
                f"The ConvLSTM cannot learn {max(self.horizons)} steps ahead from the {count} dates up to {self.train_end}, for the last "
                f"{count - 1 - first} validate; raise forecast.history to at least {enough}, or lower forecast.horizons or "
                "convlstm.validation."
            )
        training = list(range(PAST - 1, first - min(self._steps) + 1))
        return training, list(range(first, count - min(self._steps)))

    def _frames(self, tile: Tile, indices: Sequence[int]) -> Tensor:
        """``(time, batch, channel, y, x)``."""
        size = self.settings.window
        return torch.stack([frames(tile.window(index, size), size, self.scale, self.unit) for index in indices], dim=1)

    def _example(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Frames, lead times, and what the network should say (its own unit) and where that is known."""
        tile, leads, targets, knowns = batch.tile, [], [], []
        for index in batch.indices:
            lead = self._lead(tile, index)
            value, known = tile.truth(index, self._steps, batch.last)
            leads.append(lead / self.unit)
            targets.append((value - tile.base(index, lead)) / self.scale)
            knowns.append(known)
        days = torch.tensor(np.array(leads), dtype=torch.float32, device=tile.level.device)
        return self._frames(tile, batch.indices), days, torch.stack(targets), torch.stack(knowns)

    def _lead(self, tile: Tile, index: int) -> NDArray[np.float64]:
        """Days to each horizon; beyond the calendar's end, where no target is, the last known date stands in."""
        calendar = tile.data.calendar
        targets = [min(index + step, len(calendar) - 1) for step in self._steps]
        return days_between(calendar[index], calendar[targets])

    def _vary(self, x: Tensor, target: Tensor, known: Tensor, source: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """A random crop and a random flip or rotation of the whole batch, where the settings ask for them."""
        parts = [x, target, known]
        if self.settings.crop is not None:
            corner = []
            for size in x.shape[-2:]:
                room = max(size - self.settings.crop, 0)
                corner.append(int(torch.randint(room + 1, (1,), generator=source)))
            top, left = corner
            parts = [part[..., top : top + self.settings.crop, left : left + self.settings.crop] for part in parts]
        if self.settings.augment:
            turn, flip = int(torch.randint(4, (1,), generator=source)), int(torch.randint(2, (1,), generator=source))
            parts = [part.rot90(turn, (-2, -1)) for part in parts]
            parts = [part.flip(-1) if flip else part for part in parts]
        return parts[0].contiguous(), parts[1], parts[2]

    def _forecast(self, tile: Tile, index: int, horizons: Sequence[int]) -> Tensor:
        """Increments ``(horizon, y, x)`` in mm from one date."""
        assert self._network is not None
        if self.settings.multi_step == "recursive":
            return self._roll(tile, index, horizons)
        lead = self._lead(tile, index)
        days = torch.tensor(lead[None] / self.unit, dtype=torch.float32, device=tile.level.device)
        said: Tensor = self._network(self._frames(tile, [index]), days)[0] * self.scale + tile.base(index, lead)
        return said[[self.horizons.index(step) for step in horizons]]

    def _roll(self, tile: Tile, index: int, horizons: Sequence[int]) -> Tensor:
        """Step by step: each forecast becomes the last frame of the next window, on its own date."""
        assert self._network is not None
        window = tile.window(index, self.settings.window)
        ahead = tile.lead(index, range(1, max(horizons) + 1))
        line = tile.base(index, ahead)
        made: list[Tensor] = []
        for step, lead in enumerate(np.diff(ahead, prepend=0.0)):
            x = frames(window, self.settings.window, self.scale, self.unit)
            wait = torch.full((1, 1), float(lead / self.unit), device=x.device)
            # As in training, the network says how far the next date lies off the line; without a line, off the date before.
            said = self._network(x[:, None], wait)[0, 0] * self.scale
            before = made[-1] if made else torch.zeros_like(said)
            made.append(said + (before if tile.offset is None else line[step]))
            change = made[-1] - before
            keep = slice(-(self.settings.window - 1), None)
            here = tile.measured[index][None]
            window = Window(
                torch.cat([window.level[keep], (window.level[-1] + change)[None]]),
                torch.cat([window.measured[keep], here]),
                torch.cat([window.supported[keep], here]),
                np.append(window.days[keep], tile.days[index] + ahead[step]),
                window.anchor + (change if tile.offset is None else window.slope * float(lead)),
                window.slope,
            )
        return torch.stack([made[step - 1] for step in horizons])

    @torch.no_grad()
    def _factors(self, validation: Sequence[Batch]) -> list[float]:
        """Root mean square of the validation's errors in units of each pixel's noise, per horizon."""
        squares, counts = np.zeros(len(self.horizons)), np.zeros(len(self.horizons))
        for tile, indices, last in validation:
            for index in indices:
                inside = [at for at, step in enumerate(self.horizons) if index + step <= last]
                steps = [self.horizons[at] for at in inside]
                truth, known = tile.truth(index, steps, last)
                ratio = torch.where(known, (self._forecast(tile, index, steps) - truth) / tile.noise[index], 0.0).double()
                squares[inside] += (ratio**2).sum((1, 2)).cpu().numpy()
                counts[inside] += known.sum((1, 2)).cpu().numpy()
        return [float((square / count) ** 0.5) if count else 1.0 for square, count in zip(squares, counts, strict=True)]


def _parts(items: list[int], size: int) -> list[list[int]]:
    """Cut into parts of a size, the last one as it comes."""
    return [items[first : first + size] for first in range(0, len(items), size)]
