"""Name patterns: find files by ``{date1}``, ``{date2}`` and ``*``."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from insarcast.core import InsarcastError

_PARTS = re.compile(r"(\{date1\}|\{date2\}|\*)")


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
    anything = "".join("*" if part in ("*", "{date1}", "{date2}") else glob.escape(part) for part in _PARTS.split(pattern))
    return sorted(path for path in folder.glob(re.sub(r"\*+", "*", anything)) if path.is_file())


def fill(folder: Path, pattern: str, date1: str, date2: str) -> list[Path]:
    """Files below ``folder`` that fit the pattern for one pair, sorted."""
    return find(folder, pattern.replace("{date1}", date1).replace("{date2}", date2))


def dates_of(folder: Path, path: Path, pattern: str) -> tuple[str, str] | None:
    """Read the pair ``yyyymmdd``, ``yyyymmdd`` from a file's name; None if no readable dates stand where the pattern says.

    A date that stands twice in the pattern (``{date1}_{date2}/{date1}_{date2}.unw.tif``) must be the same both times.
    """
    match = re.fullmatch("".join(_expression(pattern)), path.relative_to(folder).as_posix())
    if match is None or not all(is_date(match[name]) for name in ("date1", "date2")):
        return None
    return match["date1"], match["date2"]


def example(folder: Path) -> str:
    """One file below a folder, for a sentence: what is there instead."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            return f"there is for example {path.relative_to(folder)}"
    return "the folder is empty"


def _expression(pattern: str) -> Iterator[str]:
    seen: set[str] = set()
    for part in _PARTS.split(pattern):
        name = part.strip("{}")
        if part == "*":
            yield "[^/]*"
        elif name in ("date1", "date2") and part != name:
            yield f"(?P={name})" if name in seen else rf"(?P<{name}>\d{{8}})"
            seen.add(name)
        else:
            yield re.escape(part)


def is_date(text: str) -> bool:
    """Whether eight digits are a day of the calendar."""
    try:
        return bool(datetime.strptime(text, "%Y%m%d"))
    except ValueError:
        return False
