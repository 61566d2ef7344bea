"""Errors of forecast increments against the truth of a simulated scene, beside those against what was observed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..grid.picks import CHOSEN
from ..grid.table import ALL
from .ground import AGAINST

Array = NDArray[np.float64]

OBSERVED, GROUND = "observed", "ground"
SOURCES = (OBSERVED, *AGAINST, GROUND)


class IncrementErrors:
    """Sums by what a forecast is held against, model, origin, horizon and velocity class, filled block by block.

    The last model is the observation itself, held against the truth.
    """

    def __init__(self, models: int, origins: int, horizons: int, classes: int, levels: Sequence[int]) -> None:
        """``classes``: with a last one of unknown velocity; ``levels``: of the intervals, percent."""
        self.levels = list(levels)
        shape = (len(SOURCES), models + 1, origins, horizons, classes)
        names = ("n", "absolute", "square", "error", "interval", *(f"inside{level}" for level in levels))
        self.sums = {name: np.zeros(shape) for name in names}

    def add_errors(self, source: int, model: int, at: int, step: int, kind: NDArray[np.int64], error: Array) -> None:
        """Add errors in mm, (pixel,), of the velocity classes ``kind``."""
        for name, values in (("n", np.ones(len(error))), ("absolute", np.abs(error)), ("square", error**2), ("error", error)):
            self._add(name, (source, model, at, step), kind, values)

    def add_intervals(
        self,
        source: int,
        model: int,
        at: int,
        step: int,
        kind: NDArray[np.int64],
        truth: Array,
        ends: dict[int, tuple[Array, Array]],
    ) -> None:
        """Add whether intervals hold the truth; pixels without an interval do not count.

        Args:
            source: index of what is held against.
            model: index of the model.
            at: index of the origin.
            step: index of the horizon.
            kind: (pixel,) velocity classes.
            truth: (pixel,) mm.
            ends: percent -> (pixel,) lower and upper end, mm.
        """
        known = (
            np.isfinite(np.stack([end for pair in ends.values() for end in pair])).all(axis=0)
            if ends
            else np.zeros(len(truth), bool)
        )
        known &= np.isfinite(truth)
        self._add("interval", (source, model, at, step), kind[known], np.ones(int(known.sum())))
        for level, (low, high) in ends.items():
            inside = (low[known] <= truth[known]) & (truth[known] <= high[known])
            self._add(f"inside{level}", (source, model, at, step), kind[known], inside.astype("float64"))

    def _add(self, name: str, where: tuple[int, ...], kind: NDArray[np.int64], values: Array) -> None:
        self.sums[name][where] += np.bincount(kind, values, self.sums[name].shape[-1])

    def rows(
        self, models: Sequence[str], picks: Sequence[int], origins: Sequence[str], horizons: Sequence[int], classes: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Rows of the table; ``picks`` are the indices of the models that make up the automatic choice, one per origin."""
        each = list(range(len(origins)))
        named = [*((name, [index] * len(each)) for index, name in enumerate(models)), (CHOSEN, list(picks))]
        named.append((OBSERVED, [len(models)] * len(each)))
        found: list[dict[str, Any]] = []
        for source, against in enumerate(SOURCES):
            for model, which in named:
                for origin, ats in [*((name, [at]) for at, name in enumerate(origins)), (ALL, each)]:
                    for step, horizon in enumerate(horizons):
                        for name, kind in _classes(classes):
                            total = self._total(source, which, ats, step, kind)
                            if total["n"]:
                                base = self._total(source, [0] * len(each), ats, step, kind)
                                keys: dict[str, Any] = {"against": against, "model": model, "origin": origin, "horizon": horizon}
                                quantity = "position" if against == GROUND else "increment"
                                keys |= {"part": "forecast", "quantity": quantity, "velocity_class": name}
                                found.append(keys | self._means(total, base))
        return found

    def _total(self, source: int, which: Sequence[int], ats: Sequence[int], step: int, kind: slice) -> dict[str, float]:
        """Sums over origins ``ats`` and classes ``kind`` of the model ``which[at]`` at each origin."""
        return {name: sum(float(sums[source, which[at], at, step, kind].sum()) for at in ats) for name, sums in self.sums.items()}

    def _means(self, total: dict[str, float], base: dict[str, float]) -> dict[str, float]:
        n, intervals = total["n"], total["interval"]
        return {
            "n": int(n),
            "mae": total["absolute"] / n,
            "rmse": math.sqrt(total["square"] / n),
            "bias": total["error"] / n,
            "skill": 1 - total["absolute"] / base["absolute"] if base["absolute"] > 0 else math.nan,
            "n_interval": int(intervals),
            **{f"coverage{level}": total[f"inside{level}"] / intervals if intervals else math.nan for level in self.levels},
        }


def _classes(names: Sequence[str]) -> Iterator[tuple[str, slice]]:
    yield ALL, slice(None)
    yield from ((name, slice(index, index + 1)) for index, name in enumerate(names))
