"""How visible the seams are: jumps between neighbouring pixels across them, against jumps beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .layout import Block, Seam, core, window

# Lines of pixels on either side that a seam is compared with: enough for a median, near enough for the same terrain.
STRIP = 4
# Jumps kept of one map, over all seams (4 MB); with more, every n-th pixel along a seam is taken. A tenth of them lie on seams:
# enough for a median to half a per cent.
VALUES = 1_000_000
# A seam of fewer pairs of pixels is called the worst only if all are: the median of a few says little.
FEW = 50
MAPS = ("blended", "none")
# Standard error of the median of n absolute values of a Gaussian, relative to it, times sqrt(n): 1 / (2 f(m) m), where m = 0.6745 is
# that median and f = 2 phi the density there.
MEDIAN_ERROR = 1.166


def lines_beside(seam: Seam) -> list[int]:
    """Lines whose jump to the next line is compared with the seam's.

    They are the nearest on either side that only one of the two tiles sees, so that no blending across this seam reaches them,
    at most :data:`STRIP` a side, and within the two cores. Where the overlap leaves none, the middle of each core stands in.

    Returns:
        rows (axis 0) or columns (axis 1), the first of each pair.
    """
    (first, _), (_, last) = core(seam.before, seam.axis), core(seam.after, seam.axis)
    shared_first, shared_last = seam.shared
    upper = range(max(shared_first - 1 - STRIP, first), shared_first - 1)
    lower = range(shared_last, min(shared_last + STRIP, last - 1))
    if lines := [*upper, *lower]:
        return lines
    middles = [sum(core(tile, seam.axis)) // 2 - 1 for tile in (seam.before, seam.after)]
    return [line for line in middles if line != seam.line - 1 and first <= line < last - 1]


class SeamMeter:
    """Collects jumps block by block; every pair of pixels belongs to the block of its first pixel.

    A jump is the absolute difference, in mm, between the forecast increments of two neighbouring pixels, one step over the seam
    or in the same direction beside it (:func:`lines_beside`), for each origin and horizon. The measure is the median jump over
    the seam by the median jump beside it, along the same stretch: both see the same terrain and noise. 1: the seam cannot be
    seen; below 1: the mean of two tiles is smoother than either; the same for the map in which each pixel comes from the tile
    whose core holds it (``none``).

    Not measured are stretches beside a tile without a forecast (what neighbours lend is not cut at its core), and where a
    neighbouring pixel has no forecast.
    """

    def __init__(self, seams: Sequence[Seam], layers: int, values: int = VALUES) -> None:
        """Choose what to measure.

        Args:
            seams: seams between tiles that both have a forecast.
            layers: origins times horizons.
            values: most jumps to keep of a map.
        """
        self.seams = list(seams)
        self.lines = [lines_beside(seam) for seam in self.seams]
        total = sum((seam.stop - seam.start) * (1 + len(lines)) for seam, lines in zip(self.seams, self.lines, strict=True))
        self.stride = max(1, math.ceil(total * layers / values))
        self._jumps: dict[tuple[int, bool], list[NDArray[np.float32]]] = {}

    def region(self, block: Block) -> Block | None:
        """What of the maps a block's pairs need: the block, with one row or column more where a pair ends there; None: no pairs."""
        pairs = self._within(block)
        beyond = [
            any(self.seams[number].axis == axis and line == side.stop - 1 for number, line, _, _ in pairs)
            for axis, side in enumerate(block)
        ]
        rows, cols = (slice(side.start, side.stop + more) for side, more in zip(block, beyond, strict=True))
        return (rows, cols) if pairs else None

    def _within(self, block: Block) -> list[tuple[int, int, bool, NDArray[np.intp]]]:
        """Seam, line, whether it is the seam itself, and places along it, of the pairs that begin in a block."""
        found = []
        for number, (seam, lines) in enumerate(zip(self.seams, self.lines, strict=True)):
            across, along = block[seam.axis], block[1 - seam.axis]
            low, high = max(seam.start, along.start), min(seam.stop, along.stop)
            places = np.arange(-(-low // self.stride) * self.stride, high, self.stride)
            if not places.size:
                continue
            for line, own in [(seam.line - 1, True), *((line, False) for line in lines)]:
                if across.start <= line < across.stop:
                    found.append((number, line, own, places))
        return found

    def add(self, block: Block, maps: Sequence[NDArray[np.float32]]) -> None:
        """Take the jumps of one block.

        Args:
            block: rows and columns.
            maps: blended and unblended median increments ``(origin, horizon, y, x)`` of the block's :meth:`region`.
        """
        for number, line, own, places in self._within(block):
            axis = self.seams[number].axis
            at, along = line - block[axis].start, places - block[1 - axis].start
            pairs = [
                (layer[..., at, along], layer[..., at + 1, along])
                if axis == 0
                else (layer[..., along, at], layer[..., along, at + 1])
                for layer in maps
            ]
            self._jumps.setdefault((number, own), []).append(np.stack([np.abs(b - a) for a, b in pairs]))

    def result(self, horizons: Sequence[int]) -> dict[str, Any] | None:
        """Everything pooled, by horizon, and the worst seam; None where there was nothing to measure."""
        measured = {}
        for number in range(len(self.seams)):
            if (number, True) in self._jumps and (number, False) in self._jumps:
                over, beside = (np.concatenate(self._jumps[number, own], axis=-1) for own in (True, False))
                if np.isfinite(over).any() and np.isfinite(beside).any():
                    measured[number] = over, beside
        if not measured:
            return None
        over, beside = (np.concatenate([each[which] for each in measured.values()], axis=-1) for which in (0, 1))
        by_horizon = [
            {"horizon": int(horizon), **_compare(over[:, :, [at]], beside[:, :, [at]])} for at, horizon in enumerate(horizons)
        ]
        return {
            **_compare(over, beside),
            "seams": len(measured),
            "stride": self.stride,
            "horizons": by_horizon,
            "worst": self._worst(measured),
        }

    def _worst(self, measured: dict[int, tuple[NDArray[np.float32], NDArray[np.float32]]]) -> dict[str, Any] | None:
        """The seam with the greatest ratio in the blended map, among those with enough pairs of pixels."""
        each = {number: _compare(*jumps) for number, jumps in measured.items()}
        each = {number: found for number, found in each.items() if found["blended"] is not None}
        enough = {number: found for number, found in each.items() if found["pairs"] >= FEW} or each
        if not enough:
            return None
        number = max(enough, key=lambda key: (enough[key]["blended"], -key))
        seam, middle = self.seams[number], (self.seams[number].start + self.seams[number].stop) // 2
        row, col = (seam.line, middle) if seam.axis == 0 else (middle, seam.line)
        return {
            "tiles": [seam.before.tile, seam.after.tile],
            "direction": "between rows" if seam.axis == 0 else "between columns",
            "row": row,
            "col": col,
            "rows_of_windows": [list(window(tile, 0)) for tile in (seam.before, seam.after)],
            "cols_of_windows": [list(window(tile, 1)) for tile in (seam.before, seam.after)],
            "ratio": enough[number]["blended"],
            **{key: enough[number][key] for key in ("error", "none", "seam_mm", "interior_mm", "pairs")},
        }


def _compare(over: NDArray[np.float32], beside: NDArray[np.float32]) -> dict[str, Any]:
    """Medians of jumps ``(map, origin, horizon, pair)`` and their ratios.

    Returns:
        ``blended`` and ``none``: ratios, None where neighbouring pixels never differ; ``error``: standard error of ``blended`` if
        jumps are Gaussian and pairs independent, origins and horizons counting as one; ``seam_mm`` and ``interior_mm`` of the
        blended map, ``none_seam_mm`` and ``none_interior_mm``; ``pairs`` and ``interior_pairs``: pairs of pixels with a jump in
        any origin and horizon.
    """
    seam, interior = ([_median(layer) for layer in jumps] for jumps in (over, beside))
    ratios = {name: s / i if i and s is not None else None for name, s, i in zip(MAPS, seam, interior, strict=True)}
    pairs = [int(np.isfinite(jumps[0]).any(axis=(0, 1)).sum()) for jumps in (over, beside)]
    relative = MEDIAN_ERROR * math.sqrt(1 / pairs[0] + 1 / pairs[1]) if all(pairs) else math.nan
    return {
        **ratios,
        "error": None if (ratio := ratios["blended"]) is None else ratio * relative,
        "seam_mm": seam[0],
        "interior_mm": interior[0],
        "none_seam_mm": seam[1],
        "none_interior_mm": interior[1],
        "pairs": pairs[0],
        "interior_pairs": pairs[1],
    }


def _median(values: NDArray[np.float32]) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else None
