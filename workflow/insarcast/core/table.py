"""The head of a text table: is it text, what separates its columns, what are they called, which of them are dates."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from .errors import InsarcastError

DELIMITERS = ",;\t|"
_DATE = re.compile(r"[A-Za-z_]*((?:19|20)\d\d)([-_/.]?)(\d\d)\2(\d\d)(?:[T ][\d:.]*Z?)?")
# First bytes of what is often met in the place of a table, and what to do.
_STRANGERS = {
    b"PK": "is a packed archive; unpack it",
    b"\x1f\x8b": "is packed by gzip; unpack it",
    b"\xff\xfe": "is text in UTF-16; save it as UTF-8",
    b"\xfe\xff": "is text in UTF-16; save it as UTF-8",
    b"version https://git-lfs": "is a pointer of Git LFS, not the file itself; fetch it with git lfs pull",
    b"<": "is a web page or XML, not a table; download the file itself",
}


@dataclass(frozen=True)
class Header:
    """First line of a text table.

    Attributes:
        path: the file.
        delimiter: what separates its columns; a blank stands for any white space.
        names: the columns' names as they are written, without quotes and blanks around them.
        lines: lines up to and with the first line, for empty ones may come before it.
    """

    path: Path
    delimiter: str
    names: list[str]
    lines: int

    @property
    def dates(self) -> dict[int, str]:
        """Position -> ``yyyymmdd`` of the columns whose names are dates."""
        return {position: day for position, name in enumerate(self.names) if (day := parse_date(name))}


def parse_date(text: str) -> str | None:
    """Read a day: ``20150309``, ``2015-03-09``, ``2015_03_09``, with a word before it (``D20150309``) or a time after it.

    Returns:
        ``yyyymmdd``, or None where it is none.
    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[3]), int(match[4])).strftime("%Y%m%d")
    except ValueError:
        return None


def read_header(path: Path, delimiter: str | None = None) -> Header:
    """Read the first line of a text table that is not empty.

    Args:
        path: the file, in UTF-8 with or without a byte order mark.
        delimiter: what separates its columns; None: the one of comma, semicolon, tab, bar and blanks that there is most of.

    Raises:
        InsarcastError: the file is empty or no text.
    """
    with open(path, "rb") as file:
        start = file.read(4096)
    if not start.strip():
        raise InsarcastError(f"{path} is empty; fetch it again.")
    for sign, what in _STRANGERS.items():
        if start.startswith(sign):
            raise InsarcastError(f"{path} {what}.")
    if b"\0" in start:
        raise InsarcastError(f"{path} is no text; a table of series is a csv in UTF-8, or a shapefile or GeoPackage.")
    try:
        with open(path, encoding="utf-8-sig", newline="") as text:
            count, line = next((count, line) for count, line in enumerate(text, 1) if line.strip())
    except UnicodeDecodeError:
        raise InsarcastError(f"{path} is no text in UTF-8; save it as one.") from None
    found = delimiter or max(DELIMITERS, key=line.count)
    if delimiter is None and not line.count(found):
        found = " "
    return Header(path, found, split_line(line, found), count)


def split_line(line: str, delimiter: str) -> list[str]:
    """Cells of a line, without quotes and blanks around them."""
    if delimiter == " ":
        return line.split()
    cells: Sequence[str] = next(csv.reader([line], delimiter=delimiter), [])
    return [cell.strip() for cell in cells]
