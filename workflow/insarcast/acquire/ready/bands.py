"""What the bands of a GeoTIFF say about themselves: dates, units and sign, without reading a pixel."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from insarcast.core import InsarcastError, parse_date

from ..interferograms.tags import Tags, read_tags

_UNITS = {
    "mm": ("mm", "millimetre", "millimeter", "millimetres", "millimeters"),
    "cm": ("cm", "centimetre", "centimeter", "centimetres", "centimeters"),
    "m": ("m", "metre", "meter", "metres", "meters"),
    "rad": ("rad", "radian", "radians"),
}
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
        units = [text for text in source.units if text]
    dates = [
        _the_date(text) or next((day for day in map(_the_date, _named(own, _DATE_TAGS)) if day), None)
        for text, own in zip(described, of_bands, strict=True)
    ]
    said = [*units, *_named(of_file, _UNIT_TAGS), *(text for own in of_bands for text in _named(own, _UNIT_TAGS))]
    signs = [*_named(of_file, _SIGN_TAGS), *(text for own in of_bands for text in _named(own, _SIGN_TAGS))]
    return Bands(
        tags,
        dates,
        [text or f"band {number}" for number, text in enumerate(described, 1)],
        next(map(_plain_units, said), None),
        next((word for text in signs for word in ("towards", "away") if word in text.lower()), None),
    )


def check_meaning(bands: Sequence[Bands], series: Mapping[str, str | None]) -> list[str]:
    """Hold the study's units and sign against what the files say.

    Args:
        bands: of all files.
        series: the study's ``series``: units (None: mm), sign (None: towards).

    Returns:
        What the files say themselves, of ``units`` and ``sign``.

    Raises:
        InsarcastError: they say something else.
    """
    said = []
    for key, given in (("units", series["units"] or "mm"), ("sign", series["sign"] or "towards")):
        for one in bands:
            own = getattr(one, key)
            if own is not None and own != given:
                _refuse(key, given, own, one.tags.path.name)
            if own is not None and key not in said:
                said.append(key)
    return said


def _refuse(key: str, given: str, own: str, name: str) -> None:
    if key == "sign":
        raise InsarcastError(f"series.sign is '{given}', but {name} says that positive is {own}; set series.sign: {own}.")
    if own in ("mm", "cm", "m"):
        raise InsarcastError(f"series.units is '{given}', but {name} says that its values are in {own}; set series.units: {own}.")
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


def _named(tags: dict[str, str], names: Sequence[str]) -> list[str]:
    return [tags[name] for name in names if tags.get(name, "").strip()]
