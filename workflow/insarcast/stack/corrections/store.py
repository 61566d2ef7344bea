"""The corrections of a vintage: coefficients and delay maps by date, applied to any block of its displacement."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import InsarcastError, open_store

Block = tuple[slice, slice]
Float = npt.NDArray[np.float64]
RAMPS = {
    "plane": ((0, 0), (0, 1), (1, 0)),
    "bilinear": ((0, 0), (0, 1), (1, 0), (1, 1)),
    "quadratic": ((0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (2, 0)),
}  # powers of y and x


class Corrections:
    """What :func:`estimate_corrections` left, or nothing.

    Args:
        data: the store, with any of ``delay`` (time, y, x) mm; ``height`` (y, x) m and ``height_coefficient`` (time, height_power)
            mm/km^power; ``ramp_coefficient`` (time, ramp_term) mm; and ``offset`` (time) mm. None: nothing is corrected.
    """

    def __init__(self, data: xr.Dataset | None) -> None:
        self._data = data

    @classmethod
    def open(cls, paths: Path | Sequence[Path]) -> Corrections:
        """Open a store; an empty list is nothing to correct, as where a study switches no correction on."""
        given = [paths] if isinstance(paths, Path) else list(paths)
        return cls(open_store(given[0])) if given else cls(None)

    @property
    def attributes(self) -> dict[str, Any]:
        """Attributes of the cube that the corrections change: ``corrections``, and ``reference_*`` where the reference is moved."""
        return (
            {}
            if self._data is None
            else {k: v for k, v in self._data.attrs.items() if k.startswith(("corrections", "reference"))}
        )

    def check_dates(self, time: npt.NDArray[np.datetime64]) -> None:
        """Refuse corrections of other dates than the series'.

        Raises:
            InsarcastError: the dates differ.
        """
        if self._data is not None and not np.array_equal(self._data.time.values, time):
            raise InsarcastError("The corrections are of other dates than the inversion; delete corrections.zarr and run again.")

    def apply(self, displacement: npt.NDArray[Any], block: Block) -> npt.NDArray[Any]:
        """Take the corrections off a block of displacement.

        Args:
            displacement: (n_dates, y, x) mm, positive towards the satellite, NaN where not inverted.
            block: rows and columns of the block in the whole scene.

        Returns:
            The corrected displacement, of the same shape and type; NaN stays NaN, and a pixel that a delay map does not cover
            becomes NaN.
        """
        if self._data is None:
            return displacement
        corrected: npt.NDArray[Any] = (displacement.astype(np.float64) - self.total(block)).astype(displacement.dtype)
        return corrected

    def total(self, block: Block) -> Float:
        """(n_dates, y, x) mm that :meth:`apply` takes off a block."""
        if self._data is None:
            return np.zeros((1, 1, 1))
        data, here = self._data, self._data.isel(y=block[0], x=block[1])
        shape = (data.sizes["time"], here.sizes["y"], here.sizes["x"])
        total = np.broadcast_to(data.offset.values.astype(np.float64)[:, None, None], shape).copy()
        if "delay" in data:
            total += here.delay.values
        if "height_coefficient" in data:
            height = here.height.values.astype(np.float64)
            # Where the height is not known there is no delay that it could tell.
            powers = np.stack([np.nan_to_num((height / 1000) ** power) for power in data.height_power.values])
            total += np.tensordot(data.height_coefficient.values, powers, 1)
        if "ramp_coefficient" in data:
            y, x = place(block[0], data.sizes["y"]), place(block[1], data.sizes["x"])
            terms = ramp_terms(data.attrs["ramp"], y[:, None], x[None, :])
            total += np.tensordot(data.ramp_coefficient.values, terms, 1)
        return total


def place(part: slice, count: int) -> Float:
    """Where rows or columns lie in the scene, from -1 at its first to 1 at its last."""
    return np.asarray(2 * np.arange(part.start, part.stop) / max(count - 1, 1) - 1, np.float64)


def ramp_terms(surface: str, y: Float, x: Float) -> Float:
    """(n_terms, ...) terms of a ramp, the constant first.

    Args:
        surface: ``plane``, ``bilinear`` or ``quadratic``.
        y: rows, -1 to 1.
        x: columns, -1 to 1.
    """
    return np.stack([y**a * x**b for a, b in RAMPS[surface]])
