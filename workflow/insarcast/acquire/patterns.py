"""Name patterns: find files by ``{date1}``, ``{date2}``, ``{date}`` and ``*``."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from insarcast.core import InsarcastError

_PLACES = ("date1", "date2", "date")
_PARTS = re.compile(r"(\{date1\}|\{date2\}|\{date\}|\*)")
_DIGITS = r"\d{8}"
_ANY_FORM = r"\d{8}|\d{4}[-_]\d{2}[-_]\d{2}"


def check_pattern(pattern: str, key: str) -> None:
    """Refuse a pattern without both dates.

    Args:
        pattern: name pattern below the folder.
        key: the study's key that holds it, for the sentence.

    Raises:
        InsarcastError: ``{date1}`` or ``{date2}`` is missing.
    """
    for date in ("{date1}", "{date2}"):
        if date not in pattern:
            raise InsarcastError(f"{key} is '{pattern}', but must hold {{date1}} and {{date2}} in the place of the dates.")


def find(folder: Path, pattern: str) -> list[Path]:
    """Files below ``folder`` whose names fit, with anything in the place of the dates, sorted; only ``*`` is special.

    Raises:
        InsarcastError: the pattern leads out of the folder.
    """
    if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        raise InsarcastError(f"The name pattern '{pattern}' leads out of its folder; give names below {folder}.")
    anything = "".join("*" if _PARTS.fullmatch(part) else glob.escape(part) for part in _PARTS.split(pattern))
    return sorted(path for path in folder.glob(re.sub(r"\*+", "*", anything)) if path.is_file())


def fill(folder: Path, pattern: str, date1: str, date2: str) -> list[Path]:
    """Files below ``folder`` that fit the pattern for one pair, sorted."""
    return find(folder, pattern.replace("{date1}", date1).replace("{date2}", date2))


def dates_of(folder: Path, path: Path, pattern: str) -> tuple[str, str] | None:
    """Read the pair ``yyyymmdd``, ``yyyymmdd`` from a file's name; None if no readable dates stand where the pattern says.

    A date that stands twice in the pattern (``{date1}_{date2}/{date1}_{date2}.unw.tif``) must be the same both times.
    """
    match = re.fullmatch("".join(_expression(pattern, _DIGITS)), path.relative_to(folder).as_posix())
    if match is None or not all(is_date(match[name]) for name in ("date1", "date2")):
        return None
    return match["date1"], match["date2"]


def places_of(pattern: str) -> list[str]:
    """Which of ``date``, ``date1`` and ``date2`` a pattern holds."""
    return [name for name in _PLACES if f"{{{name}}}" in pattern]


def days_of(folder: Path, path: Path, pattern: str) -> dict[str, str] | None:
    """Read the dates of a file's name, ``yyyymmdd``, ``yyyy-mm-dd`` or ``yyyy_mm_dd``, wherever the pattern has a place for one.

    Returns:
        Place -> ``yyyymmdd``; None if no readable dates stand where the pattern says.
    """
    match = re.fullmatch("".join(_expression(pattern, _ANY_FORM)), path.relative_to(folder).as_posix())
    days = {name: re.sub(r"\D", "", text) for name, text in match.groupdict().items()} if match else {}
    return days if match and all(map(is_date, days.values())) else None


def example(folder: Path) -> str:
    """One file below a folder, for a sentence: what is there instead."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            return f"there is for example {path.relative_to(folder)}"
    return "the folder is empty"


def _expression(pattern: str, day: str) -> Iterator[str]:
    """Parts of a regular expression; ``day`` is what fits a date."""
    seen: set[str] = set()
    for part in _PARTS.split(pattern):
        name = part.strip("{}")
        if part == "*":
            yield "[^/]*"
        elif name in _PLACES and part != name:
            yield f"(?P={name})" if name in seen else rf"(?P<{name}>{day})"
            seen.add(name)
        else:
            yield re.escape(part)


def is_date(text: str) -> bool:
    """Whether eight digits are a day of the calendar."""
    try:
        return bool(datetime.strptime(text, "%Y%m%d"))
    except ValueError:
        return False
