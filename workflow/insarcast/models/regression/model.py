"""What the models that learn from pooled windows share: the split into training and validation, the scale, the forecast in parts."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, NamedTuple

import numpy as np

from insarcast.core import InsarcastError

from ..data import Array, TrainingData
from ..law import Law
from ..pooled import Pooled
from ..space.neighbours import neighbour_weights
from ..spread import FREEDOM, LEAST, LEAST_DATES, spread_of
from .windows import Channels, Neighbours, Rows, Windows, gather

Arrays = dict[str, np.ndarray[Any, Any]]
# Windows that are forecast at a time.
PART = 20_000


class Lesson(NamedTuple):
    """What there is to learn from, and how.

    Attributes:
        rows: windows of the training.
        valid: later windows, or None in the second fit.
        past: all of the training.
        before: what the first fit left, for the second.
        seed: seed of everything random.
        device: ``cpu``, ``cuda`` or ``auto``.
        progress: show it.
    """

    rows: Rows
    valid: Rows | None
    past: TrainingData
    before: Arrays | None = None
    seed: int = 0
    device: str = "cpu"
    progress: bool = False


class WindowModel(Pooled):
    """Base of the models of windows: anchored increments in units of each point's scatter, all horizons at once.

    The last fifth of the training validates: what is learnt from the dates before it is tried on the origins in it, no training
    target being later than the first of them; with ``blocks`` > 1 the fifths before it are tried alike. The errors in the last fifth,
    in units of the scatter of their points, give the scale of the law per horizon (half the distance between their 15.9 % and 84.1 %
    quantiles); then the model is fitted again to the whole training, unless ``refits`` is False. With too few dates or windows to
    learn from, the forecast is that nothing changes, its scale the scatter times the root of the horizon.

    A subclass implements :meth:`_train` and :meth:`_say`.
    """

    settings: ClassVar[tuple[str, ...]] = ("window", "neighbours", "k", "network", "sample")
    refits: ClassVar[bool] = True
    blocks: ClassVar[int] = 1

    def __init__(self, window: int, neighbours: Neighbours, k: int, network: bool, sample: int) -> None:
        super().__init__()
        if window < 1 or sample < 1 or k < 1:
            raise InsarcastError("A model of windows needs a window, a sample and a number of neighbours of at least 1.")
        self.window, self.neighbours, self.k, self.network, self.sample = window, neighbours, k, network, sample
        self._near: tuple[tuple[Any, ...], Any] | None = None

    @property
    def modes(self) -> int:
        """Modes of the field among the channels."""
        return 0

    def _pool(self) -> int:
        """Most windows that are gathered."""
        return self.sample

    def channels(self, dates: int) -> Channels:
        """What a window holds when the training has so many dates: a third of them at most."""
        return Channels(max(min(self.window, dates // 3), 1), self.neighbours, self.k, self.network, self.modes)

    def _windows(
        self, past: TrainingData, channels: Channels, pooled: float | None = None, trained: int | None = None
    ) -> Windows:
        return Windows(past, channels, self._weights(past), pooled, trained)

    def _weights(self, past: TrainingData) -> Any:
        """Spatial weights; those of the same points are not computed twice."""
        if self.neighbours == "none":
            return None
        key = (past.x, past.y, past.graph, past.row, past.col)
        known = self._near
        if known is None or known[1].shape[0] != past.points or any(a is not b for a, b in zip(known[0], key, strict=True)):
            known = self._near = (key, neighbour_weights(past, kind=self.neighbours, k=self.k))
        return known[1]

    def _learn(self, past: TrainingData, *, seed: int, device: str, progress: bool) -> Arrays:
        steps, dates = list(self.horizons), len(past.time)
        channels = self.channels(dates)
        windows = self._windows(past, channels)
        fallback: Arrays = {
            "spread": np.sqrt(np.array(steps, "float64")),
            "pooled": np.array([windows.pooled]),
            "window": np.array([channels.window]),
        }
        fifth, first = max(dates // 5, 1), channels.window
        lessons: list[Lesson] = []
        for block in range(self.blocks, 0, -1):
            cut, end = dates - block * fifth, dates - (block - 1) * fifth
            if cut - first < 2 or dates < LEAST_DATES:
                continue
            early = self._windows(past.between(0, cut), channels, windows.pooled)
            late = self._windows(past.between(0, end), channels, windows.pooled, trained=cut)
            train = gather(early, first, cut, steps, self._pool(), seed)
            valid = gather(late, cut - 1, end, steps, self._pool(), seed)
            if train is not None and valid is not None and len(train.target) >= LEAST:
                lessons.append(Lesson(train, valid, past, None, seed, device, progress))
        if not lessons:
            return fallback
        learnt, valid = self._first(lessons), lessons[-1].valid
        assert valid is not None
        error = valid.target - self._say(learnt, valid)
        spread = fallback["spread"] * spread_of(error, fallback["spread"])
        if self.refits:
            whole = gather(windows, first, dates, steps, self._pool(), seed)
            assert whole is not None
            learnt = self._train(lessons[-1]._replace(rows=whole, valid=None, before=learnt))
        return fallback | learnt | {"spread": spread}

    def _law(self, past: TrainingData, horizons: list[int], lead: Array) -> Law:
        channels = self.channels(3 * int(self.learnt["window"][0]))
        assert self.train_end is not None
        until = int((past.time <= self.train_end).sum())
        windows = self._windows(past, channels, float(self.learnt["pooled"][0]), trained=until)
        steps, index = list(self.horizons), len(past.time) - 1
        centre = np.zeros((len(horizons), past.points))
        spread = np.sqrt(np.array(horizons, "float64"))
        at = [steps.index(step) if step in steps else -1 for step in horizons]
        known = [place for place, column in enumerate(at) if column >= 0]
        columns = [at[place] for place in known]
        spread[known] = self.learnt["spread"][columns]
        if len(self.learnt) > 3:  # more than what stands in where nothing could be learnt
            lags = windows.lags(index)
            for begin in range(0, past.points, PART):
                part = slice(begin, begin + PART)
                rows = windows.rows(index, steps, part, lags)
                rows = rows._replace(lags=np.nan_to_num(rows.lags))
                said = self._say(self.learnt, rows)[:, columns]
                centre[known, part] = (said.astype("float64") * rows.scatter[:, None]).T
        here = np.isfinite(past.displacement[index])
        law = (np.where(here, centre, np.nan), np.where(here, spread[:, None] * windows.scatter, np.nan))
        return Law(*law, np.where(here, FREEDOM, 0.0))

    def _first(self, lessons: list[Lesson]) -> Arrays:
        """What the first fit leaves: from the training and validation of each block, the last block last."""
        return self._train(lessons[-1])

    @abstractmethod
    def _train(self, lesson: Lesson) -> Arrays:
        """Learn from windows."""

    @abstractmethod
    def _say(self, learnt: Arrays, rows: Rows) -> np.ndarray[Any, Any]:
        """``(row, step)`` increments in units of the scatter."""
