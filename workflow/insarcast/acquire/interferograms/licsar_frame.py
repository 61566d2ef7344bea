"""What a LiCSAR frame says about itself: metadata.txt and the table of baselines."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from insarcast.core import InsarcastError

from ..patterns import is_date
from .key_values import number_of, read_key_values

_LIGHT = 299_792_458.0
_FREQUENCY = 5.405e9  # Hz, Sentinel-1; LiCSAR writes radar_freq for other sensors only

LETTERS = ("E", "N", "U", "hgt")  # line of sight and heights
TEXTS = ("baselines", "metadata.txt")


@dataclass(frozen=True)
class Frame:
    """A frame's metadata.

    Attributes:
        wavelength: m.
        heading: degrees clockwise from north, or None.
        incidence: mean incidence angle in degrees, or None.
        utc: time of day of the acquisitions in s, or None.
    """

    wavelength: float
    heading: float | None
    incidence: float | None
    utc: float | None


def frame_files(frame: str, lacking: Collection[str] = ()) -> list[str]:
    """Names in the portal's folder ``metadata`` of what a frame has beside its interferograms.

    Args:
        frame: its name.
        lacking: names that the portal has not.
    """
    names = [*(f"{frame}.geo.{letter}.tif" for letter in LETTERS), *TEXTS]
    return [name for name in names if name not in lacking]


def read_metadata(path: Path | None) -> Frame:
    """Read ``metadata.txt``, one ``key=value`` a line; without it everything is as Sentinel-1 has it."""
    values = {} if path is None else read_key_values(path, "=")
    frequency = number_of(values, "radar_freq")
    if frequency is not None and not 1e8 < frequency < 1e11:
        raise InsarcastError(f"{path} gives radar_freq={frequency:g}, which is no radar's frequency in Hz; correct it.")
    return Frame(
        _LIGHT / (frequency or _FREQUENCY),
        number_of(values, "heading"),
        number_of(values, "avg_incidence_angle"),
        _seconds(values.get("center_time", "")),
    )


def read_bperp(path: Path) -> dict[str, float]:
    """Perpendicular baseline in m of every date, against one prime date, from a frame's ``baselines``.

    Two forms exist: four columns ``prime date bperp days``, and an older one of nine columns, ``number date1 date2 bperp days
    days1 days2 bperp1 bperp2``, whose last two are those of its two dates against the prime.

    Returns:
        Date -> m; empty if the file is.

    Raises:
        InsarcastError: a line has neither form.
    """
    found: dict[str, float] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if not (columns := line.split()):
            continue
        values = _line(columns)
        if values is None:
            raise InsarcastError(
                f"{path} is no table of baselines: line {number} ('{line.strip()[:40]}') has neither 4 columns (prime, date, m, "
                "days) nor 9; fetch it again, or delete it to go on without baselines."
            )
        found |= values
    return found


def pair_baselines(dates: Mapping[str, float], pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], float]:
    """Baselines in m of the pairs whose two dates have one."""
    return {pair: dates[pair[1]] - dates[pair[0]] for pair in pairs if pair[0] in dates and pair[1] in dates}


def _line(columns: list[str]) -> dict[str, float] | None:
    """Date -> m of one line, or None if it has neither form."""
    try:
        if len(columns) == 4:
            values = {columns[0]: 0.0, columns[1]: float(columns[2])}
        elif len(columns) == 9:
            values = {columns[1]: float(columns[7]), columns[2]: float(columns[8])}
        else:
            return None
    except ValueError:
        return None
    good = all(len(date) == 8 and is_date(date) and math.isfinite(value) for date, value in values.items())
    return values if good else None


def _seconds(clock: str) -> float | None:
    """``hh:mm:ss.f`` as seconds of the day; LiCSAR writes ``1 day, 0:00:12`` for an orbit over midnight."""
    try:
        hours, minutes, seconds = map(float, clock.rpartition(",")[2].split(":"))
    except ValueError:
        return None
    return 3600 * hours + 60 * minutes + seconds
