"""Sums that the scores of point forecasts are made of, kept by origin, so that dates can be redrawn and memory stays small."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..grid.tally import interval_pairs
from .crps import crps_of_quantiles
from .rank import ERRORS, SPREADS, error_bin, spread_bin

Array = NDArray[np.float64]


class Partition(NamedTuple):
    """One way to put points into classes.

    Attributes:
        column: of the table: ``velocity_class``, ``cluster`` or ``noise_class``.
        names: of the classes.
        kind: ``(point,)`` index of each point's class, -1 where it has none.
    """

    column: str
    names: Sequence[str]
    kind: NDArray[np.int64]


class SeriesTally:
    """Sums by model, origin, horizon and group. Group 0 is all points, then come the classes of every partition.

    Attributes:
        shared: name -> (origin, horizon, group): ``n`` cells, ``n_scaled`` those with a MASE scale, and sums of the truth:
            ``truth``, ``truth2``, ``truth_absolute``.
        sums: name -> (model, origin, horizon, group): ``absolute``, ``square``, ``error``, ``forecast``, ``forecast2``,
            ``product`` (with the truth), ``scaled``; of cells with all quantiles ``interval`` (how many), ``crps``,
            ``inside{percent}``, ``width{percent}``; before calibration ``own_interval`` and so on. mm and mm2.
        rank: (model, horizon, group, spread, error) counts of binned sd and absolute error.
        below: (model, horizon, quantile + 1) outcomes between consecutive quantiles.
    """

    def __init__(
        self, models: int, origins: int, horizons: int, levels: Sequence[float], partitions: Sequence[Partition]
    ) -> None:
        self.levels, self.partitions = levels, partitions
        self.groups: list[dict[str, str]] = [{}]
        self.offsets = []
        for partition in partitions:
            self.offsets.append(len(self.groups))
            self.groups += [{partition.column: name} for name in partition.names]
        size = len(self.groups)
        self.pairs = interval_pairs(levels)
        self._shape = (models, origins, horizons, size)
        self.shared: dict[str, Array] = {}
        self.sums: dict[str, Array] = {}
        self.rank = np.zeros((models, horizons, size, SPREADS, ERRORS), "uint32")
        self.below = np.zeros((models, horizons, len(levels) + 1), "int64")

    def membership(self, window: slice) -> Array:
        """(point, group) of a chunk of points: 1 where a point belongs to a group."""
        size = window.stop - window.start
        member = np.zeros((size, len(self.groups)))
        member[:, 0] = 1
        for offset, partition in zip(self.offsets, self.partitions, strict=True):
            kind = partition.kind[window]
            member[np.flatnonzero(kind >= 0), offset + kind[kind >= 0]] = 1
        return member

    def add_truth(self, truth: Array, scored: NDArray[np.bool_], scale: Array, member: Array) -> None:
        """Add the truth of a chunk: (origin, horizon, point) mm, scored cells, and (point,) MASE scale in mm."""
        known = np.where(scored, truth, 0.0)
        scaled = scored & (np.nan_to_num(scale) > 0)
        for name, values in (
            ("n", scored.astype("float64")),
            ("n_scaled", scaled.astype("float64")),
            ("truth", known),
            ("truth2", known**2),
            ("truth_absolute", np.abs(known)),
        ):
            self.shared.setdefault(name, np.zeros(self._shape[1:]))
            self.shared[name] += values @ member

    def add_medians(
        self, model: int, median: Array, truth: Array, scored: NDArray[np.bool_], scale: Array, member: Array
    ) -> None:
        """Add the medians of one model, (origin, horizon, point) mm."""
        forecast = np.where(scored, median, 0.0)
        error = np.where(scored, median - truth, 0.0)
        scaled = scored & (np.nan_to_num(scale) > 0)
        for name, values in (
            ("absolute", np.abs(error)),
            ("square", error**2),
            ("error", error),
            ("forecast", forecast),
            ("forecast2", forecast**2),
            ("product", forecast * np.where(scored, truth, 0.0)),
            ("scaled", np.where(scaled, np.abs(error) / np.where(scale > 0, scale, 1.0), 0.0)),
        ):
            self._add(name, model, values, member)

    def add_quantiles(self, model: int, fan: Array, own: Array, truth: Array, scored: NDArray[np.bool_], member: Array) -> None:
        """Add calibrated and own quantiles of one model, (quantile, origin, horizon, point) mm, where all of them are known."""
        for prefix, values in (("", fan), ("own_", own)):
            known = scored & np.isfinite(values).all(axis=0)
            self._add(f"{prefix}interval", model, known.astype("float64"), member)
            for percent, (low, high) in self.pairs.items():
                inside = known & (values[low] <= truth) & (truth <= values[high])
                self._add(f"{prefix}inside{percent}", model, inside.astype("float64"), member)
                self._add(f"{prefix}width{percent}", model, np.where(known, values[high] - values[low], 0.0), member)
            if not prefix:
                loss = crps_of_quantiles(truth, values, self.levels)
                self._add("crps", model, np.where(known, loss, 0.0), member)
                place = np.where(known, (truth > values).sum(axis=0), -1)
                for step in range(self._shape[2]):
                    found = place[:, step][place[:, step] >= 0]
                    self.below[model, step] += np.bincount(found, minlength=len(self.levels) + 1)

    def add_spread(self, model: int, sd: Array, error: Array, scored: NDArray[np.bool_], window: slice) -> None:
        """Add pairs of stated sd and error, (origin, horizon, point) mm, of one model."""
        known = scored & np.isfinite(sd)
        pair = spread_bin(np.where(known, sd, 1.0)) * ERRORS + error_bin(np.where(known, np.abs(error), 1.0))
        whole = np.zeros(window.stop - window.start, "int64")
        kinds = [(0, 1, whole), *((o, len(p.names), p.kind[window]) for o, p in zip(self.offsets, self.partitions, strict=True))]
        size = SPREADS * ERRORS
        for step in range(self._shape[2]):
            for offset, count, kind in kinds:
                used = known[:, step] & (kind >= 0)
                code = (kind * size + pair[:, step])[used]
                found = np.bincount(code, minlength=count * size).reshape(count, SPREADS, ERRORS)
                self.rank[model, step, offset : offset + count] += found.astype("uint32")

    def _add(self, name: str, model: int, values: Array, member: Array) -> None:
        self.sums.setdefault(name, np.zeros(self._shape))[model] += values @ member
