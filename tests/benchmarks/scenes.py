"""Products of scenes of any size, written row by row: a bowl, noise of every date and a patch without data in every interferogram."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from affine import Affine
from rasterio.windows import Window

from insarcast.core import Manifest, Pair, file_sha256
from tests.products import WAVELENGTH, days

_BAND = 256
_TO_PHASE = -4 * np.pi / WAVELENGTH / 1000  # rad per mm towards the satellite


def network(n_dates: int, lags: Sequence[int]) -> list[tuple[int, int]]:
    """Every date with the dates that many steps later."""
    return [(i, i + lag) for i in range(n_dates) for lag in lags if i + lag < n_dates]


def write_scene(
    folder: Path, ny: int, nx: int, n_dates: int, pairs: list[tuple[int, int]], rows: slice | None = None, *, hashed: bool = True
) -> Path:
    """Write one GeoTIFF of phase and one of coherence per pair, and their manifest; memory is that of one band of rows.

    Args:
        folder: where to.
        ny: rows of the scene.
        nx: columns.
        n_dates: dates.
        pairs: numbers of the two dates of each pair.
        rows: only these rows of the scene are written, as a scene of their own.
        hashed: whether the manifest tells the files' checksums.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = rows or slice(0, ny)
    height = rows.stop - rows.start
    profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "width": nx, "height": height, "crs": "EPSG:4326"}
    profile["transform"] = Affine(0.001, 0, 115, 0, -0.001, 39 - 0.001 * rows.start)
    dates = days(n_dates)
    found = [
        Pair(
            dates[i], dates[j], str(folder / f"{dates[i]}_{dates[j]}.unw.tif"), str(folder / f"{dates[i]}_{dates[j]}.cc.tif"), 0.0
        )
        for i, j in pairs
    ]
    for path in (path for pair in found for path in (pair.unwrapped, pair.coherence)):
        with rasterio.open(path, "w", **profile, nodata=0):
            pass
    for top in range(rows.start, rows.stop, _BAND):
        band = slice(top, min(top + _BAND, rows.stop))
        series = _displacement(band, ny, nx, n_dates)
        for number, (pair, (i, j)) in enumerate(zip(found, pairs, strict=True)):
            phase, coherence = _pair(series, band, nx, i, j, number)
            window = Window(0, top - rows.start, nx, phase.shape[0])
            for path, values in ((pair.unwrapped, phase), (str(pair.coherence), coherence)):
                with rasterio.open(path, "r+") as file:
                    file.write(values, 1, window=window)
    conventions = {"sign": "away", "wavelength": WAVELENGTH, "nodata": 0.0, "los": [-0.62, -0.14, 0.77]}
    manifest = Manifest("geotiff", dates, found, conventions=conventions, credits=["simulated"])
    if hashed:
        files = [path for pair in found for path in (pair.unwrapped, str(pair.coherence))]
        manifest.sha256.update({path: file_sha256(Path(path)) for path in files})
    manifest.write(folder / "manifest.json")
    return folder / "manifest.json"


def _displacement(band: slice, ny: int, nx: int, n_dates: int) -> npt.NDArray[np.float32]:
    """(n_dates, y, x) mm of a band of rows: two thirds of the scene's width subside, up to 80 mm/yr."""
    rng = np.random.default_rng(band.start)
    x = np.clip(np.linspace(-0.5, 1, nx), 0, 1)
    y = np.exp(-((np.arange(band.start, band.stop) / ny - 0.5) ** 2) / 0.1)
    shape = (y[:, None] * x).astype(np.float32)
    series = rng.standard_normal((n_dates, *shape.shape), np.float32) * 2
    for number in range(n_dates):
        series[number] -= np.float32(80 * 12 / 365.25 * number) * shape
    return series


def _pair(
    series: npt.NDArray[np.float32], band: slice, nx: int, i: int, j: int, number: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Phase in rad with an arbitrary constant, 0 in a patch, and coherence."""
    phase = np.float32(_TO_PHASE) * (series[j] - series[i]) + np.float32(0.5 + 0.1 * (number % 7))
    rows, cols = np.arange(band.start, band.stop)[:, None], np.arange(nx)
    phase[((rows - 37 * number) % 400 < 30) & ((cols - 53 * number) % 500 < 60)] = 0
    coherence = np.full(phase.shape, 0.8, np.float32) - np.float32(0.05) * (j - i) / len(series)
    coherence += ((rows * 7 + cols * 13) % 16).astype(np.float32) / 256
    return phase, coherence
