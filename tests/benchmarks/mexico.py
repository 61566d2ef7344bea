"""The real stack of the benchmarks: 30 interferograms over Mexico City (GAMMA, 60 x 100 pixels of 150 m, 13 dates), from INSARCAST_DATA."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio

SENTINEL = -0.0554658 * 1000 / (4 * np.pi)  # mm per rad in the answers of peers.solve
REFERENCE = (9, 8)  # row and column: the series are relative to the 3 x 3 mean there


@dataclass(frozen=True)
class Crop:
    """The stack, the pixels in rows.

    Attributes:
        phase: (n_pairs, n_pixels) rad, positive away from the satellite, referenced; NaN = missing.
        coherence: (n_pairs, n_pixels) 0 to 1.
        pairs: (n_pairs, 2) numbers of the dates.
        days: (n_dates,) days since the first date.
        shape: rows and columns.
        mm_per_rad: displacement in mm, positive towards the satellite, of one rad.
    """

    phase: npt.NDArray[np.float64]
    coherence: npt.NDArray[np.float32]
    pairs: npt.NDArray[np.int64]
    days: npt.NDArray[np.float64]
    shape: tuple[int, int]
    mm_per_rad: float

    @property
    def data_mm(self) -> npt.NDArray[np.float64]:
        return self.mm_per_rad * self.phase

    @property
    def wavelength(self) -> float:
        """Radar wavelength in m."""
        return -4 * np.pi / 1000 * self.mm_per_rad

    @property
    def testable(self) -> list[int]:
        """Pairs without which every date still has an interferogram."""
        n = len(self.pairs)
        return [k for k in range(n) if len(np.unique(np.delete(self.pairs, k, 0))) == len(self.days)]

    def without(self, k: int) -> Crop:
        """The stack without one pair."""
        keep = np.arange(len(self.pairs)) != k
        return Crop(self.phase[keep], self.coherence[keep], self.pairs[keep], self.days, self.shape, self.mm_per_rad)

    def pixels(self, some: npt.NDArray[np.bool_]) -> Crop:
        """The stack of some pixels."""
        return Crop(self.phase[:, some], self.coherence[:, some], self.pairs, self.days, self.shape, self.mm_per_rad)


def folder() -> Path | None:
    """Where the crop lies, or None."""
    root = os.environ.get("INSARCAST_DATA")
    found = Path(root) / "mexico_cropA" if root else None
    return found if found and found.is_dir() else None


def read(path: Path) -> Crop:
    """The referenced stack."""
    names = sorted((path / "unw").glob("*_unw.tif"))
    if not names:
        raise SystemExit(f"{path} holds no unw/*_unw.tif.")
    texts = [re.findall(r"\d{8}", name.name)[:2] for name in names]
    dates = sorted({date for pair in texts for date in pair})
    pairs = np.array([[dates.index(date) for date in pair] for pair in texts])
    times = [datetime.strptime(date, "%Y%m%d") for date in dates]
    days = np.array([(time - times[0]).days for time in times], np.float64)
    layers, coherence = [], []
    for name in names:
        with rasterio.open(name) as file:
            layer = file.read(1).astype(np.float64)
            wavelength = float(file.tags()["WAVELENGTH_METRES"])
        layer[layer == 0] = np.nan
        row, column = REFERENCE
        layers.append(layer - np.nanmean(layer[row - 1 : row + 2, column - 1 : column + 2]))
        with rasterio.open(path / "coh" / name.name.replace("_eqa_unw", "_flat_eqa_cc")) as file:
            coherence.append(file.read(1))
    phase = np.stack(layers)
    rows, columns = phase.shape[1:]
    flat = np.clip(np.nan_to_num(np.stack(coherence)), 0, 1).astype(np.float32).reshape(len(names), -1)
    return Crop(phase.reshape(len(names), -1), flat, pairs, days, (rows, columns), -wavelength * 1000 / (4 * np.pi))
