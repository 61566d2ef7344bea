"""What a GeoTIFF says about itself: cheap checks and tags, without reading a pixel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from insarcast.core import InsarcastError

_NAMES = {
    "wavelength": ("WAVELENGTH_METRES", "WAVELENGTH", "RADAR_WAVELENGTH"),
    "incidence": ("INCIDENCE_DEGREES", "INCIDENCE_ANGLE", "INCIDENCE", "CENTER_INCIDENCE_ANGLE"),
    "heading": ("HEADING_DEGREES", "HEADING"),
}
_SPREAD = {"wavelength": 5e-5, "incidence": 1.0, "heading": 1.0}  # m, degrees: more than that is another sensor or track


@dataclass(frozen=True)
class Tags:
    """Tags of one file.

    Attributes:
        path: the file.
        nodata: the file's nodata value, or None (also when that value is NaN, which always is nodata).
        wavelength: m, or None.
        incidence: degrees, or None.
        heading: degrees clockwise from north, -180 to 180, or None.
    """

    path: Path
    nodata: float | None
    wavelength: float | None
    incidence: float | None
    heading: float | None


def read_tags(path: Path) -> Tags:
    """Open a raster and read its tags.

    Raises:
        InsarcastError: the file does not open or has no CRS.
    """
    import rasterio

    try:
        with rasterio.open(path) as source:
            if source.crs is None:
                raise InsarcastError(
                    f"{path} has no coordinate reference system; geocode it, or write its CRS with gdal_edit.py -a_srs."
                )
            written = {name.upper(): value for name, value in source.tags().items()}
            nodata = source.nodata
    except rasterio.errors.RasterioError:
        raise InsarcastError(f"{path} is no raster that can be opened; fetch or make it again.") from None
    values = {name: _number(written, names) for name, names in _NAMES.items()}
    if values["heading"] is not None:
        values["heading"] = math.remainder(values["heading"], 360)  # 193.3 and -166.7 are one
    return Tags(path, None if nodata is None or math.isnan(nodata) else float(nodata), **values)


def agreed(name: str, given: float | None, tags: Sequence[Tags]) -> float | None:
    """Take a value from the study, else the median of the files' tags; None when neither has it.

    Raises:
        InsarcastError: the files' tags differ more than files of one line of sight can.
    """
    if given is not None:
        return given
    values = {tag.path: value for tag in tags if (value := getattr(tag, name)) is not None}
    if not values:
        return None
    low, high = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
    if values[high] - values[low] > _SPREAD[name]:
        raise InsarcastError(
            f"The {name} tags differ: {values[low]:g} in {low.name} but {values[high]:g} in {high.name}; "
            f"one cube is one line of sight, so separate them, or set products.{name}."
        )
    return float(np.median(list(values.values())))


def _number(written: dict[str, str], names: Sequence[str]) -> float | None:
    for name in names:
        try:
            return float(written[name].split()[0])
        except (KeyError, ValueError, IndexError):
            continue
    return None
