"""One HyP3 product, by its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

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
