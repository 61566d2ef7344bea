"""A ready displacement series on a grid: what every format's reader opens, and the one thing that is read from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module

import numpy as np
import numpy.typing as npt

from insarcast.core import InsarcastError, Manifest

from ..alignment.grid import Grid

Array = npt.NDArray[np.float32]
Block = tuple[slice, slice]
Layer = Callable[[Block], Array]

# Source -> "module:function"; the function takes the manifest and opens a GridSeries.
FORMATS = {
    "licsbas": "insarcast.stack.ready.licsbas:open_licsbas",
    "mintpy": "insarcast.stack.ready.mintpy:open_mintpy",
    "opera": "insarcast.stack.ready.opera:open_opera",
    "rasters": "insarcast.stack.ready.rasters:open_rasters",
}

# Layers (y, x) that a reader may give, by the cube's names: noise indices as other software left them, heights in m, and the product's
# own mask (1 = use, 0 or NaN = not) and water (1 = water).
INDICES = (
    "coherence", "temporal_coherence", "resid_rms", "loop_phase_mean", "n_unw", "n_loop", "n_loop_err", "n_pair_no_loop",
)  # fmt: skip
LAYERS = (*INDICES, "height", "mask", "water")


@dataclass(frozen=True)
class GridSeries:
    """A displacement series on a grid, opened lazily: no pixel is read before a block is asked for.

    A block may be any window of the grid, also one as wide as the grid and a few rows high. A reader converts units and sign; it does
    not subtract the first date, move the reference, mask, or cut the grid: that is done once, for all formats.

    Attributes:
        product: what the report calls it: software or service, its version, and the file, ``MintPy 1.6.1 timeseries_ERA5_ramp.h5``.
        dates: ``yyyymmdd``, ascending: those of the manifest, which may be fewer than the product has.
        grid: north-up lattice of all blocks.
        displacement: block -> (time, y, x) mm along the line of sight, positive towards the satellite, NaN = not measured. The product's own
            zero in time and space.
        los: block -> (enu, y, x) unit vector ground -> satellite, or one vector for all pixels.
        stated: how units and sign are known, as a sentence: ``The file gives metres (UNIT: m); MintPy's sign is towards the satellite.``
        sigma: block -> (time, y, x) mm, standard deviation of displacement, or None where the product has none.
        filled: block -> (time, y, x) True where no interferogram supports the step from the date before, or None where it does not say.
        layers: name of :data:`LAYERS` -> block -> (y, x) float32, NaN = not known.
        baselines: (n_dates,) perpendicular baseline of each date in m relative to any one of them, or None.
        wavelength: m, or None.
        reference: (longitude, latitude) where the product says its displacement is zero, or None.
        chunk: rows and columns that the files store together, so that they are read together, or None.
        done: what the product says was taken off or filtered, each a few words: ``ERA5 delays``, ``a linear ramp``.
    """

    product: str
    dates: list[str]
    grid: Grid
    displacement: Layer
    los: Layer | tuple[float, float, float]
    stated: str
    sigma: Layer | None = None
    filled: Callable[[Block], npt.NDArray[np.bool_]] | None = None
    layers: dict[str, Layer] = field(default_factory=dict)
    baselines: list[float] | None = None
    wavelength: float | None = None
    reference: tuple[float, float] | None = None
    chunk: tuple[int, int] | None = None
    done: tuple[str, ...] = ()

    def line_of_sight(self, block: Block) -> Array:
        """(enu, y, x) unit vector ground -> satellite of a block."""
        if callable(self.los):
            return self.los(block)
        shape = (3, block[0].stop - block[0].start, block[1].stop - block[1].start)
        return np.broadcast_to(np.asarray(self.los, np.float32)[:, None, None], shape).copy()


def format_module(source: str) -> str:
    """Module of a format's reader, for the code hash; nothing is imported.

    Raises:
        InsarcastError: there is no such format.
    """
    if source not in FORMATS:
        raise InsarcastError(f"Source '{source}' is no displacement series on a grid; known are {', '.join(FORMATS)}.")
    return FORMATS[source].split(":")[0]


def open_grid_series(found: Manifest) -> GridSeries:
    """Open the series of a manifest by the reader of its source.

    Raises:
        InsarcastError: the reader's sentence, or dates that are not the manifest's.
    """
    module = import_module(format_module(found.source))
    series: GridSeries = getattr(module, FORMATS[found.source].split(":")[1])(found)
    if series.dates != found.dates:
        raise InsarcastError(
            f"{series.product} has changed since it was found: its dates are others; run again, then it is found anew."
        )
    return series
