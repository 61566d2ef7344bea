"""Earlier origins of all tiles as one table of points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .merge import Piece, merge
from .parts import Part
from .weights import Weights

NAMES = ("median", "sd", "observed")


def blend_past(parts: Sequence[Part], weights: Mapping[int, Weights], columns: int) -> xr.Dataset:
    """Blend the sampled points of tiles with the weights that the maps have there.

    The points of all tiles are one sample of the scene, of bounded size, so they fit in memory; only one variable of them is
    held at a time. What was observed is the same in every tile, and stays as it is.

    Args:
        parts: tiles with a forecast.
        weights: weights of each tile.
        columns: columns of the grid.

    Returns:
        ``median``, ``sd`` and ``observed`` (origin, past, horizon, point), mm; points by row, then column.
    """
    first = parts[0].past
    keys = [part.past.row.values.astype("int64") * columns + part.past.col.values for part in parts]
    points = np.unique(np.concatenate(keys))
    shape = (first.sizes["origin"], first.sizes["past"], first.sizes["horizon"], points.size)
    layers = {}
    for name in NAMES:
        pieces = [
            _piece(part, name, weights[part.tile.tile], np.searchsorted(points, key))
            for part, key in zip(parts, keys, strict=True)
        ]
        layers[name] = (("origin", "past", "horizon", "point"), merge(pieces, shape), {"units": "mm"})
    return xr.Dataset(
        layers,
        coords={
            "origin": first.origin.values,
            "horizon": first.horizon.values,
            "past_origin": (("origin", "past"), first.past_origin.values),
            "row": ("point", points // columns),
            "col": ("point", points % columns),
        },
        attrs={key: first.attrs[key] for key in ("history", "stride") if key in first.attrs},
    )


def _piece(part: Part, name: str, weights: Weights, places: NDArray[np.intp]) -> Piece:
    values = part.past[name].transpose("origin", "past", "horizon", "point").values.astype("float32")
    row, col = part.past.row.values - part.tile.top, part.past.col.values - part.tile.left
    own, spare = (rows[row] * cols[col] for rows, cols in (weights.own, weights.spare))
    return Piece((..., places), values, np.isfinite(values), own, spare)
