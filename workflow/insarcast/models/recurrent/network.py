"""The recurrent networks in torch, and their training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..regression.windows import Table
from ..training import Plan, choose_device, reproducible, train

CELLS: dict[str, Any] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
# Corner of Huber's loss, in units of the target's.
CORNER = 1.0
# Windows that are forecast at a time.
PART = 4_096

Part = tuple[Tensor, Tensor, Tensor]


class Network(nn.Module):
    """Recurrent layers and a linear head on their last state and on what else is known."""

    def __init__(self, cell: str, channels: int, hidden: int, layers: int, known: int, steps: int) -> None:
        super().__init__()
        self.body = CELLS[cell](channels, hidden, layers, batch_first=True)
        self.head = nn.Linear(hidden + known, steps)

    def forward(self, sequence: Tensor, known: Tensor) -> Tensor:
        """``(row, step)`` from sequences ``(row, date, channel)`` and ``(row, feature)``."""
        states, _ = self.body(sequence)
        out: Tensor = self.head(torch.cat([states[:, -1], known], dim=1))
        return out


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Weights drawn from a seed, the state of torch's own generator left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def fit_network(
    network: Network,
    rows: tuple[Table, Table, Table],
    valid: tuple[Table, Table, Table],
    *,
    loss: str,
    learning_rate: float,
    weight_decay: float,
    batch: int,
    epochs: int,
    patience: int,
    seed: int,
    device: str,
    progress: bool,
) -> int:
    """Train in place on sequences, what else is known, and targets (NaN where unknown); the number of the best epoch."""
    place = choose_device(device)

    def tensors(part: tuple[Table, Table, Table]) -> Part:
        sequence, known, target = (torch.from_numpy(np.ascontiguousarray(values)).to(place) for values in part)
        return sequence, known, target

    def cut(part: Part, order: Tensor | None, size: int) -> Sequence[Part]:
        count = len(part[0])
        order = torch.arange(count, device=place) if order is None else order.to(place)
        return [(part[0][at], part[1][at], part[2][at]) for at in torch.split(order, size)]

    def error(part: Part, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        sequence, known, target = part
        measured = torch.isfinite(target)
        off = torch.where(measured, network(sequence, known) - torch.nan_to_num(target), 0.0)
        return _loss(off, loss).sum(), measured.sum()

    plan = Plan("adam", learning_rate, weight_decay, 0.0, "cosine", 1, 1.0, 1.0, epochs, patience, 1e-4)
    generator = torch.Generator().manual_seed(seed)
    network.to(place)
    with reproducible(place):
        learn, check = tensors(rows), cut(tensors(valid), None, PART)
        done = train(
            network,
            lambda source: cut(learn, torch.randperm(len(learn[0]), generator=source), batch),
            check,
            error,
            plan,
            generator,
            progress=progress,
        )
    network.cpu()
    return done.best_epoch


def _loss(error: Tensor, kind: str) -> Tensor:
    if kind == "l2":
        return error.square()
    if kind == "l1":
        return error.abs()
    return nn.functional.huber_loss(error, torch.zeros_like(error), reduction="none", delta=CORNER)


@torch.no_grad()
def forward(network: Network, weights: dict[str, np.ndarray[Any, Any]], sequence: Table, known: Table) -> Table:
    """``(row, step)`` what the network with these weights says."""
    network.load_state_dict({name: torch.from_numpy(np.array(part)) for name, part in weights.items()})
    network.eval()
    out = [np.zeros((0, network.head.out_features), "float32")]
    with reproducible(torch.device("cpu")):
        for begin in range(0, len(sequence), PART):
            part = slice(begin, begin + PART)
            out.append(network(torch.from_numpy(sequence[part]), torch.from_numpy(np.ascontiguousarray(known[part]))).numpy())
    return np.concatenate(out)
