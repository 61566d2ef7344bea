"""Blocks of the whole map, from the tiles that meet them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .layout import Block
from .merge import Piece, merge
from .parts import Part
from .weights import Weights, core_weights


def blend_block(
    parts: Sequence[Part], weights: Mapping[int, Weights], block: Block, unblended: bool
) -> tuple[xr.Dataset, NDArray[np.float32] | None]:
    """Blend one block; of every tile only its overlap with the block is read.

    Quantiles are averaged level by level, which keeps their order and the shape of the law (Vincent averaging). ``sd`` is averaged
    too: the error of a mean of tiles has at most that standard deviation, whatever the correlation of their errors, so it is
    conservative where every tile's own is right; that the tiles' medians differ is not added to it, as a mixture of laws would.

    Args:
        parts: tiles with a forecast.
        weights: weights of each tile.
        block: rows and columns.
        unblended: whether the second result is asked for.

    Returns:
        ``increment`` (origin, horizon, quantile, y, x) and ``sd`` (origin, horizon, y, x), mm; and the median increment
        (origin, horizon, y, x) in which each pixel comes from the tile whose core holds it, or, where that one has no forecast,
        from the others.
    """
    first = parts[0].forecast
    outer = (first.sizes["origin"], first.sizes["horizon"])
    pixels = tuple(side.stop - side.start for side in block)
    median = int(np.flatnonzero(first["quantile"].values == 0.5)[0])
    increments, sds, medians = [], [], []
    for part in parts:
        inner = _overlap(part, block)
        if inner is None:
            continue
        window, place = inner
        increment = _read(part.forecast, "increment", ("origin", "horizon", "quantile"), window)
        sd = _read(part.forecast, "sd", ("origin", "horizon"), window)
        valid: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(increment), axis=2, keepdims=True)
        rows_cols = [(w[0][window[0]], w[1][window[1]]) for w in (weights[part.tile.tile].own, weights[part.tile.tile].spare)]
        own, spare = (np.multiply.outer(rows, cols) for rows, cols in rows_cols)
        piece = Piece((..., *place), increment, valid, own, spare)
        increments.append(piece)
        sds.append(Piece((..., *place), sd, np.isfinite(sd) & valid[:, :, 0], own, spare))
        if unblended:
            rows, cols = core_weights(part.tile)
            core = np.multiply.outer(rows[window[0]], cols[window[1]])
            medians.append(Piece((..., *place), increment[:, :, median], valid[:, :, 0], core, spare))
    blended = xr.Dataset(
        {
            "increment": (
                ("origin", "horizon", "quantile", "y", "x"),
                merge(increments, (*outer, first.sizes["quantile"], *pixels), (*outer, 1, *pixels)),
            ),
            "sd": (("origin", "horizon", "y", "x"), merge(sds, (*outer, *pixels))),
        }
    )
    return blended, merge(medians, (*outer, *pixels)) if unblended else None


def _overlap(part: Part, block: Block) -> tuple[Block, Block] | None:
    """What a tile and a block share: in the tile's window, and in the block."""
    sides = []
    for window, side in zip(part.tile.window, block, strict=True):
        low, high = max(window.start, side.start), min(window.stop, side.stop)
        if low >= high:
            return None
        sides.append((slice(low - window.start, high - window.start), slice(low - side.start, high - side.start)))
    (rows, block_rows), (cols, block_cols) = sides
    return (rows, cols), (block_rows, block_cols)


def _read(store: xr.Dataset, name: str, dims: tuple[str, ...], window: Block) -> NDArray[np.float32]:
    values: NDArray[np.float32] = store[name].isel(y=window[0], x=window[1]).transpose(*dims, "y", "x").values
    return values
