"""How the benchmarks call our inversion: the one place where "the default configuration" is spelled out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from insarcast import stack

if TYPE_CHECKING:
    from mexico import Crop
    from troposphere import Scene

Data = npt.NDArray[np.floating]


class Network(Protocol):
    """What an inversion needs to know beside the data."""

    @property
    def pairs(self) -> npt.NDArray[np.int64]: ...
    @property
    def days(self) -> npt.NDArray[np.float64]: ...
    @property
    def coherence(self) -> Data: ...


def default(data_mm: Data, network: Network) -> Data:
    """(n_dates, n_pixels) mm by ``stack.invert`` as it is when nothing is asked for, coherence given."""
    return stack.invert(data_mm, network.pairs, network.days, coherence=network.coherence).displacement


def robust(data_mm: Data, network: Network) -> Data:
    """(n_dates, n_pixels) mm by least absolute residuals, without weights, as dolphin's."""
    return stack.invert(data_mm, network.pairs, network.days, weights="none", norm="l1").displacement


def corrected(phase: Data, crop: Crop) -> tuple[Data, npt.NDArray[np.bool_]]:
    """Series in mm after the correction of unwrapping errors, and which samples were changed or removed, ``(n_pairs, n_pixels)``."""
    found = stack.invert(
        crop.mm_per_rad * phase,
        crop.pairs,
        crop.days,
        coherence=crop.coherence,
        correct_unwrapping=True,
        shape=crop.shape,
        wavelength=-4 * np.pi * crop.mm_per_rad / 1000,
    )
    changed = np.zeros(phase.shape, np.bool_)
    if found.cycles is not None:
        changed[found.cycles.pair, found.cycles.pixel] = True
    return found.displacement, changed


def filtered(series: Data, scene: Scene) -> Data:
    """The series after the spatio-temporal filter, ``(n_dates, n_pixels)`` mm."""
    row, column = divmod(scene.reference, scene.shape[1])
    window = (slice(row, row + 1), slice(column, column + 1))
    cube = series.reshape(-1, *scene.shape)
    return stack.filter_series(cube, scene.days, scene.pixel_m, reference=window).reshape(series.shape)
