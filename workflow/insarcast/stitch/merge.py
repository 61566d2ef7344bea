"""The weighted mean of what several tiles say of the same pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Piece:
    """What one tile says of a region.

    Attributes:
        place: index of the region in the result.
        values: ``(..., *pixels)`` mm.
        valid: the same shape, or 1 along axes whose values count together: where the tile has a forecast.
        weight: ``(*pixels)`` weights, zero where another tile knows better.
        spare: ``(*pixels)`` positive weights, for pixels that have no weight from any tile with a forecast.
    """

    place: tuple[Any, ...]
    values: NDArray[np.float32]
    valid: NDArray[np.bool_]
    weight: NDArray[np.float64]
    spare: NDArray[np.float64]


def merge(pieces: Sequence[Piece], shape: tuple[int, ...], counted: tuple[int, ...] | None = None) -> NDArray[np.float32]:
    """Mean over tiles, weights normalised by their sum at each pixel; NaN where no tile has a forecast.

    Every layer of a pixel has the same weights, so quantiles stay in order (each step of a sum of positive terms is monotone,
    rounding too), and tiles that agree give their value exactly.

    Args:
        pieces: in a fixed order, which the last bit depends on.
        shape: of the result.
        counted: of the sum of weights, 1 along axes whose values count together; None: ``shape``.
    """
    if len(pieces) == 1:  # most of a large tile: its own value, which a mean of one would give to the last bit
        return _alone(pieces[0], shape)
    total, norm = np.zeros(shape), np.zeros(counted or shape)
    for piece in pieces:
        _add(piece, np.where(piece.valid, piece.weight, 0.0), total, norm)
    bare = norm == 0
    for piece in pieces:
        left = bare[piece.place] & piece.valid
        if left.any():
            _add(piece, np.where(left, piece.spare, 0.0), total, norm)
    norm[norm == 0] = np.nan
    total /= norm
    return total.astype("float32")


def _alone(piece: Piece, shape: tuple[int, ...]) -> NDArray[np.float32]:
    values = np.full(shape, np.nan, "float32")
    values[piece.place] = np.where(piece.valid, piece.values, np.float32(np.nan))
    return values


def _add(piece: Piece, weight: NDArray[np.float64], total: NDArray[np.float64], norm: NDArray[np.float64]) -> None:
    values = piece.values if piece.valid.all() else np.where(piece.valid, piece.values, np.float32(0))
    total[piece.place] += values * weight
    norm[piece.place] += weight
