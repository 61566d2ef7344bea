"""What MintPy writes into its HDF5 files: attributes, places, names and conventions.

Facts from MintPy's documentation (https://mintpy.readthedocs.io, "data structure" and "attributes") and from files of version 1.6.4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from insarcast.core import InsarcastError, attributes_of, find_shape, open_hdf5, read_part, text_of

from .checks import check_crs, lattice

_NAME = re.compile(r"(?:geo_)?timeseries((?:_[A-Za-z0-9]+)*)\.h5")
# Suffix of a file's name -> what MintPy took off, in the order of its steps.
CORRECTIONS = {
    "LOD": "the drift of ASAR's local oscillator",
    "SET": "solid Earth tides",
    "ion": "ionospheric delays",
    "ERA5": "delays of ERA5",
    "ERAI": "delays of ERA-Interim",
    "ECMWF": "delays of ECMWF",
    "MERRA": "delays of MERRA-2",
    "NARR": "delays of NARR",
    "GACOS": "delays of GACOS",
    "OPERA": "delays of OPERA's weather model",
    "tropHgt": "the delay that goes with height",
    "ramp": "a ramp",
    "demErr": "the error of the DEM",
}
_EOS = "HDFEOS/GRIDS/timeseries"
_METRES = {"m": 1000.0, "meter": 1000.0, "meters": 1000.0, "metre": 1000.0, "metres": 1000.0, "cm": 10.0, "mm": 1.0}


@dataclass(frozen=True)
class MintpyFile:
    """A time-series file.

    Attributes:
        path: the file.
        attributes: of the file, as text.
        shape: dates, rows, columns.
        days: ``yyyymmdd`` in the order of the file.
        baselines: perpendicular baseline of each date in m, or empty.
        units: of the displacement as the file says, or empty.
        names: what is read (displacement, height, incidence, azimuth, water, mask, temporal_coherence, coherence) -> dataset of this
            file; of HDF-EOS5 many, else only displacement.
    """

    path: Path
    attributes: dict[str, str]
    shape: tuple[int, int, int]
    days: list[str]
    baselines: list[float]
    units: str
    names: dict[str, str] = field(default_factory=dict)

    @property
    def geocoded(self) -> bool:
        """Whether rows and columns are a map's."""
        return {"X_FIRST", "Y_FIRST", "X_STEP", "Y_STEP"} <= set(self.attributes)

    @property
    def factor(self) -> float:
        """Millimetres of one unit.

        Raises:
            InsarcastError: the units are no length, or not said.
        """
        said = self.units
        if not said:
            raise InsarcastError(
                f"{self.path} does not say the units of its displacement (it has no UNIT, which MintPy writes); add it with MintPy's "
                "add_attribute.py, for example UNIT=m."
            )
        if said.lower() not in _METRES:
            raise InsarcastError(
                f"{self.path} says that its displacement is in '{said}'; MintPy's time series are in m, so give the file that "
                "ifgram_inversion.py and the corrections wrote."
            )
        return _METRES[said.lower()]

    def number(self, name: str) -> float | None:
        """An attribute as a number, or None."""
        try:
            return float(self.attributes[name])
        except (KeyError, ValueError):
            return None

    def grid(self) -> dict[str, Any]:
        """Where the pixels lie: MintPy's X_FIRST and Y_FIRST are the corner of the first pixel, as GDAL's are.

        Raises:
            InsarcastError: the CRS is not said, is none, or contradicts the units of the coordinates.
        """
        first = [self.number(name) for name in ("X_FIRST", "Y_FIRST", "X_STEP", "Y_STEP")]
        if any(value is None for value in first):
            raise InsarcastError(f"X_FIRST, Y_FIRST, X_STEP or Y_STEP of {self.path} is no number; geocode it again.")
        x, y, dx, dy = (float(value) for value in first if value is not None)
        return lattice(self._crs(), (x, y), (dx, dy), self.shape[1:], self.path)

    def _crs(self) -> str:
        epsg, zone = (self.attributes.get(name, "") for name in ("EPSG", "UTM_ZONE"))
        degrees = self.attributes.get("X_UNIT", "degrees").lower().startswith("deg")
        if epsg not in ("", "None"):
            return check_crs(f"EPSG:{epsg.removesuffix('.0')}", self.path)
        if match := re.fullmatch(r"(\d{1,2})([NS])", zone.upper()):
            return check_crs(f"EPSG:{326 if match[2] == 'N' else 327}{int(match[1]):02d}", self.path)
        if degrees:
            return "EPSG:4326"
        raise InsarcastError(
            f"The coordinates of {self.path} are in {self.attributes['X_UNIT']}, but it has neither EPSG nor UTM_ZONE; add one with "
            "MintPy's add_attribute.py."
        )


def read_mintpy_file(path: Path) -> MintpyFile:
    """Open a time-series file, of MintPy's own form or its HDF-EOS5, and read what it says about itself.

    Raises:
        InsarcastError: it is neither, or is broken.
    """
    with open_hdf5(path) as file:
        eos = _EOS in file
        group, name = (f"{_EOS}/observation", "displacement") if eos else ("", "timeseries")
        data = f"{group}/{name}".lstrip("/")
        shape = find_shape(file, data)
        if shape is None or len(shape) != 3:
            kind = text_of(file.attrs.get("FILE_TYPE", "")) or "no FILE_TYPE"
            raise InsarcastError(
                f"{path} is no time series of MintPy (no dataset 'timeseries' of dates, rows and columns; FILE_TYPE: {kind}); name one "
                "in series.files."
            )
        days = [text_of(day)[:8] for day in read_part(file, f"{group}/date".lstrip("/"))]
        if len(days) != shape[0]:
            raise InsarcastError(f"{path} has {shape[0]} layers but {len(days)} dates; make it anew.")
        bperp = f"{group}/bperp".lstrip("/")
        baselines = [float(value) for value in read_part(file, bperp)] if find_shape(file, bperp) == (len(days),) else []
        attributes, own = attributes_of(file), attributes_of(file[data])
        names = {"displacement": data} | (_eos_names(file) if eos else {})
    units = own.get("Units", own.get("UNIT", attributes.get("UNIT", "")))
    return MintpyFile(path, attributes, (shape[0], shape[1], shape[2]), days, baselines, units, names)


def suffixes(path: Path) -> list[str] | None:
    """What a name of MintPy says was done, ``[ERA5, ramp, demErr]``; None where it is no name of a time series."""
    match = _NAME.fullmatch(path.name)
    return match[1].split("_")[1:] if match else None


def _eos_names(file: Any) -> dict[str, str]:
    """Layers of HDF-EOS5 by what they are."""
    wanted = {
        "temporal_coherence": "quality/temporalCoherence",
        "coherence": "quality/avgSpatialCoherence",
        "mask": "quality/mask",
        "height": "geometry/height",
        "incidence": "geometry/incidenceAngle",
        "azimuth": "geometry/azimuthAngle",
        "land": "geometry/waterMask",
    }
    return {what: f"{_EOS}/{name}" for what, name in wanted.items() if f"{_EOS}/{name}" in file}
