"""What a product of OPERA DISP-S1 (NetCDF4) says about itself: units, sign, grid, reference point, layers.

Names and meaning: OPERA's product specification (JPL D-108772) and the descriptions in the files themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from insarcast.core import InsarcastError, attributes_of, find_shape, open_hdf5, read_part

from .checks import lattice_of_centres

WAVELENGTH = 0.05546576  # m, Sentinel-1; products before 1.0 do not say it
_DATA = "displacement"
_METRES = ("m", "meter", "meters", "metre", "metres")
_CORRECTIONS = ("corrections/solid_earth_tide", "corrections/ionospheric_delay")


@dataclass(frozen=True)
class Facts:
    """What one product says.

    Attributes:
        grid: where its pixels lie, see :func:`.ready.lattice`.
        layers: datasets that it has besides the displacement; of the corrections those in metres.
        wavelength: m.
        baseline: perpendicular baseline of the middle pixel in m, or None.
        reference: longitude and latitude where its displacement is zero, or None.
        incidence: degrees in near and far range, or None.
    """

    grid: dict[str, Any]
    layers: frozenset[str]
    wavelength: float
    baseline: float | None
    reference: tuple[float, float] | None
    incidence: tuple[float, float] | None


def read_facts(path: Path) -> Facts:
    """Open a product and check it.

    Raises:
        InsarcastError: it is broken, has no displacement, other units, another sign, or no grid.
    """
    with open_hdf5(path) as file:
        shape = find_shape(file, _DATA)
        if shape is None or len(shape) != 2:
            held = ", ".join(sorted(file)[:6])
            raise InsarcastError(f"{path} has no displacement of rows and columns (it has {held}); fetch the product again.")
        _check_units(attributes_of(file[_DATA]), path)
        grid = _grid(file, shape, path)
        names = ("recommended_mask", "water_mask", "temporal_coherence", *_CORRECTIONS)
        layers = frozenset(
            name
            for name in names
            if find_shape(file, name) == shape and (name not in _CORRECTIONS or attributes_of(file[name]).get("units") in _METRES)
        )
        wavelength = _number(file, "identification/radar_wavelength") or WAVELENGTH
        baseline = None
        if find_shape(file, "corrections/perpendicular_baseline") == shape:
            value = float(read_part(file, "corrections/perpendicular_baseline", (shape[0] // 2, shape[1] // 2)))
            baseline = value if np.isfinite(value) else None
        angles = [_number(file, f"identification/{end}_range_incidence_angle") for end in ("near", "far")]
        incidence = None if None in angles else (float(angles[0] or 0), float(angles[1] or 0))
        return Facts(grid, layers, wavelength, baseline, _reference(file), incidence)


def _check_units(attributes: dict[str, str], path: Path) -> None:
    """Metres, positive towards the satellite, as the specification has it and the file says.

    Raises:
        InsarcastError: the file says otherwise.
    """
    units, words = attributes.get("units", ""), attributes.get("description", attributes.get("long_name", "")).lower()
    if units not in _METRES:
        raise InsarcastError(
            f"The displacement of {path} is in '{units or 'no units'}', but a product of DISP-S1 has metres; fetch it again."
        )
    if "away from" in words and "towards" not in words:
        raise InsarcastError(
            f"The displacement of {path} is positive away from the satellite by its own description, but a product of DISP-S1 is positive "
            "towards it; fetch it again."
        )


def _grid(file: Any, shape: Sequence[int], path: Path) -> dict[str, Any]:
    """From x and y, the centres of the pixels: the GeoTransform of spatial_ref may be that of a frame that was cut.

    Raises:
        InsarcastError: x, y or the CRS is missing, or pixels are not evenly spaced.
    """
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    x, y = (np.asarray(read_part(file, name), np.float64) for name in ("x", "y"))
    said = attributes_of(file["spatial_ref"]) if "spatial_ref" in file else {}
    try:
        crs = CRS.from_user_input(said["crs_wkt"])
    except (KeyError, CRSError):
        raise InsarcastError(f"{path} does not say on which CRS it is (spatial_ref, crs_wkt); fetch the product again.") from None
    code = crs.to_epsg()
    return lattice_of_centres(f"EPSG:{code}" if code else crs.to_wkt(), x, y, shape, path)


def _number(file: Any, name: str) -> float | None:
    """A scalar, or None."""
    if find_shape(file, name) is None:
        return None
    try:
        return float(np.asarray(read_part(file, name)).reshape(-1)[0])
    except (ValueError, IndexError):
        return None


def _reference(file: Any) -> tuple[float, float] | None:
    """The reference point, by its degrees: rows and columns are those of the whole frame."""
    if find_shape(file, "corrections/reference_point") is None:
        return None
    attributes = file["corrections/reference_point"].attrs
    places = [np.atleast_1d(attributes.get(name, ())) for name in ("longitudes", "latitudes")]
    if any(place.size == 0 or place.dtype.kind not in "iuf" for place in places):
        return None
    return round(float(places[0].mean()), 6), round(float(places[1].mean()), 6)
