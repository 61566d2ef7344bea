"""One HyP3 product: what its name and its parameter file say."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from insarcast.core import InsarcastError

from ..patterns import is_date

# Names of HyP3's interferogram jobs, as its product guides give them: INSAR_GAMMA, INSAR_ISCE_BURST, INSAR_ISCE_MULTI_BURST and
# the multi-burst name of its first months.
_END = r"_(?P<date1>\d{8})_(?P<date2>\d{8})_(VV|HH)_INT\d{2}_\w{4}"
_NAMES = (
    re.compile(
        r"S1(?P<satellite>[A-D])[A-D]_(?P<date1>\d{8})T\d{6}_(?P<date2>\d{8})T\d{6}_(VV|HH)[PRO]\d{3,4}_INT\d{2}_G_[uw][ec][123F]_\w{4}"
    ),
    re.compile(r"S1_(?P<ground>\d{6}_IW[123])" + _END),
    re.compile(r"S1_(?P<path>\d{3})_(?P<ground>\d{6}s1n\d{2}-\d{6}s2n\d{2}-\d{6}s3n\d{2})_IW" + _END),
    re.compile(r"S1(?P<satellite>[A-D])_(?P<path>\d{3})_[EW]\d{3}_\d_[NS]\d{2}_\d_[EW]\d{3}_\d_[NS]\d{2}_\d" + _END),
)
SCENES = "whole scenes"
_BURST = re.compile(r"\d{6}_IW[123]")
_MERGED = "merged bursts"  # the name gives corners, which differ from pair to pair
_GRANULE = re.compile(r"S1([A-D])_IW_SLC__")
_TIME = re.compile(r"_\d{8}T(\d{2})(\d{2})(\d{2})_")
_ONE_SCENE = 60.0  # s, longer than any scene or set of bursts


@dataclass(frozen=True)
class Product:
    """A product by its name.

    Attributes:
        folder: folder that holds its files.
        name: what every file's name begins with.
        date1: first acquisition, ``yyyymmdd``.
        date2: second acquisition.
        satellite: letter of the satellite of the first acquisition, where the name says it.
        path: relative orbit, where the name says it.
        ground: what of the ground it shows, as the name says it: ``136231_IW2`` of a burst, the bursts of several, or words for what
            names say nothing of.
        archive: the zip that holds its files, or None where they lie in the folder.
    """

    folder: Path
    name: str
    date1: str
    date2: str
    satellite: str | None
    path: int | None
    ground: str = SCENES
    archive: Path | None = None

    @property
    def is_gamma(self) -> bool:
        """Whether it is one of GAMMA's, of a whole scene; the others are ISCE's, of bursts."""
        return self.ground == SCENES

    @property
    def job(self) -> str:
        """HyP3's name of the job that makes such products."""
        if self.is_gamma:
            return "INSAR_GAMMA"
        return "INSAR_ISCE_BURST" if _BURST.fullmatch(self.ground) else "INSAR_ISCE_MULTI_BURST"

    def file(self, tag: str) -> Path:
        """Where the file of a tag (``unw_phase``, ``corr`` ...) would lie."""
        return self.folder / f"{self.name}_{tag}.tif"

    @property
    def text(self) -> Path:
        """Where the parameter file would lie."""
        return self.folder / f"{self.name}.txt"


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


def parse_name(folder: Path, name: str) -> Product | None:
    """Read the name of a product; None if HyP3 does not name products so."""
    for pattern in _NAMES:
        match = pattern.fullmatch(name)
        if match and is_date(match["date1"]) and is_date(match["date2"]):
            parts = match.groupdict()
            path = parts.get("path")
            ground = parts.get("ground") or (SCENES if pattern is _NAMES[0] else _MERGED)
            return Product(
                folder, name, match["date1"], match["date2"], parts.get("satellite"), int(path) if path else None, ground
            )
    return None


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
    lines = [line.partition(":") for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    values = {key.strip().lower(): value.strip() for key, colon, value in lines if colon}
    heading, baseline = _number(values, "heading"), _number(values, "baseline")
    if "reference granule" not in values and heading is None and baseline is None:
        raise InsarcastError(
            f"{path} is no parameter file of HyP3 (it has no Reference Granule, Heading or Baseline); fetch it again."
        )
    return Parameters(
        baseline,
        None if heading is None else math.remainder(heading, 360),  # -164.3 and 195.7 are one
        _incidence(values),
        _number(values, "radar wavelength"),
        _utc(values),
        _orbits(values, product),
    )


def _number(values: dict[str, str], name: str) -> float | None:
    try:
        number = float(values[name].split()[0])
    except (KeyError, ValueError, IndexError):
        return None
    return number if math.isfinite(number) else None


def _utc(values: dict[str, str]) -> float | None:
    """Time of day of the first acquisition, s; its granule's, where the file says another one.

    Early versions of HyP3's burst jobs (hyp3-isce2) wrote hours times 60 into the parameter file.
    """
    said, granule = _number(values, "utc time"), _TIME.search(values.get("reference granule", ""))
    if granule is None:
        return said
    named = float(3600 * int(granule[1]) + 60 * int(granule[2]) + int(granule[3]))
    apart = math.inf if said is None else abs(math.remainder(said - named, 86400))
    return said if apart < _ONE_SCENE else named


def _incidence(values: dict[str, str]) -> float | None:
    """Incidence angle in degrees at the middle of the swath.

    From the slant range there, by the law of cosines in the triangle of satellite, ground and the Earth's centre.
    """
    earth, height, slant = (_number(values, key) for key in ("earth radius at nadir", "spacecraft height", "slant range center"))
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
    number = _number(values, "reference orbit number")
    if number is None:
        return frozenset()
    granule = _GRANULE.search(values.get("reference granule", "").split(",")[0])
    satellite = granule[1] if granule else product.satellite
    return frozenset(relative_orbit(int(number), letter) for letter in (satellite or "ABCD"))


def relative_orbit(orbit: int, satellite: str) -> int:
    """Relative orbit (1 to 175) of an absolute one; the shift is the satellite's own, and Sentinel-1C's changed in orbit 8018."""
    shift = {"A": 73, "B": 202, "C": 172 if orbit <= 8018 else 99, "D": 42}[satellite]
    return (orbit - shift) % 175 + 1
