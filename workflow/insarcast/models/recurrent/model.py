"""Recurrent networks on pooled windows: Elman's, GRU and LSTM, all horizons at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np

from insarcast.core import InsarcastError

from ..regression.model import Arrays, Lesson, WindowModel
from ..regression.windows import Channels, Neighbours, Rows, Table

Scaling = Literal["anchored", "minmax"]
# Days that the time channel counts in.
UNIT_DAYS = 100.0
WEIGHT = "network."


class Recurrent(WindowModel):
    """A recurrent network reads the window date by date; a linear head says the increments to all horizons from its last state.

    Channels of a date: the level of the point minus that of the origin, the same of its neighbours' mean (and the network's), and the
    days before the origin. The head also knows the change of the season to each horizon. Adam on the absolute (``l1``), Huber's or
    the squared error; the weights with the least validation error are kept, there is no second fit. One thread on the CPU, so that the
    weights are the same at any number of threads.

    Args:
        window: dates before the origin.
        hidden: state's size of each layer.
        layers: recurrent layers.
        neighbours: whose mean lags are a channel.
        k: number of nearest places.
        network: make the mean lags of all points a channel.
        season: tell the head the change of the season.
        loss: ``l1``, ``huber`` or ``l2``, in units of the scatter.
        learning_rate: of Adam.
        weight_decay: of Adam.
        batch: windows at a time.
        epochs: at most.
        patience: epochs without progress after which to stop.
        sample: most windows to learn from.
        scaling: ``anchored``, or ``minmax``: the recipe of many papers, the cumulative displacement of each point scaled to 0-1 over the
            training period, and the level as target; no other channel. It fails where the level leaves the range of the training.
    """

    cell: ClassVar[str] = "lstm"
    refits: ClassVar[bool] = False
    settings: ClassVar[tuple[str, ...]] = (
        *WindowModel.settings,
        "hidden",
        "layers",
        "season",
        "loss",
        "learning_rate",
        "weight_decay",
        "batch",
        "epochs",
        "patience",
        "scaling",
    )

    def __init__(
        self,
        window: int = 20,
        hidden: int = 32,
        layers: int = 1,
        neighbours: Neighbours = "knn",
        k: int = 30,
        network: bool = True,
        season: bool = True,
        loss: Literal["l1", "huber", "l2"] = "l1",
        learning_rate: float = 0.003,
        weight_decay: float = 0.0,
        batch: int = 256,
        epochs: int = 15,
        patience: int = 4,
        sample: int = 50_000,
        scaling: Scaling = "anchored",
    ) -> None:
        super().__init__(window, neighbours, k, network, sample)
        if loss not in ("l1", "huber", "l2") or scaling not in ("anchored", "minmax"):
            raise InsarcastError("A recurrent network needs the loss l1, huber or l2 and the scaling anchored or minmax.")
        if min(hidden, layers, batch, epochs, patience) < 1 or learning_rate <= 0:
            raise InsarcastError(
                "A recurrent network needs hidden, layers, batch, epochs and patience of at least 1, and a learning_rate."
            )
        self.hidden, self.layers, self.season, self.loss = hidden, layers, season, loss
        self.learning_rate, self.weight_decay, self.batch = learning_rate, weight_decay, batch
        self.epochs, self.patience, self.scaling = epochs, patience, scaling

    @property
    def best_epoch(self) -> int:
        """Epoch whose weights were kept."""
        return int(self.learnt.get("epoch", np.zeros(1))[0])

    def channels(self, dates: int) -> Channels:
        """Min-max looks at the point alone."""
        channels = super().channels(dates)
        return replace(channels, neighbours="none", network=False) if self.scaling == "minmax" else channels

    def _train(self, lesson: Lesson) -> Arrays:
        import torch

        from .network import fit_network

        assert lesson.valid is not None
        parts = [(*self.inputs(some), self._targets(some)) for some in (lesson.rows, lesson.valid)]
        network = self._network(parts[0], lesson.seed)
        try:
            epoch = fit_network(
                network,
                *parts,
                loss=self.loss,
                learning_rate=self.learning_rate,
                weight_decay=self.weight_decay,
                batch=self.batch,
                epochs=self.epochs,
                patience=self.patience,
                seed=lesson.seed,
                device=lesson.device,
                progress=lesson.progress,
            )
        except InsarcastError as error:  # its sentence names the settings of another model
            raise InsarcastError(str(error).replace("convlstm.", f"models.{self.cell}.")) from error
        with torch.no_grad():
            weights = {WEIGHT + name: part.cpu().numpy() for name, part in network.state_dict().items()}
        return {"epoch": np.array([epoch]), **weights}

    def _network(self, part: tuple[Table, Table, Table], seed: int) -> Any:
        from .network import Network, seeded

        sequence, known, target = part
        with seeded(seed):
            return Network(self.cell, sequence.shape[2], self.hidden, self.layers, known.shape[1], target.shape[1])

    def inputs(self, rows: Rows) -> tuple[Table, Table]:
        """Sequences ``(row, date, channel)``, oldest first, and what else is known, ``(row, feature)``."""
        if self.scaling == "minmax":
            whole = np.concatenate([np.zeros((len(rows.lags), 1), "float32"), rows.lags[:, 0]], axis=1)[:, ::-1]
            return ((whole + rows.place[:, :1]) / rows.place[:, 1:])[..., None], np.zeros((len(whole), 0), "float32")
        time = rows.days[:, None] / np.float32(UNIT_DAYS)
        sequence = np.concatenate([rows.lags, time], axis=1)[:, :, ::-1].transpose(0, 2, 1)
        season = rows.season.reshape(len(sequence), -1) * np.float32(self.season)
        return np.ascontiguousarray(sequence), season

    def _targets(self, rows: Rows) -> Table:
        return (rows.target + rows.place[:, :1]) / rows.place[:, 1:] if self.scaling == "minmax" else rows.target

    def _say(self, learnt: Arrays, rows: Rows) -> np.ndarray[Any, Any]:
        from .network import forward

        sequence, known = self.inputs(rows)
        network = self._network((sequence, known, rows.target), 0)
        said = forward(
            network, {name[len(WEIGHT) :]: part for name, part in learnt.items() if name.startswith(WEIGHT)}, sequence, known
        )
        return said * rows.place[:, 1:] - rows.place[:, :1] if self.scaling == "minmax" else said


class RNN(Recurrent):
    """Elman's network (1990): ``h = tanh(W x + U h + b)``."""

    cell: ClassVar[str] = "rnn"


class GRU(Recurrent):
    """Gated recurrent units (Cho et al. 2014)."""

    cell: ClassVar[str] = "gru"


class LSTM(Recurrent):
    """Long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000)."""

    cell: ClassVar[str] = "lstm"
