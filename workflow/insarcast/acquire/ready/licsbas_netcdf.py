"""NetCDF4 that LiCSBAS_out2nc.py (COMET's fork of LiCSBAS) makes of cum.h5 or cum_filt.h5.

Facts from its text, versions 1.0 to 1.5: cum is LiCSBAS's own, mm and positive towards the satellite, less its value on the first date; its
attribute ``unit`` (``units`` with --cf) says mm; names with --alignsar are longer; lat goes up in version 1.0 and with --cf, else down.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from insarcast.core import InsarcastError, attributes_of, find_shape, open_hdf5, read_part

from ..found import Found
from ..select import skip
from .checks import choose_dates, lattice_of_centres, line_of_sight_of
from .licsbas_file import LIGHT, check_rate

_FREQUENCY = 5.405e9  # Hz: Sentinel-1, as LiCSBAS takes it
_CUM, _VEL = ("cum", "cum_displacement"), ("vel", "linear_velocity")
# The cube's name of a layer -> the file's, without and with --alignsar.
_LAYERS = {
    "coherence": ("coh", "mean_coherence"),
    "resid_rms": ("rms", "residuals_rms"),
    "loop_phase_mean": ("loop_ph_avg_abs", "mean_abs_loop_phase_closure"),
    "mask": ("mask", "mask"),
    "height": ("DEM", "DEM"),
}
_SECONDS = {"day": 86400, "hour": 3600, "minute": 60, "second": 1}


def find_licsbas_netcdf(path: Path, products: dict[str, Any]) -> Found:
    """Find the time series in an exported file.

    Args:
        path: the file.
        products: the study's ``products``, defaults filled in.

    Raises:
        InsarcastError: it is none, has other units, contradicts itself, or nothing says where the satellite looks from.
    """
    with open_hdf5(path) as file:
        cum = next((name for name in _CUM if len(find_shape(file, name) or ()) == 3), None)
        if cum is None or any(find_shape(file, name) is None for name in ("time", "lat", "lon")):
            raise InsarcastError(
                f"{path} is no NetCDF of LiCSBAS_out2nc.py (it has no cum of time, lat and lon); name cum.h5 in series.files, or another file."
            )
        about, said = attributes_of(file[cum]), attributes_of(file)
        n, *shape = find_shape(file, cum) or ()
        lat, lon = (np.asarray(read_part(file, name), np.float64) for name in ("lat", "lon"))
        days = _days(np.asarray(read_part(file, "time")), attributes_of(file["time"]).get("units", ""), path)
        baselines = _baselines(np.asarray(read_part(file, "bperp"), np.float64)) if find_shape(file, "bperp") == (n,) else None
        layers = {
            layer: name
            for layer, names in _LAYERS.items()
            for name in dict.fromkeys(names)
            if find_shape(file, name) == tuple(shape)
        }
    units = about.get("units", about.get("unit", ""))
    if units != "mm":
        raise InsarcastError(
            f"{cum} of {path} is in '{units or 'no units'}', but LiCSBAS_out2nc.py writes mm; give cum.h5, or the file as it was written."
        )
    dates, rows, left_out = choose_dates(days, products, path)
    flipped = bool(lat[0] < lat[-1])
    vel = _VEL[_CUM.index(cum)]
    agrees = f"; its {vel} agrees" if check_rate(path, days, cum, vel) else ""
    reference = [_number(said.get(f"ref_{name}", "")) for name in ("lon", "lat")]
    moved = "LiCSBAS_out2nc.py has moved places by half a pixel since its version 1.1, and does not say whether it did; cum.h5 has them exactly"
    hint = f" (mean incidence is {said['inc_angle']} degrees)" if "inc_angle" in said else ""
    return Found(
        [],
        static={"series": [str(path)]},
        conventions={
            "sign": "towards",
            "units": "mm",
            "product": f"LiCSBAS, {path.name}",
            "stated": f"The file says mm, and LiCSBAS writes displacement positive towards the satellite{agrees}.",
            "grid": lattice_of_centres("EPSG:4326", lon, lat[::-1] if flipped else lat, shape, path),
            "cum": cum,
            "flipped": flipped,
            "rows": rows,
            "layers": layers,
            "gaps": False,
            "wavelength": products["wavelength"] or LIGHT / _FREQUENCY,
            "baselines": [baselines[row] for row in rows] if baselines else None,
            "reference": None if None in reference else reference,
            "done": ["noise by a filter in time and space, which looks ahead in time"]
            if _number(said.get("filtered_version", ""))
            else [],
            "los": line_of_sight_of(
                products,
                False,
                f"{path} does not say where the satellite looks from; set products.incidence and products.heading{hint}.",
            ),
        },
        skipped=[skip("layer", "place", moved), *left_out],
        dates=dates,
    )


def _days(values: Any, units: str, path: Path) -> list[str]:
    """``yyyymmdd`` of a time axis as CF has it.

    Raises:
        InsarcastError: its units are none.
    """
    match = re.match(r"(day|hour|minute|second)s? since (\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d\d))?", units)
    if match is None:
        raise InsarcastError(f"The time of {path} is in '{units[:40]}', which is no 'days since' a date; export it again.")
    start = datetime(*(int(part or 0) for part in match.groups()[1:]), tzinfo=UTC)  # type: ignore[misc,arg-type]
    return [f"{start + timedelta(seconds=float(value) * _SECONDS[match[1]]):%Y%m%d}" for value in values]


def _baselines(values: Any) -> list[float] | None:
    """Baselines against the first date; the file has none where LiCSBAS has 0, which only of the first date is known."""
    values[0] = np.nan_to_num(values[0])
    return [float(value) for value in values] if np.isfinite(values).all() else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
