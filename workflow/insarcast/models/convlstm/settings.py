"""The ConvLSTM's settings: section ``convlstm`` of a study, with the same defaults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from insarcast.core import InsarcastError

from ..training import Plan

_CHOICES = {
    "peephole": ("none", "channel", "pixel"),
    "multi_step": ("direct", "recursive"),
    "base": ("persistence", "linear", "trend"),
    "loss": ("mae", "mse", "huber"),
    "optimizer": ("adam", "adamw", "sgd", "rmsprop"),
    "scheduler": ("step", "cosine", "plateau", "none"),
    "precision": ("auto", "float32", "bfloat16"),
}


@dataclass(frozen=True)
class Settings:
    """Settings; the schema of a study describes each. Layers, kernel, loss, optimizer, rate and patience are Leng et al. 2023's.

    Raises:
        InsarcastError: a value is out of its range, or two do not go together.
    """

    hidden: Sequence[int] = (32, 32, 32)
    kernel: int = 5
    peephole: str = "channel"
    window: int = 16
    multi_step: str = "direct"
    base: str = "trend"
    loss: str = "mae"
    huber_delta: float = 1.0
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    momentum: float = 0.9
    scheduler: str = "step"
    step_size: int = 20
    gamma: float = 0.5
    clip: float | None = 1.0
    epochs: int = 100
    batch: int = 2
    patience: int = 20
    tolerance: float = 0.001
    validation: float = 0.2
    augment: bool = False
    crop: int | None = None
    precision: str = "auto"
    compile: bool = True
    finetune_epochs: int = 20
    finetune_learning_rate: float = 1e-4

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", tuple(self.hidden))
        for key, choices in _CHOICES.items():
            if getattr(self, key) not in choices:
                raise InsarcastError(f"convlstm.{key} is '{getattr(self, key)}'; it can be {', '.join(choices)}.")
        for key, least in (("window", 2), ("batch", 1), ("patience", 1), ("step_size", 1), ("epochs", 1), ("finetune_epochs", 1)):
            if getattr(self, key) < least:
                raise InsarcastError(f"convlstm.{key} is {getattr(self, key)}; it must be at least {least}.")
        if not self.hidden or min(self.hidden) < 1:
            raise InsarcastError(
                f"convlstm.hidden is {list(self.hidden)}; it must name the channels of each layer, e.g. [32, 32]."
            )
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise InsarcastError(f"convlstm.kernel is {self.kernel}; it must be odd, so that a kernel has a middle.")
        if min(self.learning_rate, self.finetune_learning_rate, self.huber_delta) <= 0:
            raise InsarcastError("convlstm.learning_rate, finetune_learning_rate and huber_delta must be above 0.")
        if not 0 < self.validation < 1:
            raise InsarcastError(f"convlstm.validation is {self.validation}; it is a share of the dates, between 0 and 1.")
        if self.peephole == "pixel" and (self.augment or self.crop is not None):
            raise InsarcastError("convlstm.peephole 'pixel' ties weights to pixels: it goes with neither augment nor crop.")

    @property
    def plan(self) -> Plan:
        """How to train from the start."""
        return self._plan(self.learning_rate, self.epochs)

    @property
    def finetuning(self) -> Plan:
        """How to go on from given weights."""
        return self._plan(self.finetune_learning_rate, self.finetune_epochs)

    def _plan(self, learning_rate: float, epochs: int) -> Plan:
        return Plan(
            optimizer=self.optimizer,
            learning_rate=learning_rate,
            weight_decay=self.weight_decay,
            momentum=self.momentum,
            scheduler=self.scheduler,
            step_size=self.step_size,
            gamma=self.gamma,
            clip=self.clip,
            epochs=epochs,
            patience=self.patience,
            tolerance=self.tolerance,
        )
