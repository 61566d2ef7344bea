"""Which file and band hold the displacement of each date, by names of files or descriptions of bands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from insarcast.core import InsarcastError

from ..patterns import days_of, example, find, places_of
from ..select import Skipped, skip
from .bands import Bands, read_bands

Place = tuple[Path, int]  # a file and its band


@dataclass
class RasterPlaces:
    """Where the displacement of each date is.

    Attributes:
        folder: holds the files.
        products: the study's ``products``: bad_file.
        places: date -> file and band; None for the date that all begin on, where it has none.
        bands: file -> what its bands are.
        skipped: files and bands that are not used.
        firsts: dates that files of two dates begin on.
    """

    folder: Path
    products: Mapping[str, Any]
    places: dict[str, Place | None] = field(default_factory=dict)
    bands: dict[Path, Bands] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    firsts: set[str] = field(default_factory=set)

    def add(self, pattern: str) -> None:
        """Add the files that fit a name."""
        kind = places_of(pattern)
        if kind not in ([], ["date"], ["date1", "date2"]):
            raise InsarcastError(
                f"series.files has '{pattern}'; give {{date}}, or {{date1}} and {{date2}}, or neither for files with a band per date."
            )
        files = find(self.folder, pattern)
        if not files:
            raise InsarcastError(f"No file in {self.folder} fits '{pattern}' of series.files; {example(self.folder)}.")
        before = len(self.places)
        for path in files:
            days = days_of(self.folder, path, pattern)
            if days is None:
                name = str(path.relative_to(self.folder))
                self.skipped.append(skip("file", name, f"its name holds no date where series.files '{pattern}' says"))
            elif bands := self._open(path, next(iter(days.values()), None)):
                self.bands[path] = bands
                self._take(path, bands, days)
        if len(self.places) == before and not self.skipped:
            raise InsarcastError(
                f"No band of the files that fit '{pattern}' of series.files is described by a date; write {{date}} where their names have "
                "it, or describe the bands by their dates (gdal_edit.py, rasterio's set_band_description)."
            )

    def begin(self, first: str | None) -> None:
        """Add the date that all displacement begins on, where it has no file of its own."""
        if len(self.firsts) > 1:
            one, two, *_ = sorted(self.firsts)
            raise InsarcastError(
                f"The files of {self.folder} begin on different dates ({one}, {two}), so they are pairs or steps and no series from one date; "
                "sum them up to one date, or use source geotiff for interferograms."
            )
        named = first.replace("-", "") if first else next(iter(self.firsts), None)
        if named is None or (named in self.places and not first):
            return
        if named in self.places:
            raise InsarcastError(f"series.first is {named}, but that date has a file or band of its own; remove the key.")
        if self.places and named > min(self.places):
            raise InsarcastError(
                f"The series begins on {named}, but there is displacement of {min(self.places)}, an earlier date; correct series.first."
            )
        self.places[named] = None

    def _take(self, path: Path, bands: Bands, days: Mapping[str, str]) -> None:
        if "date1" in days:
            if days["date1"] >= days["date2"]:
                self.skipped.append(skip("file", path.name, "its first date is not earlier than its second"))
                return
            self.firsts.add(days["date1"])
        if days:
            self._place(days.get("date2") or days["date"], (path, 1))
            return
        for number, (date, name) in enumerate(zip(bands.dates, bands.names, strict=True), 1):
            if date:
                self._place(date, (path, number))
            elif any(bands.dates):
                self.skipped.append(skip("band", f"{path.name}, {name}", "it is described by no date"))

    def _place(self, date: str, place: Place) -> None:
        if other := self.places.get(date):
            name = place[0].relative_to(self.folder).as_posix()
            self.skipped.append(skip("file", name, f"a second one of {date}; {other[0].relative_to(self.folder)} is used"))
        else:
            self.places[date] = place

    def _open(self, path: Path, date: str | None) -> Bands | None:
        """What a file says; None where it is broken and the study skips such files."""
        try:
            return read_bands(path)
        except InsarcastError as error:
            if self.products["bad_file"] == "stop":
                without = f", or list {date} in products.exclude," if date else ""
                raise InsarcastError(
                    f"{str(error).rstrip('.')}; or set products.bad_file: skip{without} to go on without it."
                ) from None
            self.skipped.append(skip("file", path.name, str(error)))
            return None
