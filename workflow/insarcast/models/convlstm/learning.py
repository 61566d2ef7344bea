"""The training of a network on tiles."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..training import History, Plan, losses, train
from .examples import Batch, View, in_parts
from .forecasting import factors
from .network import Network
from .settings import Settings
from .tile import Tile


def learn(
    network: Network, view: View, tiles: Sequence[Tile], plan: Plan, generator: torch.Generator, progress: bool
) -> tuple[History, list[float]]:
    """Train a network in place, where it lies.

    Args:
        network: what learns; its best weights are left in it.
        view: how it sees the tiles.
        tiles: one or more, up to the end of training.
        plan: how to train.
        generator: source of everything random.
        progress: a line per epoch on stderr.

    Returns:
        What happened, and the factors of the noise, see :func:`insarcast.models.convlstm.forecasting.factors`.

    Raises:
        InsarcastError: too few dates, or a training that diverges.
    """
    settings, device = view.settings, network.head.device.type
    ends = [(tile, *view.ends(tile)) for tile in tiles]
    validation = [Batch(tile, part, len(tile.days) - 1) for tile, _, valid in ends for part in in_parts(valid, settings.batch)]
    network.precision = precision_of(settings, device)
    network.fused = device == "cuda" and settings.compile
    power = 1 if settings.loss == "mae" else 2
    pointwise = losses(settings.loss, settings.huber_delta)

    def batches(source: torch.Generator) -> list[Batch]:
        made: list[Batch] = []
        for tile, training, valid in ends:
            order = [training[at] for at in torch.randperm(len(training), generator=source).tolist()]
            made += [Batch(tile, part, valid[0]) for part in in_parts(order, settings.batch)]
        return [made[at] for at in torch.randperm(len(made), generator=source).tolist()]

    def error(batch: Batch, source: torch.Generator | None) -> tuple[Tensor, Tensor]:
        x, lead, target, known = view.example(batch)
        if source is not None:
            x, target, known = view.vary(x, target, known, source)
        total = torch.where(known, pointwise(network(x, lead) - target), 0.0).sum()
        return total, known.sum()

    done = train(network, batches, validation, error, plan, generator, unit=view.scale**power, progress=progress)
    network.precision, network.fused = torch.float32, False
    return done, factors(network, view, validation)


def precision_of(settings: Settings, device: str) -> torch.dtype:
    """Of the convolutions on ``cpu`` or ``cuda``."""
    half = settings.precision == "bfloat16" or (settings.precision == "auto" and device == "cuda")
    return torch.bfloat16 if half else torch.float32
