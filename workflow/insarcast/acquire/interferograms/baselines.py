"""Perpendicular baselines of pairs, from GAMMA base.par files or a csv."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from pathlib import Path

from insarcast.core import InsarcastError

from ..patterns import check_pattern, fill

# Mean radius of the Earth and of Sentinel-1's orbit, m. Another satellite at 500-800 km moves the look angle by about 1 degree.
_EARTH, _ORBIT = 6_371_000.0, 7_071_000.0
_NUMBER = r"([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)"


def read_baselines(
    folder: Path, pattern: str, pairs: Sequence[tuple[str, str]], incidence: float | None
) -> dict[tuple[str, str], float]:
    """Perpendicular baselines in m of the pairs that have one.

    Args:
        folder: folder of the products.
        pattern: pattern of GAMMA base.par files with ``{date1}`` and ``{date2}``, or the name of one csv.
        pairs: ``(date1, date2)``, ``yyyymmdd``.
        incidence: incidence angle at the scene's centre in degrees; base.par files need it.

    Raises:
        InsarcastError: a file is missing or not readable, or base.par files are given without an incidence angle.
    """
    if "{date" not in pattern:
        table = read_csv(folder / pattern)
        return {pair: table[pair] for pair in pairs if pair in table}
    if incidence is None:
        raise InsarcastError(
            f"products.baselines names GAMMA files ({pattern}), which need the incidence angle; set products.incidence."
        )
    check_pattern(pattern, "products.baselines")
    found = {pair: fill(folder, pattern, *pair) for pair in pairs}
    return {pair: read_base_par(files[0], look_angle(incidence)) for pair, files in found.items() if files}


def look_angle(incidence: float) -> float:
    """Angle between nadir and line of sight at the satellite, degrees, from the incidence angle at the ground.

    The sine rule in the triangle of satellite, ground and the Earth's centre: ``sin(look) = R / (R + h) sin(incidence)``.
    """
    return math.degrees(math.asin(_EARTH / _ORBIT * math.sin(math.radians(incidence))))


def read_base_par(path: Path, look: float) -> float:
    """Perpendicular baseline in m at the scene's centre from a GAMMA ``base.par``.

    GAMMA's TCN frame has t along the track, c across it (right looking: away from nadir, outward) and n to nadir. The look
    vector is ``c sin(look) + n cos(look)``; what is perpendicular to it in that plane is ``c cos(look) - n sin(look)``. So
    ``bperp = C cos(look) - N sin(look)``, which is also what GAMMA's own ``base_perp`` tables hold.

    Args:
        path: the file.
        look: look angle in degrees, see :func:`look_angle`.

    Raises:
        InsarcastError: the file has no baseline.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    for name in ("precision_baseline", "initial_baseline"):  # the precise one is all zeros until base_ls has run
        if match := re.search(rf"^{name}\(TCN\):\s+{_NUMBER}\s+{_NUMBER}\s+{_NUMBER}", text, re.MULTILINE):
            across, nadir = float(match[2]), float(match[3])
            if across or nadir:
                return across * math.cos(math.radians(look)) - nadir * math.sin(math.radians(look))
    raise InsarcastError(f"{path} holds no precision_baseline(TCN) or initial_baseline(TCN); see products.baselines.")


def read_csv(path: Path) -> dict[tuple[str, str], float]:
    """Baselines in m from a csv with the columns date1, date2, bperp_m.

    Raises:
        InsarcastError: the file is missing, or a column is missing or no number.
    """
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return {(_compact(row["date1"]), _compact(row["date2"])): float(row["bperp_m"]) for row in rows}
    except FileNotFoundError:
        raise InsarcastError(f"There is no file {path}; products.baselines names it.") from None
    except (KeyError, TypeError, ValueError) as error:
        raise InsarcastError(
            f"{path} must be a csv with the columns date1, date2, bperp_m; reading it failed: {error}."
        ) from None


def _compact(date: str) -> str:
    return date.strip().replace("-", "")
