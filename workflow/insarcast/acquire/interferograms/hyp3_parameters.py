"""What the parameter file of a HyP3 product says."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from insarcast.core import InsarcastError

from .hyp3_product import Product
from .key_values import number_of, read_key_values

_GRANULE = re.compile(r"S1([A-D])_IW_SLC__")
_TIME = re.compile(r"_\d{8}T(\d{2})(\d{2})(\d{2})_")
_ONE_SCENE = 60.0  # s, longer than any scene or set of bursts


@dataclass(frozen=True)
class Parameters:
    """What a parameter file says.

    Attributes:
        baseline: perpendicular baseline in m, or None.
        heading: flight direction in degrees clockwise from north, -180 to 180, or None.
        incidence: incidence angle at the middle of the swath in degrees, from the slant range there, or None.
        wavelength: m, or None (HyP3 does not write it, Sentinel-1 has one).
        utc: time of day of the first acquisition in s, or None.
        orbits: relative orbits that the orbit number can mean: one where the satellite is known, one per satellite where not.
    """

    baseline: float | None
    heading: float | None
    incidence: float | None
    wavelength: float | None
    utc: float | None
    orbits: frozenset[int]


def read_parameters(product: Product) -> Parameters:
    """Read ``<name>.txt``: one ``key: value`` a line.

    Raises:
        InsarcastError: the file is missing or holds no such lines.
    """
    path = product.text
    if not path.is_file():
        raise InsarcastError(
            f"There is no {path}, which holds the product's orbit and baseline; unpack or fetch the product again."
        )
    values = read_key_values(path, ":")
    heading, baseline = number_of(values, "heading"), number_of(values, "baseline")
    if "reference granule" not in values and heading is None and baseline is None:
        raise InsarcastError(
            f"{path} is no parameter file of HyP3 (it has no Reference Granule, Heading or Baseline); fetch it again."
        )
    return Parameters(
        baseline,
        None if heading is None else math.remainder(heading, 360),  # -164.3 and 195.7 are one
        _incidence(values),
        number_of(values, "radar wavelength"),
        _utc(values),
        _orbits(values, product),
    )


def _utc(values: dict[str, str]) -> float | None:
    """Time of day of the first acquisition, s; its granule's, where the file says another one.

    Early versions of HyP3's burst jobs (hyp3-isce2) wrote hours times 60 into the parameter file.
    """
    said, granule = number_of(values, "utc time"), _TIME.search(values.get("reference granule", ""))
    if granule is None:
        return said
    named = float(3600 * int(granule[1]) + 60 * int(granule[2]) + int(granule[3]))
    apart = math.inf if said is None else abs(math.remainder(said - named, 86400))
    return said if apart < _ONE_SCENE else named


def _incidence(values: dict[str, str]) -> float | None:
    """Incidence angle in degrees at the middle of the swath.

    From the slant range there, by the law of cosines in the triangle of satellite, ground and the Earth's centre.
    """
    earth, height, slant = (
        number_of(values, key) for key in ("earth radius at nadir", "spacecraft height", "slant range center")
    )
    if not earth or not height or not slant:
        return None
    cosine = ((earth + height) ** 2 - earth**2 - slant**2) / (2 * earth * slant)
    return float(np.degrees(np.arccos(cosine))) if abs(cosine) < 1 else None


def _orbits(values: dict[str, str], product: Product) -> frozenset[int]:
    """Relative orbits that fit the absolute orbit number of the first acquisition; empty where nothing is said.

    Burst granules do not name their satellite (several are separated by commas): then each of the four gives a candidate.
    """
    if product.path is not None:
        return frozenset({product.path})
    number = number_of(values, "reference orbit number")
    if number is None:
        return frozenset()
    granule = _GRANULE.search(values.get("reference granule", "").split(",")[0])
    satellite = granule[1] if granule else product.satellite
    return frozenset(relative_orbit(int(number), letter) for letter in (satellite or "ABCD"))


def relative_orbit(orbit: int, satellite: str) -> int:
    """Relative orbit (1 to 175) of an absolute one; the shift is the satellite's own, and Sentinel-1C's changed in orbit 8018."""
    shift = {"A": 73, "B": 202, "C": 172 if orbit <= 8018 else 99, "D": 42}[satellite]
    return (orbit - shift) % 175 + 1
