"""What LiCSBAS writes into cum.h5 and cum_filt.h5: dates, places, names and conventions.

Facts from the help texts of LiCSBAS13_sb_inv.py and LiCSBAS16_filt_ts.py (Morishita 2020, 2021, and COMET's fork): cum is in mm, positive
where the line of sight gets shorter; imdates are integers yyyymmdd; the corner is the centre of the first pixel (grid registration).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from insarcast.core import InsarcastError, find_shape, open_hdf5, read_part, text_of

from .checks import lattice

LIGHT = 299792458.0  # m/s
_FREQUENCY = 5.405e9  # Hz, LiCSBAS's default: Sentinel-1
# The cube's name of a layer -> LiCSBAS's, in cum.h5 or as a flat file of results.
LAYERS = {
    "coherence": "coh_avg",
    "resid_rms": "resid_rms",
    "n_unw": "n_unw",
    "n_loop_err": "n_loop_err",
    "n_pair_no_loop": "n_ifg_noloop",
    "loop_phase_mean": "loop_ph_avg_abs",
    "height": "hgt",
    "mask": "mask",
    "los_east": "E.geo",
    "los_north": "N.geo",
    "los_up": "U.geo",
}
_TESTED = 2000  # pixels whose rate is compared with the file's own velocity
_LEAST_RATE = 1.0  # mm/yr


@dataclass(frozen=True)
class LicsbasFile:
    """A cumulative time series.

    Attributes:
        path: the file.
        shape: dates, rows, columns.
        days: ``yyyymmdd`` in the order of the file.
        baselines: perpendicular baseline of each date in m, or empty.
        corner: longitude and latitude of the centre of the first pixel, as the file says.
        step: degrees eastwards and (negative) southwards.
        has: layers that the file itself holds, the cube's names.
        gaps: whether it says where the network has gaps.
        reference: first column, first row of the reference area, and one past the last ones; or None.
        done: what was filtered or taken off, a few words each.
    """

    path: Path
    shape: tuple[int, int, int]
    days: list[str]
    baselines: list[float]
    corner: tuple[float, float]
    step: tuple[float, float]
    has: list[str]
    gaps: bool
    reference: tuple[int, int, int, int] | None
    done: list[str]

    def grid(self, looks: int) -> dict[str, Any]:
        """Where the pixels lie.

        LiCSBAS02_ml_prep.py takes the centre of the first pixel of the original GeoTIFF and keeps it when it averages n x n pixels into one:
        the edge of the grid is half an *original* pixel north-west of it, 1 / (2 n) of the averaged one.
        """
        (lon, lat), (dx, dy) = self.corner, self.step
        return lattice("EPSG:4326", (lon - dx / (2 * looks), lat - dy / (2 * looks)), self.step, self.shape[1:], self.path)


def read_licsbas_file(path: Path) -> LicsbasFile:
    """Open a cumulative time series and read what it says about itself.

    Raises:
        InsarcastError: it is none, is broken, or in radar coordinates.
    """
    with open_hdf5(path) as file:
        shape = find_shape(file, "cum")
        if shape is None or len(shape) != 3 or find_shape(file, "imdates") is None:
            raise InsarcastError(
                f"{path} is no time series of LiCSBAS (it has no datasets 'cum' and 'imdates'); name cum.h5 or cum_filt.h5 in series.files."
            )
        days = [f"{int(day)}" for day in read_part(file, "imdates")]
        if len(days) != shape[0]:
            raise InsarcastError(f"{path} has {shape[0]} layers but {len(days)} dates; make it anew.")
        places = ("corner_lon", "corner_lat", "post_lon", "post_lat")
        if missing := [name for name in places if find_shape(file, name) is None]:
            raise InsarcastError(
                f"{path} has no {missing[0]}, so it is in radar coordinates; run LiCSBAS on the geocoded frame (GEOC), as LiCSAR delivers it."
            )
        lon, lat, dx, dy = (float(np.asarray(read_part(file, name)).reshape(-1)[0]) for name in places)
        baselines = [float(value) for value in read_part(file, "bperp")] if find_shape(file, "bperp") == (len(days),) else []
        reference = _area(text_of(read_part(file, "refarea"))) if find_shape(file, "refarea") is not None else None
        has = [layer for layer, name in LAYERS.items() if find_shape(file, name) == shape[1:]]
        gaps = find_shape(file, "gap") == (shape[0] - 1, *shape[1:])
        done = _done(file)
    return LicsbasFile(path, (shape[0], shape[1], shape[2]), days, baselines, (lon, lat), (dx, dy), has, gaps, reference, done)


def looks_of(path: Path) -> int | None:
    """Pixels that were averaged into one along a side, from the folder's name (TS_GEOCml10GACOSmask: 10); None where it does not say."""
    for name in (path.parent.name, path.parent.parent.name):
        if match := re.search(r"GEOCml(\d+)", name):
            return int(match[1]) or None
    return None


