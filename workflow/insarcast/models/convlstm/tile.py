"""What a model of grids sees of a tile: windows of frames up to a date, and the increments that followed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data import TrainingData, days_between
from .past import levels, lines, noises, recent_lines

# Frames hold: displacement minus the base, measured, step supported by interferograms, days before the origin, slope of the base.
CHANNELS = 5


class Tile:
    """A tile in memory of the device, every layer of it causal: what belongs to a date comes from that date and before.

    Attributes:
        level: ``(time, y, x)`` mm, sum of the supported steps so far; where nothing was measured, or a step is bridged, the last
            known level stays: a gap is neither zero nor a jump.
        measured: ``(time, y, x)`` bool.
        supported: ``(time, y, x)`` bool, measured and no bridged step since the value before.
        noise: ``(time, y, x)`` mm, standard deviation of the steps so far, drawn towards that of the tile.
        offset: ``(time, y, x)`` mm, where the base's straight line lies at the date, minus the level: through the whole past for the
            base ``linear``, through the last ``length`` dates for ``trend``; None for ``persistence``.
        slope: ``(time, y, x)`` mm per day of that line, or None.
        days: ``(time,)`` since the first date.
    """

    def __init__(self, data: TrainingData, base: str, length: int, device: torch.device) -> None:
        self.data = data
        self.days = data.days
        self.shape = data.shape or (0, 0)
        displacement = data.to_grid(data.displacement)
        bridged = data.to_grid((~data.observed).astype("float32")) == 1
        level, supported = levels(displacement, bridged)
        measured = np.isfinite(displacement)
        self.noise = torch.from_numpy(noises(level, supported).astype("float32")).to(device)
        self.offset: Tensor | None = None
        self.slope: Tensor | None = None
        if base != "persistence":
            past = lines if base == "linear" else partial(recent_lines, length=length)
            offset, slope = past(level, measured, bridged, self.days)
            self.offset = torch.from_numpy(offset.astype("float32")).to(device)
            self.slope = torch.from_numpy(slope.astype("float32")).to(device)
        self.level = torch.from_numpy(level.astype("float32")).to(device)
        self.measured = torch.from_numpy(measured).to(device)
        self.supported = torch.from_numpy(supported).to(device)
        self.bridges = torch.from_numpy(np.cumsum(bridged, axis=0, dtype="int32")).to(device)

    def lead(self, index: int, horizons: Sequence[int]) -> NDArray[np.float64]:
        """``(horizon,)`` days from the date with ``index`` to its targets."""
        calendar = self.data.calendar
        return days_between(calendar[index], calendar[[index + step for step in horizons]])

    def base(self, index: int, lead: NDArray[np.float64]) -> Tensor:
        """``(horizon, y, x)`` mm: what the base says, zero or the straight line."""
        if self.offset is None or self.slope is None:
            return torch.zeros((len(lead), *self.shape), device=self.level.device)
        days = torch.tensor(lead, dtype=torch.float32, device=self.level.device)
        return torch.addcmul(self.offset[index], self.slope[index], days[:, None, None])

    def truth(self, index: int, horizons: Sequence[int], last: int) -> tuple[Tensor, Tensor]:
        """Increments ``(horizon, y, x)`` in mm that followed, up to the date ``last``, and where they are known.

        A target that is missing, bridged on the way or later than ``last`` is unknown.
        """
        values = torch.zeros((len(horizons), *self.shape), device=self.level.device)
        known = torch.zeros(values.shape, dtype=torch.bool, device=values.device)
        for at, step in enumerate(horizons):
            if index + step <= last:
                values[at] = self.level[index + step] - self.level[index]
                known[at] = self.measured[index] & self.measured[index + step]
                known[at] &= self.bridges[index] == self.bridges[index + step]
        return values, known

    def window(self, index: int, length: int) -> Window:
        """The last frames up to a date; fewer at the beginning."""
        part = slice(max(index + 1 - length, 0), index + 1)
        zero = torch.zeros(self.shape, device=self.level.device)
        offset, slope = (zero, zero) if self.offset is None or self.slope is None else (self.offset[index], self.slope[index])
        return Window(
            self.level[part], self.measured[part], self.supported[part], self.days[part], self.level[index] + offset, slope
        )


class Window(NamedTuple):
    """Frames up to a date.

    Attributes:
        level: ``(time, y, x)`` mm.
        measured: ``(time, y, x)`` bool.
        supported: ``(time, y, x)`` bool.
        days: ``(time,)`` since the first date.
        anchor: ``(y, x)`` mm, where the base lies at the window's origin.
        slope: ``(y, x)`` mm per day of the base.
    """

    level: Tensor
    measured: Tensor
    supported: Tensor
    days: NDArray[np.float64]
    anchor: Tensor
    slope: Tensor


def frames(window: Window, length: int, scale: float, unit: float) -> Tensor:
    """A window as the network takes it, ``(length, CHANNELS, y, x)``.

    The displacement is given minus the base's line: what the network corrects is all that it need look at, whatever the pixel's rate.

    Args:
        window: up to the origin, which is its last frame.
        length: frames to give; where there are fewer, empty ones come first, marked as not measured.
        scale: mm that count as 1.
        unit: days that count as 1.
    """
    level = window.level
    out = torch.zeros((length, CHANNELS, *level.shape[1:]), device=level.device)
    part = out[length - level.shape[0] :]
    ago = torch.tensor(window.days - window.days[-1], dtype=torch.float32, device=level.device)[:, None, None]
    part[:, 0] = (level - torch.addcmul(window.anchor, window.slope, ago)) / scale
    part[:, 1] = window.measured
    part[:, 2] = window.supported
    part[:, 3] = ago / unit
    part[:, 4] = window.slope * (unit / scale)
    return out
