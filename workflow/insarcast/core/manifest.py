"""What ``acquire`` found: the one file that later stages read it from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .errors import InsarcastError
from .files import write_json


@dataclass(frozen=True)
class Pair:
    """One interferogram.

    Attributes:
        date1: first (primary) acquisition, ``yyyymmdd``.
        date2: second (secondary) acquisition, later than ``date1``.
        unwrapped: file of the unwrapped phase.
        coherence: file of the coherence, or None.
        baseline: perpendicular baseline in m, or None.
        components: file of the connected components, where pixels of component 0 are not used, or None.
    """

    date1: str
    date2: str
    unwrapped: str
    coherence: str | None = None
    baseline: float | None = None
    components: str | None = None

    @property
    def name(self) -> str:
        return f"{self.date1}_{self.date2}"


@dataclass(frozen=True)
class Manifest:
    """Products of one cube, without times, so that the same products give the same bytes.

    Attributes:
        source: name of the source, for example ``geotiff``.
        dates: acquisition dates, ascending, ``yyyymmdd``; of a ready series those in its table's first line, empty where only
            reading the whole table tells them.
        pairs: interferograms in the order of their dates; none where the product is a ready series.
        static: name -> files of layers that do not change in time (``dem``, ``los_east`` ...); the first file fills the grid, the
            next fill what it leaves. ``series``: the tables of a ready series; ``neighbours``: who is whose neighbour among its points.
        gnss: GNSS files.
        conventions: ``sign`` (away or towards), ``wavelength`` in m, ``nodata``, ``los`` (enu unit vector) and the like; of a ready
            series ``sign``, ``units`` and ``product``, a few words on what was measured.
        skipped: what was left out: ``{"what", "name", "reason"}``.
        sha256: file -> checksum of every file above.
        credits: who made the data and under which licence.
        truth: store of what was simulated, for scoring only, or None for a real scene.
        area: west, south, east and north in degrees of the study's place, or None.
    """

    source: str
    dates: list[str]
    pairs: list[Pair]
    static: dict[str, list[str]] = field(default_factory=dict)
    gnss: list[str] = field(default_factory=list)
    conventions: dict[str, Any] = field(default_factory=dict)
    skipped: list[dict[str, str]] = field(default_factory=list)
    sha256: dict[str, str] = field(default_factory=dict)
    credits: list[str] = field(default_factory=list)
    truth: str | None = None
    area: Sequence[float] | None = None

    def write(self, path: Path) -> None:
        write_json(path, asdict(self))


def read_manifest(path: Path | str) -> Manifest:
    """Read a manifest.

    Raises:
        InsarcastError: the file is missing or is no manifest of this version.
    """
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
        return Manifest(**values | {"pairs": [Pair(**pair) for pair in values["pairs"]]})
    except FileNotFoundError:
        raise InsarcastError(f"There is no manifest {path}; run the workflow's acquire stage first.") from None
    except (ValueError, TypeError, KeyError) as error:
        raise InsarcastError(f"{path} is no manifest of this version ({error}); delete it and run again.") from error


def last_origins(manifest: Path | str, count: int, *, steps: int = 1, history: int = 3) -> list[str]:
    """The last ``count`` dates of a manifest that have ``steps`` later dates to score and ``history`` up to and with themselves.

    Args:
        manifest: what ``acquire`` found.
        count: how many origins.
        steps: dates needed after the last origin.
        history: dates needed up to and with the first origin.

    Raises:
        InsarcastError: there are not enough dates.
    """
    dates = read_manifest(manifest).dates
    most = len(dates) - steps - history + 1
    if count > most:
        raise InsarcastError(
            f"forecast.origins asks for {count} test dates, but {manifest} holds {len(dates)} dates, which allow {max(most, 0)} "
            f"(each needs {history} dates up to its forecast and {steps} after); lower forecast.origins (0: no test) or "
            "forecast.history, or add acquisitions."
        )
    return list(dates[len(dates) - steps - count : len(dates) - steps])
