"""What the bands of a GeoTIFF say about themselves: dates, units and sign, without reading a pixel."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from insarcast.core import InsarcastError, parse_date

from ..interferograms.tags import Tags, read_tags

_UNITS = {
    "mm": ("mm", "millimetre", "millimeter", "millimetres", "millimeters"),
    "cm": ("cm", "centimetre", "centimeter", "centimetres", "centimeters"),
    "m": ("m", "metre", "meter", "metres", "meters"),
    "rad": ("rad", "radian", "radians"),
}
_LENGTHS = ("mm", "cm", "m")
# Names that software gives the tag of the units: GDAL's own is that of the band.
_UNIT_TAGS = ("UNIT", "UNITS", "DATA_UNITS", "UNITTYPE")
_SIGN_TAGS = ("SIGN", "POSITIVE", "POSITIVE_DIRECTION")
_DATE_TAGS = ("DATE", "EPOCH_DATE", "ACQUISITION_DATE")
_DATE = re.compile(r"(?<!\d)\d{8}(?!\d)|(?<!\d)\d{4}[-_]\d{2}[-_]\d{2}(?!\d)")


@dataclass(frozen=True)
class Bands:
    """One file.

    Attributes:
        tags: of the file: nodata, wavelength, angles.
        dates: of each band, ``yyyymmdd`` from its description or a tag, or None.
        names: description of each band, or ``band 3``.
        units: ``mm``, ``cm``, ``m``, ``rad``, what else stands there, or None.
        sign: ``towards``, ``away``, or None.
    """

    tags: Tags
    dates: list[str | None]
    names: list[str]
    units: str | None
    sign: str | None


def read_bands(path: Path) -> Bands:
    """Open a raster and read what its bands are.

    Raises:
        InsarcastError: the file does not open or has no CRS.
    """
    import rasterio

    tags = read_tags(path)
    with rasterio.open(path) as source:
        of_file = _upper(source.tags())
        of_bands = [_upper(source.tags(band)) for band in source.indexes]
        described = [text or "" for text in source.descriptions]
        units = [text or "" for text in source.units]
    dates = [
        _the_date(text) or next((day for day in map(_the_date, _named(own, _DATE_TAGS)) if day), None)
        for text, own in zip(described, of_bands, strict=True)
    ]
    used = [row for row, day in enumerate(dates) if day] or list(range(len(dates)))  # a band without a date is no displacement
    lengths = [*(units[row] for row in used if units[row]), *_of(of_file, of_bands, used, _UNIT_TAGS)]
    signs = [*_of(of_file, of_bands, used, _SIGN_TAGS)]
    return Bands(
        tags,
        dates,
        [text or f"band {number}" for number, text in enumerate(described, 1)],
        _only(map(_plain_units, lengths), "values are in", path),
        _only((word for text in signs for word in ("towards", "away") if word in text.lower()), "positive is", path),
    )


def settle_meaning(bands: Sequence[Bands], series: Mapping[str, str | None]) -> dict[str, Any]:
    """Units and sign: the study's, held against what the files say, or the files' own.

    Units that nobody says are not guessed: millimetres cannot be told from centimetres by their size.

    Args:
        bands: of all files.
        series: the study's ``series``: units and sign, None where it leaves them to the files.

    Returns:
        ``units``; ``sign``, towards where nobody says it; ``says``, which of the two the files say; ``asked``, which the study says.

    Raises:
        InsarcastError: files contradict the study or each other, are in no units of length, or nobody says the units.
    """
    meaning: dict[str, Any] = {"says": [], "asked": []}
    for key in ("units", "sign"):
        settled, by = series[key], None
        if settled is not None:
            meaning["asked"].append(key)
        for one in bands:
            own = getattr(one, key)
            if own is None:
                continue
            if key == "units" and own not in _LENGTHS:
                _refuse_units(own, one.tags.path.name)
            if settled is not None and own != settled:
                _refuse(key, settled, by, own, one.tags.path.name)
            settled, by = own, one.tags.path.name
        if by is not None:
            meaning["says"].append(key)
        meaning[key] = settled or ("towards" if key == "sign" else None)
    if meaning["units"] is None:
        raise InsarcastError(
            f"Nothing says in which units the displacement of {bands[0].tags.path.name} is; set series.units: mm, cm or m (their size cannot "
            "tell them apart)."
        )
    return meaning


def _refuse(key: str, settled: str, by: str | None, own: str, name: str) -> None:
    says = f"its values are in {own}" if key == "units" else f"positive is {own}"
    if by is None:
        raise InsarcastError(f"series.{key} is '{settled}', but {name} says that {says}; set series.{key}: {own}.")
    raise InsarcastError(
        f"{name} says that {says}, but {by} says {settled}; one series has one {key.rstrip('s')}, so convert one of them."
    )


def _refuse_units(own: str, name: str) -> None:
    if own == "rad":
        raise InsarcastError(
            f"{name} says that its values are in radians, which is phase; write displacement (-wavelength / 4 pi times a phase that grows "
            "away from the satellite), or use source geotiff for interferograms."
        )
    raise InsarcastError(
        f"{name} says that its values are in '{own[:40]}', which is no length, so it is no displacement; name other files in series.files, "
        "or correct the tag."
    )


def _the_date(text: str) -> str | None:
    """The only date in a text, whatever stands around it: ``Band 3: 2018-01-06``."""
    days = {day for day in map(parse_date, _DATE.findall(text)) if day}
    return days.pop() if len(days) == 1 else None


def _plain_units(text: str) -> str:
    plain = text.strip().lower()
    return next((units for units, words in _UNITS.items() if plain in words), plain)


def _upper(tags: dict[str, str]) -> dict[str, str]:
    return {name.upper(): value for name, value in tags.items()}


def _of(file: dict[str, str], bands: Sequence[dict[str, str]], used: Sequence[int], names: Sequence[str]) -> list[str]:
    """What the tags of a file and of its used bands say."""
    return [*_named(file, names), *(text for row in used for text in _named(bands[row], names))]


def _only(said: Iterable[str], what: str, path: Path) -> str | None:
    """What all say.

    Raises:
        InsarcastError: some say other than others.
    """
    different = list(dict.fromkeys(said))
    if len(different) > 1:
        raise InsarcastError(f"{path} says that its {what} {different[0]}, and {different[1]}; correct its tags.")
    return next(iter(different), None)


def _named(tags: dict[str, str], names: Sequence[str]) -> list[str]:
    return [tags[name] for name in names if tags.get(name, "").strip()]
