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

# Steps are rounded to this (mm), so that sums of them are exact in float32 and the same steps give the same bits whatever level they
# start from: a jump across a bridged step, whose height nobody knows, leaves no trace.
GRAIN = 1 / 4096
# Frames hold: displacement minus the base, measured, step supported by interferograms, days before the origin, slope of the base.
CHANNELS = 5
# A pixel's noise starts as the tile's, with the weight of so many steps.
PRIOR = 4
# Least noise, mm.
LEAST = 1e-3

Grid = NDArray[np.float64]


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


def levels(displacement: Grid, bridged: NDArray[np.bool_]) -> tuple[Grid, NDArray[np.bool_]]:
    """Sums of the supported steps and where there is one, ``(time, y, x)``; see :class:`Tile`."""
    shape = displacement.shape[1:]
    level, supported = np.zeros(displacement.shape), np.zeros(displacement.shape, bool)
    last, broken, now = np.full(shape, np.nan), np.zeros(shape, bool), np.zeros(shape)
    for t, value in enumerate(displacement):
        broken |= bridged[t]
        here = np.isfinite(value)
        supported[t] = here & ~broken & np.isfinite(last)
        now = now + np.where(supported[t], np.round((value - last) / GRAIN) * GRAIN, 0.0)
        level[t] = now
        last, broken = np.where(here, value, last), broken & ~here
    return level, supported


def noises(level: Grid, supported: NDArray[np.bool_]) -> Grid:
    """Standard deviation of each pixel's supported steps up to each date, mm ``(time, y, x)``, by Welford's update.

    It is drawn towards the tile's: ``s2 = (sum of squares + PRIOR * pooled) / (degrees of freedom + PRIOR)``.
    """
    out = np.empty(level.shape)
    n, mean, squares = (np.zeros(level.shape[1:]) for _ in range(3))
    for t in range(len(level)):
        step = level[t] - level[max(t - 1, 0)]
        n += supported[t]
        shift = np.where(supported[t], step - mean, 0.0)
        mean += shift / np.maximum(n, 1)
        squares += shift * np.where(supported[t], step - mean, 0.0)
        freedom = np.maximum(n - 1, 0)
        pooled = squares.sum() / freedom.sum() if freedom.any() else (mean**2).sum() / max(n.sum(), 1)
        out[t] = np.sqrt((squares + PRIOR * pooled) / (freedom + PRIOR))
    return np.maximum(out, LEAST)


def lines(level: Grid, measured: NDArray[np.bool_], bridged: NDArray[np.bool_], days: NDArray[np.float64]) -> tuple[Grid, Grid]:
    """The straight line of :class:`insarcast.models.simple.line.Linear` through the past of each date.

    Returns:
        ``(time, y, x)`` where it lies at the date, minus the level, in mm, and its slope in mm per day; both zero while it has no
        degree of freedom: two dates always lie on a line, and it says nothing.
    """
    offset, slope = np.zeros(level.shape), np.zeros(level.shape)
    n, x0, y0, sxx, sxy, freedom = (np.zeros(level.shape[1:]) for _ in range(6))
    for t, value in enumerate(level):
        n = np.where(bridged[t], 0.0, n)
        here = measured[t]
        x0, y0 = np.where(n > 0, x0, days[t]), np.where(n > 0, y0, value)
        freedom += here & (n > 0)
        n = n + here
        dx, dy = np.where(here, days[t] - x0, 0.0), np.where(here, value - y0, 0.0)
        x0, y0 = x0 + dx / np.maximum(n, 1), y0 + dy / np.maximum(n, 1)
        sxx, sxy = sxx + dx * (days[t] - x0), sxy + dx * np.where(here, value - y0, 0.0)
        known = (freedom > 1) & (sxx > 0)
        slope[t] = np.where(known, sxy / np.where(sxx > 0, sxx, 1.0), 0.0)
        offset[t] = np.where(known, y0 + slope[t] * (days[t] - x0) - value, 0.0)
    return offset, slope


def recent_lines(
    level: Grid, measured: NDArray[np.bool_], bridged: NDArray[np.bool_], days: NDArray[np.float64], length: int
) -> tuple[Grid, Grid]:
    """The same through the last ``length`` dates only: it follows motion that decays or accelerates, and its error is alike at all dates."""
    offset, slope = np.zeros(level.shape), np.zeros(level.shape)
    for t in range(len(level)):
        part = slice(max(t + 1 - length, 0), t + 1)
        offsets, slopes = lines(level[part], measured[part], bridged[part], days[part])
        offset[t], slope[t] = offsets[-1], slopes[-1]
    return offset, slope