def wavelength_of(path: Path) -> float:
    """Wavelength in m that LiCSBAS wrote into info/13parameters.txt, else that of its default frequency."""
    parameters = path.parent / "info/13parameters.txt"
    if parameters.is_file():
        match = re.search(r"^wavelength:\s*([0-9.eE+-]+)", parameters.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
        if match and 0.005 < float(match[1]) < 1.5:
            return float(match[1])
    return LIGHT / _FREQUENCY


def _area(text: str) -> tuple[int, int, int, int] | None:
    """``x1:x2/y1:y2`` as x1, y1, x2, y2."""
    match = re.fullmatch(r"(\d+):(\d+)/(\d+):(\d+)", text)
    return (int(match[1]), int(match[3]), int(match[2]), int(match[4])) if match else None


def _done(file: Any) -> list[str]:
    """What LiCSBAS16_filt_ts.py did, of a filtered file."""
    done = []
    numbers = {
        name: float(values[0])
        for name in ("deramp_flag", "hgt_linear_flag", "filtwidth_yr", "filtwidth_km")
        if find_shape(file, name) is not None
        and (values := np.asarray(read_part(file, name)).reshape(-1)).size
        and values.dtype.kind in "iuf"
    }
    if find_shape(file, "deramp_flag") is not None and text_of(read_part(file, "deramp_flag")) not in ("", "0", "[]"):
        done.append("a ramp")
    if numbers.get("hgt_linear_flag"):
        done.append("the delay that goes with height")
    if "filtwidth_yr" in numbers:
        width, reach = numbers["filtwidth_yr"], numbers.get("filtwidth_km", 0.0)
        done.append(f"noise by a filter in time and space ({width * 365.25:.0f} days, {reach:g} km), which looks ahead in time")
    return done


def check_rate(path: Path, given: Sequence[str], cum: str = "cum", vel: str = "vel") -> bool:
    """Compare displacement with the file's own velocity (mm/yr), so that other units or another sign do not pass.

    Args:
        path: the file.
        given: its dates, ``yyyymmdd`` of the calendar.
        cum: its dataset of displacement (time, y, x).
        vel: its dataset of velocity (y, x).

    Returns:
        Whether there was enough to compare.

    Raises:
        InsarcastError: the two contradict each other.
    """
    with open_hdf5(path) as file:
        if (shape := find_shape(file, vel)) is None or shape != (find_shape(file, cum) or ())[1:]:
            return False
        row = int(np.argmax(np.isfinite(read_part(file, vel)).sum(axis=1)))
        values, velocity = (read_part(file, name, (..., row, slice(None))).astype(float) for name in (cum, vel))
    whole = np.isfinite(values).all(axis=0) & np.isfinite(velocity)
    days = np.array([f"{day[:4]}-{day[4:6]}-{day[6:]}" for day in given], "datetime64[D]")
    centred = days.astype(float) / 365.25
    centred -= centred.mean()
    chosen = np.flatnonzero(whole & (np.abs(velocity) > _LEAST_RATE))[:_TESTED]
    if chosen.size < 5 or len(days) < 3:
        return False
    ratio = float(np.median((centred @ values[:, chosen]) / (centred @ centred) / velocity[chosen]))
    if ratio < 0:
        raise InsarcastError(
            f"{cum} of {path} falls where its own {vel} rises: one of them has the other sign; give the file as LiCSBAS wrote it (both "
            "positive towards the satellite)."
        )
    if not 0.2 < ratio < 5:
        raise InsarcastError(
            f"{cum} of {path} changes {ratio:.3g} times as fast as its own {vel} says, so one of them is not in mm; give the file as LiCSBAS "
            "wrote it."
        )
    return True
