"""Tiny interferograms with known displacement, for tests of every stage and of the whole workflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
import yaml
from affine import Affine

WAVELENGTH = 0.0554658
INCIDENCE, HEADING = 39.7, -12.27
WEST, NORTH, PIXEL = -99.19, 19.45, 0.00138889

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """What the files were made from.

    Attributes:
        dates: ``yyyymmdd``, ascending.
        pairs: ``(date1, date2)``.
        displacement: mm along the line of sight, positive towards the satellite, 0 at the first date; (date, y, x).
    """

    dates: list[str]
    pairs: list[tuple[str, str]]
    displacement: Array

    @property
    def pixel(self) -> tuple[float, float]:
        """Longitude and latitude of the centre of the fastest pixel."""
        return place(*np.unravel_index(np.argmin(self.displacement[-1]), self.displacement.shape[1:]))


def place(row: Any, col: Any) -> tuple[float, float]:
    """Longitude and latitude of a pixel's centre."""
    return WEST + (float(col) + 0.5) * PIXEL, NORTH - (float(row) + 0.5) * PIXEL


def days(count: int, step: int = 12, first: str = "20200104") -> list[str]:
    """Dates ``yyyymmdd`` at equal steps."""
    start = date.fromisoformat(f"{first[:4]}-{first[4:6]}-{first[6:]}")
    return [(start + timedelta(days=step * i)).strftime("%Y%m%d") for i in range(count)]


def bowl(dates: Sequence[str], ny: int, nx: int, rate: float = -200.0) -> Array:
    """A subsiding bowl, mm: linear in time with a weak annual part; the north-west corner does not move."""
    when = [date.fromisoformat(f"{d[:4]}-{d[4:6]}-{d[6:]}") for d in dates]
    years = np.array([(day - when[0]).days / 365.25 for day in when])
    y, x = np.mgrid[0:ny, 0:nx]
    shape = np.exp(-(((y - 0.65 * ny) / (0.3 * ny)) ** 2 + ((x - 0.65 * nx) / (0.3 * nx)) ** 2))
    shape[: ny // 3, : nx // 3] = 0
    return (rate * years + 3 * np.sin(2 * np.pi * years))[:, None, None] * shape


def write_raster(path: Path, values: npt.NDArray[Any], *, crs: str = "EPSG:4326", nodata: float | None = 0, **tags: str) -> None:
    """Write one band as GeoTIFF on the grid of these tests."""
    path.parent.mkdir(parents=True, exist_ok=True)
    transform = Affine(PIXEL, 0, WEST, 0, -PIXEL, NORTH)
    profile = {"driver": "GTiff", "count": 1, "dtype": values.dtype, "height": values.shape[0], "width": values.shape[1]}
    with rasterio.open(path, "w", **profile, crs=crs, transform=transform, nodata=nodata) as file:
        file.write(values, 1)
        file.update_tags(**tags)


def write_products(
    folder: Path,
    n_dates: int = 8,
    *,
    ny: int = 12,
    nx: int = 16,
    lags: Sequence[int] = (1, 2, 3),
    pairs: Sequence[tuple[int, int]] | None = None,
    noise: float = 0.3,
    seed: int = 0,
) -> Truth:
    """Write ``unw/<d1>_<d2>.tif``, ``coh/<d1>_<d2>.tif``, ``dem.tif`` and ``baselines.csv``.

    Args:
        folder: where to.
        n_dates: acquisitions, 12 days apart.
        ny: rows.
        nx: columns.
        lags: every date is paired with the dates this many steps later.
        pairs: date indices of the pairs instead of ``lags``.
        noise: standard deviation of the noise of each date, mm (so the loops close).
        seed: of the noise.
    """
    rng = np.random.default_rng(seed)
    dates = days(n_dates)
    truth = bowl(dates, ny, nx)
    noisy = truth + rng.normal(0, noise, truth.shape)
    indices = list(pairs) if pairs is not None else [(i, i + lag) for i in range(n_dates) for lag in lags if i + lag < n_dates]
    coherence = np.full((ny, nx), 0.8, np.float32)
    coherence[: ny // 3, : nx // 3] = 0.95
    tags = {"WAVELENGTH_METRES": str(WAVELENGTH), "INCIDENCE_DEGREES": str(INCIDENCE), "HEADING_DEGREES": str(HEADING)}
    rows = ["date1,date2,bperp_m"]
    for number, (i, j) in enumerate(indices):
        offset = 0.5 + 0.1 * (number % 7)  # every interferogram has its own constant
        phase = (-4 * np.pi / WAVELENGTH * (noisy[j] - noisy[i]) / 1000 + offset).astype(np.float32)
        phase[-1, 0] = 0  # never measured
        write_raster(folder / f"unw/{dates[i]}_{dates[j]}.tif", phase, **tags)
        write_raster(folder / f"coh/{dates[i]}_{dates[j]}.tif", coherence, **tags)
        rows.append(f"{dates[i]},{dates[j]},{10.0 * (j - i)}")
    write_raster(folder / "dem.tif", np.full((ny, nx), 2240, np.float32))
    (folder / "baselines.csv").write_text("\n".join(rows) + "\n")
    return Truth(dates, [(dates[i], dates[j]) for i, j in indices], truth)


def write_study(path: Path, folder: str | Path, **changes: Any) -> Path:
    """Write a study of one cube, ``A``, that reads what :func:`write_products` wrote.

    Args:
        path: the study's YAML.
        folder: the products' folder, as the study names it.
        changes: further top-level keys; ``products`` is merged into the cube's.
    """
    products = {
        "folder": str(folder),
        "unwrapped": "unw/{date1}_{date2}.tif",
        "coherence": "coh/{date1}_{date2}.tif",
        "dem": "dem.tif",
        "baselines": "baselines.csv",
    } | changes.pop("products", {})
    study = {"cubes": {"A": {"source": "geotiff", "products": products}}} | changes
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(study, sort_keys=False))
    return path
