"""How far a forecast looks around its pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from .examples import View
from .network import Network
from .tile import Tile

# Share of the gradient that the receptive field holds.
HOLDS = 0.95


def radius(network: Network, view: View, tile: Tile, indices: Sequence[int]) -> float:
    """Pixels around the tile's middle within which the gradient of its forecasts from some dates lies; 0 where there is none."""
    row, col = (size // 2 for size in tile.shape)
    device = network.head.device
    total = torch.zeros(tile.shape, device=device)
    for index in indices:
        x = view.frames(tile, [index]).requires_grad_()
        lead = torch.ones((1, len(view.steps)), device=device)
        (gradient,) = torch.autograd.grad(network(x, lead)[0, :, row, col].sum(), x)
        total += gradient[:, 0, 0].abs().sum(0)
    weight = total.cpu().double().numpy()
    if weight.sum() == 0:
        return 0.0
    away = np.hypot(np.arange(weight.shape[0])[:, None] - row, np.arange(weight.shape[1]) - col)
    radii, ring = np.unique(away, return_inverse=True)
    inside = np.cumsum(np.bincount(ring.ravel(), weight.ravel())) / weight.sum()
    return float(radii[np.searchsorted(inside, HOLDS)])
