"""The cube's errors against the truth of a simulated scene, by kind of ground and completeness of the measurements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..grid.table import ALL
from .ground import AGAINST, NO_TRUTH

Array = NDArray[np.float64]

QUANTITIES = ("displacement", "velocity")
PIXELS = ("used", "masked")
COMPLETENESS = ("complete", "partly_missing", "bridged")
_YEAR = 365.25
_SUMS = ("n", "values", "absolute", "square", "error")


class CubeErrors:
    """Sums over pixels, filled block by block."""

    def __init__(self, kinds: dict[int, str], most: int) -> None:
        """``kinds``: value -> name; ``most``: interferograms of a pixel that misses none."""
        self.kinds, self.most = kinds, most
        shape = (len(QUANTITIES), len(AGAINST), len(PIXELS), len(kinds), len(COMPLETENESS))
        self.sums = {name: np.zeros(shape) for name in _SUMS}

    def add(self, part: xr.Dataset, truth: Array, kind: NDArray[np.uint8]) -> dict[str, Array]:
        """Add one block, and return its maps.

        Args:
            part: the block of the cube, in memory.
            truth: (against, time, y, x) mm, in the cube's reference.
            kind: (y, x).

        Returns:
            (y, x): ``rms_deformation`` and ``rms_visible`` over the dates after the first, mm; ``velocity`` of the deformation and
            ``velocity_error``, the cube's minus it, mm/yr.
        """
        error = part.displacement.values[1:].astype("float64") - truth[:, 1:]
        rate = slope(truth, part.time.values)
        drift = (part.velocity.values - rate)[:, None]
        known = np.isfinite(error).all(axis=(0, 1)) & (kind != NO_TRUTH)
        filled = part.filled.values.any(axis=0) if "filled" in part else np.zeros(known.shape, bool)
        missing = part.n_unw.values < self.most
        place = np.searchsorted(list(self.kinds), kind[known])
        completeness = np.where(filled, 2, np.where(missing, 1, 0))[known]
        cell = np.ravel_multi_index(((~part.mask.values[known]).astype(int), place, completeness), self.sums["n"].shape[2:])
        for quantity, values in enumerate((error, drift)):
            for against in range(len(AGAINST)):
                self._add(quantity, against, cell, values[against][:, known])
        rms = np.sqrt((error**2).mean(axis=1)) if error.shape[1] else np.full(rate.shape, np.nan)
        return {"rms_deformation": rms[0], "rms_visible": rms[1], "velocity": rate[0], "velocity_error": drift[0, 0]}

    def _add(self, quantity: int, against: int, cell: NDArray[np.int64], values: Array) -> None:
        shape = self.sums["n"].shape[2:]
        added = {
            "n": np.ones(values.shape[1]),
            "values": np.full(values.shape[1], values.shape[0]),
            "absolute": np.abs(values).sum(axis=0),
            "square": (values**2).sum(axis=0),
            "error": values.sum(axis=0),
        }
        for name, each in added.items():
            self.sums[name][quantity, against] += np.bincount(cell, each, math.prod(shape)).reshape(shape)

    def rows(self) -> list[dict[str, Any]]:
        """Rows of the table: by quantity, what it is held against, used or masked pixels, kind and completeness, and over all of these."""
        found = []
        for quantity, unit in enumerate(QUANTITIES):
            for against, name in enumerate(AGAINST):
                for pixels, which in enumerate(PIXELS):
                    for kind, place in _or_all(list(self.kinds.values())):
                        for completeness, level in _or_all(COMPLETENESS):
                            total = {key: float(s[quantity, against, pixels, place, level].sum()) for key, s in self.sums.items()}
                            if total["values"]:
                                keys = {"quantity": unit, "against": name, "pixels": which, "kind": kind}
                                found.append({"part": "cube", **keys, "completeness": completeness, **_means(total)})
        return found


def slope(series: Array, time: NDArray[np.datetime64]) -> Array:
    """(..., y, x) mm/yr, least squares as the cube's velocity is; NaN with one date.

    Args:
        series: (..., time, y, x) mm.
        time: (time,) dates.
    """
    years = (time - time[0]) / np.timedelta64(1, "D") / _YEAR
    centred = years - years.mean()
    power = centred @ centred
    return np.asarray(np.einsum("t,...tyx->...yx", centred, series) / power if power else series[..., 0, :, :] * np.nan)


def _means(total: dict[str, float]) -> dict[str, float]:
    count = total["values"]
    return {
        "n": int(total["n"]),
        "mae": total["absolute"] / count,
        "rmse": math.sqrt(total["square"] / count),
        "bias": total["error"] / count,
    }


def _or_all(names: Sequence[str]) -> list[tuple[str, slice]]:
    return [(ALL, slice(None)), *((name, slice(index, index + 1)) for index, name in enumerate(names))]
