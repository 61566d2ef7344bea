"""Neighbours among the points that are scored, which may be others for every date."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .neighbours import Weights, make_weights, nearest_neighbours

Array = NDArray[np.float64]


class Neighbourhoods:
    """Weights and area of any subset of the points, the last few of them remembered.

    Attributes:
        place: ``(point, 2)`` m, or None where nobody knows the places.
        how: in words.
    """

    def __init__(self, series: xr.Dataset, index: NDArray[np.int64], neighbours: int) -> None:
        self.place: Array | None = None
        self._graph: Any = None
        self._count = neighbours
        self._last: dict[bytes, Weights] = {}
        if "x" in series.coords and "y" in series.coords:
            self.place = np.stack([series[name].values[index].astype("float64") for name in ("x", "y")], axis=1)
            self.how = f"the {neighbours} nearest points"
        elif "edge" in series:
            from scipy.sparse import coo_array

            ends = series.edge.values
            both = np.concatenate([ends, ends[:, ::-1]])
            self._graph = coo_array((np.ones(len(both)), both.T), shape=(series.sizes["point"],) * 2).tocsr()[index][:, index]
            self.how = "the points that the network of the data joins"

    @property
    def known(self) -> bool:
        """Whether anybody knows who is whose neighbour."""
        return self.place is not None or self._graph is not None

    def weights(self, used: NDArray[np.bool_]) -> Weights:
        """Weights of the points that are ``used``."""
        key = np.packbits(used).tobytes()
        if key not in self._last:
            place = self.place
            near = nearest_neighbours(place[used], self._count) if place is not None else self._graph[used][:, used]
            self._last = dict(list(self._last.items())[-7:]) | {key: make_weights(near)}
        return self._last[key]
