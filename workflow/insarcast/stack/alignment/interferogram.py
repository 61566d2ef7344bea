"""One product on the common grid: its phase, coherence and connected components, on its own lattice or another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .grid import Block, Layer
from .warp import JUMP, Warp

Array = npt.NDArray[np.float32]

NEAR_ZERO = 1.0  # rad; neighbours of an interferogram's own reference pixel are this near to it
# rad; 440 m along the line of sight in C band. Some LiCSAR pairs hold patches of numbers that are no phase (LiCSBAS #155).
MOST_PHASE = 1e5
_PIXELS = 2**19  # read at a time, whole rows
PEAK = 0.9  # share of the file's largest coherence that it has at least


@dataclass(frozen=True)
class Interferogram:
    """The files of a product.

    Attributes:
        phase: unwrapped phase.
        coherence: coherence, or None.
        components: connected components of the unwrapping, of which 0 is none, or None.
        warp: from the lattice of the files to the common grid; None where they lie on it.
    """

    phase: Layer
    coherence: Layer | None = None
    components: Layer | None = None
    warp: Warp | None = None

    @property
    def layers(self) -> Iterator[tuple[str, Layer]]:
        """Name and layer of the files that there are."""
        for name in ("phase", "coherence", "components"):
            if (layer := getattr(self, name)) is not None:
                yield name, layer

    def moved(self, top: int, left: int) -> Interferogram:
        """The same in a grid that begins ``top`` rows and ``left`` columns later."""
        if self.warp:
            return replace(self, warp=self.warp.moved(top, left))
        return self.of({name: layer.moved(top, left) for name, layer in self.layers})

    def of(self, layers: Mapping[str, Layer]) -> Interferogram:
        """The same with other layers."""
        return replace(self, phase=layers["phase"], coherence=layers.get("coherence"), components=layers.get("components"))

    def home(self, block: Block) -> Block:
        """Rows and columns on the files' lattice of a block of the common grid."""
        return self.warp.footprint(block) if self.warp else block

    def read(self, block: Block, conventions: dict[str, Any]) -> tuple[Array, Array | None]:
        """Phase and coherence of a block.

        Args:
            block: rows and columns of the common grid.
            conventions: ``sign``, ``nodata`` and ``reference_zero`` of the manifest.

        Returns:
            (y, x) phase in rad, positive away from the satellite, and (y, x) coherence 0 to 1; NaN where there is none.
        """
        home = self.home(block)
        coherence = None if self.coherence is None else np.clip(self.coherence.read(home, None), 0, 1)
        phase = self._phase(home, coherence, conventions)
        phase[np.abs(phase) > MOST_PHASE] = np.nan
        if self.components is not None:
            phase[~(self.components.read(home, None) > 0)] = np.nan
        if conventions["sign"] != "away":
            phase = -phase
        if self.warp:
            phase = self.warp.resample(phase, block, JUMP)
            coherence = None if coherence is None else self.warp.resample(coherence, block)
        return phase, coherence

    def may_hold_its_zero(self, home: Block, conventions: dict[str, Any]) -> bool:
        """Whether a pixel of a part of the files may be the product's own reference, by the largest coherence of that part."""
        nodata = conventions.get("nodata")
        if self.coherence is None or not conventions.get("reference_zero") or nodata != 0:
            return False
        rows = max(1, _PIXELS // (home[1].stop - home[1].start))
        for start in range(home[0].start, home[0].stop, rows):
            block = (slice(start, min(start + rows, home[0].stop)), home[1])
            values = self.phase.read(grown(block), nodata, keep_zero=True)
            # Zeros among zeros are masked; most masks hold no single one, and then coherence is not read again.
            if (without_gaps(values, np.ones_like(values[1:-1, 1:-1]), 0) == 0).any():
                coherence = np.clip(self.coherence.read(block, None), 0, 1)
                if (without_gaps(values, coherence, PEAK * self.coherence.top) == 0).any():
                    return True
        return False

    def _phase(self, home: Block, coherence: Array | None, conventions: dict[str, Any]) -> Array:
        """(y, x) phase on the files' lattice, with the file's own sign."""
        nodata = conventions.get("nodata")
        if coherence is None or self.coherence is None or not conventions.get("reference_zero") or nodata != 0:
            return self.phase.read(home, nodata)
        return without_gaps(self.phase.read(grown(home), nodata, keep_zero=True), coherence, PEAK * self.coherence.top)


def grown(block: Block) -> Block:
    """A block with one more pixel on every side."""
    return slice(block[0].start - 1, block[0].stop + 1), slice(block[1].start - 1, block[1].stop + 1)


def without_gaps(values: Array, coherence: Array, least: float) -> Array:
    """Phase with NaN for 0, except where 0 was measured: at the pixel an interferogram is referenced to.

    HyP3's GAMMA products have subtracted from an interferogram its phase at its most coherent pixel, and hold 0 for what is masked as
    well. The reference pixel is told by three marks: its coherence is near the largest of the file, at least three of its four
    neighbours are measured, and their phase is near its own. A masked pixel is incoherent, lies in an area of 0, or has neighbours of
    any phase; one that passes all the same is wrong by about :data:`NEAR_ZERO` at most.

    Args:
        values: (y + 2, x + 2) phase in rad, the block with one more pixel on every side; NaN where nothing was measured.
        coherence: (y, x) coherence of the block.
        least: coherence that the reference pixel has at least.

    Returns:
        (y, x) phase.
    """
    inner = values[1:-1, 1:-1]
    out: Array = np.where(inner == 0, np.float32(np.nan), inner)
    around = np.stack([values[:-2, 1:-1], values[2:, 1:-1], values[1:-1, :-2], values[1:-1, 2:]])
    single = (inner == 0) & (coherence > 0) & (coherence >= least) & ((np.isfinite(around) & (around != 0)).sum(0) >= 3)
    for row, col in np.argwhere(single):
        beside = around[:, row, col]
        if abs(np.median(beside[np.isfinite(beside) & (beside != 0)])) <= NEAR_ZERO:
            out[row, col] = 0
    return out
