"""What the network learns from: windows of tiles, what followed them, and the units of both."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from insarcast.core import InsarcastError

from ..data import days_between
from .settings import Settings
from .tile import Tile, frames

# Dates of the past that a training window has at least.
PAST = 2


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


@dataclass(frozen=True)
class View:
    """How a network sees its tiles.

    Attributes:
        settings: the model's.
        horizons: steps ahead that are asked for.
        scale: mm that count as 1.
        unit: days that count as 1.
    """

    settings: Settings
    horizons: tuple[int, ...]
    scale: float
    unit: float

    @property
    def steps(self) -> tuple[int, ...]:
        """Horizons of the head."""
        return (1,) if self.settings.multi_step == "recursive" else self.horizons

    def first_validation(self, count: int) -> int:
        """Index of the first date that validates among so many: every horizon has a target after it."""
        return count - 1 - max(max(self.horizons), round(self.settings.validation * count))

    def ends(self, tile: Tile) -> tuple[list[int], list[int]]:
        """Dates that windows of the training and of the validation end on."""
        count, least = len(tile.days), PAST - 1 + max(self.steps)
        first = self.first_validation(count)
        if first < least:
            enough = next(dates for dates in itertools.count(count) if self.first_validation(dates) >= least)
            raise InsarcastError(
                f"The ConvLSTM cannot learn {max(self.horizons)} steps ahead from the {count} dates up to {tile.data.time[-1]}, for the last "
                f"{count - 1 - first} validate; raise forecast.history to at least {enough}, or lower forecast.horizons or "
                "convlstm.validation."
            )
        training = list(range(PAST - 1, first - min(self.steps) + 1))
        return training, list(range(first, count - min(self.steps)))

    def frames(self, tile: Tile, indices: Sequence[int]) -> Tensor:
        """``(time, batch, channel, y, x)``."""
        size = self.settings.window
        return torch.stack([frames(tile.window(index, size), size, self.scale, self.unit) for index in indices], dim=1)

    def example(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Frames, lead times, and what the network should say (its own unit) and where that is known."""
        tile, leads, targets, knowns = batch.tile, [], [], []
        for index in batch.indices:
            lead = self.lead(tile, index)
            value, known = tile.truth(index, self.steps, batch.last)
            leads.append(lead / self.unit)
            targets.append((value - tile.base(index, lead)) / self.scale)
            knowns.append(known)
        days = torch.tensor(np.array(leads), dtype=torch.float32, device=tile.level.device)
        return self.frames(tile, batch.indices), days, torch.stack(targets), torch.stack(knowns)

    def lead(self, tile: Tile, index: int) -> NDArray[np.float64]:
        """Days to each horizon; beyond the calendar's end, where no target is, the last known date stands in."""
        calendar = tile.data.calendar
        targets = [min(index + step, len(calendar) - 1) for step in self.steps]
        return days_between(calendar[index], calendar[targets])

    def vary(self, x: Tensor, target: Tensor, known: Tensor, source: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
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


def units_of(tiles: Sequence[Tile], window: int) -> tuple[float, float]:
    """Millimetres and days that count as 1: the root mean square of the change over half a window, and a window's usual length."""
    half = max(window // 2, 1)
    total, count, days = 0.0, 0, [1.0]
    for tile in tiles:
        level = tile.level.cpu().numpy().astype("float64")
        here = tile.measured.cpu().numpy()
        change = (level[half:] - level[:-half])[here[half:] & here[:-half]]
        total, count = total + float((change**2).sum()), count + change.size
        days = list(np.diff(tile.days)) or days
    scale = (total / count) ** 0.5 if count and total else 1.0
    return scale, float(np.median(days)) * window


def in_parts(items: list[int], size: int) -> list[list[int]]:
    """Cut into parts of a size, the last one as it comes."""
    return [items[first : first + size] for first in range(0, len(items), size)]
