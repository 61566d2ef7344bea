"""A simulated scene in the names and conventions of HyP3's INSAR_GAMMA products.

Each pair is a folder of GeoTIFFs in UTM with a text file of parameters. The phase is positive away from the satellite, 0 where
there is none, and set to 0 at the pair's own most coherent pixel, so that exactly 0 there is data. Extents differ from pair to
pair by whole pixels of one lattice. Conventions: HyP3 InSAR product guide.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from datetime import date
from pathlib import Path

import numpy as np

from ..scene.draw import Draw, generator
from ..scene.interferograms import Interferogram, make_interferogram
from ..scene.scene import Scene
from ..scene.site import COVERS, ORBIT_HEIGHT
from .simulated_raster import Window, as_phase, write_layer

_TRACK = 137
_EARTH_RADIUS = 6371000.0  # m
_SECONDS = {True: 18 * 3600, False: 6 * 3600}  # local solar time of an ascending and a descending pass
_CYCLE, _ORBITS = 12, 175  # days and orbits until the satellite is back


def write_hyp3(scene: Scene, products: Path) -> list[str]:
    """Write the products of every pair that a folder does not hold yet.

    A product is written beside its place and renamed: one that has its name is complete.

    Args:
        scene: the scene.
        products: folder of the products.

    Returns:
        Names of all products.
    """
    names = []
    for number, (i, j) in enumerate(scene.pairs):
        name = product_name(scene, i, j)
        names.append(name)
        if (products / name).is_dir():
            continue
        part = products / f".part-{name}"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        write_product(scene, i, j, part, name)
        os.replace(part, products / name)
        if number % 20 == 0:
            print(f"simulated {number + 1} of {len(scene.pairs)} products", file=sys.stderr, flush=True)
    return names


def product_name(scene: Scene, i: int, j: int) -> str:
    """Name of a product: platforms, times, polarisation, precise orbits, days between, pixel, GAMMA, no water mask, entire."""
    first, second = scene.dates[i], scene.dates[j]
    platforms = "".join(_platform(scene, day) for day in (first, second))
    stem = (
        f"S1{platforms}_{_stamp(scene, first)}_{_stamp(scene, second, 1)}_VVP{(second - first).days:03d}"
        f"_INT{round(scene.lattice.pixel)}_G_ueF"
    )
    return f"{stem}_{hashlib.sha256(f'{stem} {scene.seed}'.encode()).hexdigest()[:4].upper()}"


def product_window(scene: Scene, i: int, j: int) -> Window:
    """Rows and columns of the lattice that the product of a pair covers."""
    rng = generator(scene.seed, Draw.EXTENT, scene.dates[i].toordinal(), scene.dates[j].toordinal())
    most = min(scene.settings["acquisitions"]["extent"], (min(scene.shape) - 4) // 2)
    top, bottom, left, right = (int(cut) for cut in rng.integers(0, most + 1, 4))
    return slice(top, scene.lattice.ny - bottom), slice(left, scene.lattice.nx - right)


def reference_pixel(pair: Interferogram, window: Window) -> tuple[int, int] | None:
    """Row and column in the window of the most coherent pixel with phase, or None where nothing has phase."""
    quality = np.where(np.isnan(pair.phase[window]), -1, pair.coherence[window])
    row, col = np.unravel_index(int(np.argmax(quality)), quality.shape)
    return (int(row), int(col)) if quality[row, col] >= 0 else None


def write_product(scene: Scene, i: int, j: int, folder: Path, name: str) -> None:
    """Write the files of the product of two dates, by their indices, into a folder that is there, each file named ``<name>_<tag>``."""
    lattice, window = scene.lattice, product_window(scene, i, j)
    pair = make_interferogram(scene, i, j)
    phase, reference = pair.phase[window], reference_pixel(pair, window)
    constant = float(phase[reference]) if reference else 0.0
    water = (scene.cover[window] != COVERS.index("water")).astype(np.uint8)
    phi = np.full(phase.shape, scene.look.phi, np.float32)
    write_layer(folder / f"{name}_unw_phase.tif", as_phase(phase - np.float32(constant)), lattice, window, nodata=0)
    write_layer(folder / f"{name}_corr.tif", pair.coherence[window], lattice, window, nodata=0)
    write_layer(folder / f"{name}_dem.tif", scene.height[window], lattice, window)
    write_layer(folder / f"{name}_lv_theta.tif", scene.look.theta[window], lattice, window, nodata=0)
    write_layer(folder / f"{name}_lv_phi.tif", phi, lattice, window, nodata=0)
    write_layer(folder / f"{name}_water_mask.tif", water, lattice, window)
    (folder / f"{name}.txt").write_text(_parameters(scene, pair, window, reference, constant), encoding="utf-8")
    (folder / f"{name}.README.md.txt").write_text(f"# {name}\n\nSimulated; no satellite saw this.\n", encoding="utf-8")


def _parameters(scene: Scene, pair: Interferogram, window: Window, reference: tuple[int, int] | None, constant: float) -> str:
    """The text file of a product, key by key as HyP3 writes it."""
    row, col = reference or (0, 0)
    centre, *ends = (
        ORBIT_HEIGHT / np.sin(angle) for angle in (scene.look.theta.mean(), scene.look.theta.max(), scene.look.theta.min())
    )
    direction = "ASCENDING" if scene.look.ascending else "DESCENDING"
    values = {
        "Reference Granule": _granule(scene, pair.date1),
        "Secondary Granule": _granule(scene, pair.date2, 1),
        "Reference Pass Direction": direction,
        "Reference Orbit Number": _orbit(scene, pair.date1),
        "Secondary Pass Direction": direction,
        "Secondary Orbit Number": _orbit(scene, pair.date2),
        "Baseline": f"{pair.baseline:.4f}",
        "UTC time": f"{_seconds(scene):.6f}",
        "Heading": f"{scene.look.heading:.6f}",
        "Spacecraft height": ORBIT_HEIGHT,
        "Earth radius at nadir": _EARTH_RADIUS,
        "Slant range near": f"{ends[0]:.4f}",
        "Slant range center": f"{centre:.4f}",
        "Slant range far": f"{ends[1]:.4f}",
        "Range looks": 20,
        "Azimuth looks": 4,
        "INSAR phase filter": "no",
        "Phase filter parameter": 0.0,
        "Resolution of output (m)": round(scene.lattice.pixel),
        "Range bandpass filter": "no",
        "Azimuth bandpass filter": "no",
        "DEM source": "simulated",
        "DEM resolution (m)": round(scene.lattice.pixel),
        "Unwrapping type": "mcf",
        "Phase at Reference Point": f"{constant:.6f}",
        "Y coordinate of the reference point in the map projection": scene.lattice.y[window[0]][row],
        "X coordinate of the reference point in the map projection": scene.lattice.x[window[1]][col],
        "Unwrapping threshold": "none",
        "Speckle filter": "no",
        "Water mask": "no",
    }
    return "".join(f"{key}: {value}\n" for key, value in values.items())


def _seconds(scene: Scene) -> float:
    """Second of the day, UTC, of a pass at its local solar time."""
    return float((_SECONDS[scene.look.ascending] - scene.settings["area"]["lon"] / 15 * 3600) % 86400)


def _clock(second: float) -> str:
    whole = int(second) % 86400
    return f"{whole // 3600:02d}{whole // 60 % 60:02d}{whole % 60:02d}"


def _stamp(scene: Scene, day: date, later: int = 0) -> str:
    """Date and time of an acquisition; ``later`` keeps within the day what real passes differ by, a second."""
    return f"{day:%Y%m%d}T{_clock(min(_seconds(scene) + later, 86399))}"


def _platform(scene: Scene, day: date) -> str:
    """Sentinel-1A every twelve days from the first date, B between."""
    return "A" if (day - scene.dates[0]).days % _CYCLE == 0 else "B"


def _orbit(scene: Scene, day: date) -> int:
    """Absolute orbit number that belongs to the track: relative orbit (n - 73) % 175 + 1 of S1A, (n - 27) % 175 + 1 of S1B."""
    first = {"A": 73, "B": 27}[_platform(scene, day)]
    return first + _TRACK - 1 + _ORBITS * ((day - date(2014, 4, 15)).days // _CYCLE)


def _granule(scene: Scene, day: date, later: int = 0) -> str:
    begin = _seconds(scene) + later
    end = f"{day:%Y%m%d}T{_clock(min(begin + 27, 86399))}"
    unique = hashlib.sha256(f"{day} {scene.seed}".encode()).hexdigest().upper()
    return (
        f"S1{_platform(scene, day)}_IW_SLC__1SDV_{_stamp(scene, day, later)}_{end}_{_orbit(scene, day):06d}"
        f"_{unique[:6]}_{unique[6:10]}"
    )
