"""What the network says of a tile, in millimetres, and how far off it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from .examples import Batch, View
from .tile import Tile, Window, frames

Said = Callable[[Tensor, Tensor], Tensor]


def forecast(network: Said, view: View, tile: Tile, index: int, horizons: Sequence[int]) -> Tensor:
    """Increments ``(horizon, y, x)`` in mm from one date."""
    if view.settings.multi_step == "recursive":
        return roll(network, view, tile, index, horizons)
    lead = view.lead(tile, index)
    days = torch.tensor(lead[None] / view.unit, dtype=torch.float32, device=tile.level.device)
    said: Tensor = network(view.frames(tile, [index]), days)[0] * view.scale + tile.base(index, lead)
    return said[[view.horizons.index(step) for step in horizons]]


def roll(network: Said, view: View, tile: Tile, index: int, horizons: Sequence[int]) -> Tensor:
    """Step by step: each forecast becomes the last frame of the next window, on its own date."""
    window = tile.window(index, view.settings.window)
    ahead = tile.lead(index, range(1, max(horizons) + 1))
    line = tile.base(index, ahead)
    made: list[Tensor] = []
    for step, lead in enumerate(np.diff(ahead, prepend=0.0)):
        x = frames(window, view.settings.window, view.scale, view.unit)
        wait = torch.full((1, 1), float(lead / view.unit), device=x.device)
        # As in training, the network says how far the next date lies off the line; without a line, off the date before.
        said = network(x[:, None], wait)[0, 0] * view.scale
        before = made[-1] if made else torch.zeros_like(said)
        made.append(said + (before if tile.offset is None else line[step]))
        change = made[-1] - before
        keep = slice(-(view.settings.window - 1), None)
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
def factors(network: Said, view: View, validation: Sequence[Batch]) -> list[float]:
    """Root mean square of the validation's errors in units of each pixel's noise, per horizon."""
    squares, counts = np.zeros(len(view.horizons)), np.zeros(len(view.horizons))
    for tile, indices, last in validation:
        for index in indices:
            inside = [at for at, step in enumerate(view.horizons) if index + step <= last]
            steps = [view.horizons[at] for at in inside]
            truth, known = tile.truth(index, steps, last)
            ratio = torch.where(known, (forecast(network, view, tile, index, steps) - truth) / tile.noise[index], 0.0).double()
            squares[inside] += (ratio**2).sum((1, 2)).cpu().numpy()
            counts[inside] += known.sum((1, 2)).cpu().numpy()
    return [float((square / count) ** 0.5) if count else 1.0 for square, count in zip(squares, counts, strict=True)]
