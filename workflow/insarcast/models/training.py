"""A plain training loop in torch: epochs, a schedule of the learning rate, early stopping, the best weights kept."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from insarcast.core import InsarcastError

Batch = TypeVar("Batch")


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes:
        optimizer: ``adam``, ``adamw``, ``sgd`` or ``rmsprop``.
        learning_rate: at the start.
        weight_decay: of the optimizer.
        momentum: of ``sgd`` and ``rmsprop``.
        scheduler: ``step``, ``cosine``, ``plateau`` or ``none``.
        step_size: epochs between two steps of ``step``, and epochs without progress before ``plateau`` acts.
        gamma: factor of ``step`` and ``plateau``.
        clip: largest norm of the gradient, or None.
        epochs: at most.
        patience: epochs without progress after which to stop.
        tolerance: least relative decrease of the validation loss that counts as progress.
    """

    optimizer: str
    learning_rate: float
    weight_decay: float
    momentum: float
    scheduler: str
    step_size: int
    gamma: float
    clip: float | None
    epochs: int
    patience: int
    tolerance: float


class History(NamedTuple):
    """What happened.

    Attributes:
        epochs: one dict per epoch: epoch, training and validation loss, learning_rate.
        best_epoch: the one whose weights were kept; 0 where no epoch was better than the weights at the start.
        start: validation loss before the first epoch.
    """

    epochs: list[dict[str, Any]]
    best_epoch: int
    start: float


def choose_device(name: str) -> torch.device:
    """``auto``, ``cpu`` or ``cuda`` as a device.

    Raises:
        InsarcastError: ``cuda`` where there is none.
    """
    found = torch.cuda.is_available()
    if name == "cuda" and not found:
        raise InsarcastError("forecast.device is cuda, but no CUDA GPU is found here; set it to auto or cpu.")
    return torch.device("cuda" if name != "cpu" and found else "cpu")


def free_memory() -> None:
    """Give back what a failed training left on the card."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


@contextmanager
def reproducible(device: torch.device) -> Iterator[None]:
    """The same bits each time: one thread on the CPU, where the order of a sum depends on their number, fixed algorithms on CUDA."""
    if device.type == "cuda":
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=True):
            yield
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def train(
    network: nn.Module,
    batches: Callable[[torch.Generator], Sequence[Batch]],
    validation: Sequence[Batch],
    error: Callable[[Batch, torch.Generator | None], tuple[Tensor, Tensor]],
    plan: Plan,
    generator: torch.Generator,
    unit: float = 1.0,
    progress: bool = False,
) -> History:
    """Train a network in place and leave its best weights in it.

    Args:
        network: what learns.
        batches: the batches of one epoch, shuffled by a generator.
        validation: batches later than those of training.
        error: sum of the loss over what is measured in a batch, and how much that is; the generator is None for validation.
        plan: how to train.
        generator: source of everything random.
        unit: factor from the loss to the unit it is reported in.
        progress: a line per epoch on stderr.

    Raises:
        InsarcastError: the loss is no longer finite, or nothing was observed that could be learnt.
    """
    optimizer = _optimizer(network, plan)
    scheduler = _scheduler(optimizer, plan)
    start = best = _evaluate(network, validation, error)
    best_epoch, kept, history = 0, _copy(network), list[dict[str, Any]]()
    for epoch in range(1, plan.epochs + 1):
        rate, began = optimizer.param_groups[0]["lr"], time.perf_counter()
        training = _epoch(network, batches(generator), error, optimizer, plan, generator)
        score = _evaluate(network, validation, error)
        if not (math.isfinite(training) and math.isfinite(score)):
            raise InsarcastError(f"The training diverged in epoch {epoch}: the loss is {training}; lower convlstm.learning_rate.")
        history.append({"epoch": epoch, "training": training * unit, "validation": score * unit, "learning_rate": rate})
        if progress:
            seconds = time.perf_counter() - began
            print(
                f"epoch {epoch:3d}  training {training * unit:.4f}  validation {score * unit:.4f}  rate {rate:.2g}  {seconds:.1f} s",
                file=sys.stderr,
            )
        if score < best * (1 - plan.tolerance):
            best, best_epoch, kept = score, epoch, _copy(network)
        elif epoch - best_epoch >= plan.patience:
            break
        if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            scheduler.step(score)
        elif scheduler is not None:
            scheduler.step()
    network.load_state_dict(kept)
    return History(history, best_epoch, start * unit)


def _epoch(
    network: nn.Module,
    batches: Sequence[Batch],
    error: Callable[[Batch, torch.Generator | None], tuple[Tensor, Tensor]],
    optimizer: torch.optim.Optimizer,
    plan: Plan,
    generator: torch.Generator,
) -> float:
    """Mean loss of one epoch. The sums stay on the device: reading one would wait for it."""
    totals: list[Tensor] = []
    for batch in batches:
        optimizer.zero_grad(set_to_none=True)
        total, count = error(batch, generator)
        (total / count.clamp(min=1)).backward()  # type: ignore[no-untyped-call]
        if plan.clip is not None:
            nn.utils.clip_grad_norm_(network.parameters(), plan.clip)
        optimizer.step()
        totals.append(torch.stack([total.detach().double(), count.double()]))
    return _mean(torch.stack(totals), "training")


@torch.no_grad()
def _evaluate(
    network: nn.Module, batches: Sequence[Batch], error: Callable[[Batch, torch.Generator | None], tuple[Tensor, Tensor]]
) -> float:
    totals = [torch.stack([part.double() for part in error(batch, None)]) for batch in batches]
    return _mean(torch.stack(totals), "validation")


def _mean(totals: Tensor, what: str) -> float:
    total, count = totals.sum(0).tolist()
    if not count:
        raise InsarcastError(
            f"Nothing was observed among the windows of the {what}: every step is bridged or missing; raise forecast.history."
        )
    return float(total / count)


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in network.state_dict().items()}


def _optimizer(network: nn.Module, plan: Plan) -> torch.optim.Optimizer:
    weights, rate, decay = list(network.parameters()), plan.learning_rate, plan.weight_decay
    if plan.optimizer == "adam":
        return torch.optim.Adam(weights, lr=rate, weight_decay=decay)
    if plan.optimizer == "adamw":
        return torch.optim.AdamW(weights, lr=rate, weight_decay=decay)
    if plan.optimizer == "sgd":
        return torch.optim.SGD(weights, lr=rate, weight_decay=decay, momentum=plan.momentum)
    return torch.optim.RMSprop(weights, lr=rate, weight_decay=decay, momentum=plan.momentum)


def _scheduler(optimizer: torch.optim.Optimizer, plan: Plan) -> Any:
    if plan.scheduler == "step":
        return torch.optim.lr_scheduler.StepLR(optimizer, plan.step_size, plan.gamma)
    if plan.scheduler == "cosine":
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, plan.epochs)
    if plan.scheduler == "plateau":
        return torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=plan.gamma, patience=plan.step_size)
    return None


def losses(kind: str, delta: float) -> Callable[[Tensor], Tensor]:
    """Loss of each error: ``mae``, ``mse``, or ``huber`` with its corner at ``delta``."""
    if kind == "mae":
        return torch.abs
    if kind == "mse":
        return torch.square
    return lambda error: torch.nn.functional.huber_loss(error, torch.zeros_like(error), reduction="none", delta=delta)
