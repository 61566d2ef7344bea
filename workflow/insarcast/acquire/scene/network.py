"""When the satellite came, how far off its orbit it was, and which dates make interferograms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from .draw import Draw, generator


def make_dates(acquisitions: Mapping[str, Any], seed: int) -> list[date]:
    """Acquisition dates: planned every ``interval`` days, some never made, and one long gap."""
    rng = generator(seed, Draw.DATES)
    day = date.fromisoformat(acquisitions["start"])
    dates = [day]
    while len(dates) < acquisitions["count"]:
        day += timedelta(days=acquisitions["interval"])
        if len(dates) == acquisitions["gap_after"] and acquisitions["gap"] and (day - dates[-1]).days == acquisitions["interval"]:
            day += timedelta(days=acquisitions["gap"])
        if rng.random() >= acquisitions["missing"]:
            dates.append(day)
    return dates


def make_baselines(dates: Sequence[date], tube: float, seed: int) -> npt.NDArray[np.float64]:
    """Perpendicular position of the satellite on each date, m, relative to the first; a pair's baseline is a difference."""
    offset = np.array([generator(seed, Draw.BASELINE, day.toordinal()).normal(0, tube) if tube else 0.0 for day in dates])
    return np.asarray(offset - offset[0], np.float64)


def make_pairs(
    dates: Sequence[date], acquisitions: Mapping[str, Any], seed: int
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Small-baseline network.

    Args:
        dates: acquisition dates.
        acquisitions: the study's ``simulate.acquisitions``: lags, annual, lost.
        seed: the scene's seed.

    Returns:
        Pairs of indices into ``dates`` in their order, and those among them whose product is missing.
    """
    count = len(dates)
    pairs = {(i, i + lag) for i in range(count) for lag in acquisitions["lags"] if i + lag < count}
    if acquisitions["annual"]:
        pairs |= set(_annual(dates, acquisitions["interval"]))
    kept, lost, groups = set(pairs), [], _groups(pairs, count)
    for i, j in sorted(pairs):
        draw = generator(seed, Draw.LOST, dates[i].toordinal(), dates[j].toordinal()).random()
        if draw < acquisitions["lost"] and _groups(kept - {(i, j)}, count) == groups:
            kept.remove((i, j))
            lost.append((i, j))
    return sorted(kept), lost


def _annual(dates: Sequence[date], interval: int) -> list[tuple[int, int]]:
    found = []
    for i, first in enumerate(dates):
        off = [abs((later - first).days - 365) for later in dates]
        j = int(np.argmin(off))
        if off[j] <= interval / 2:
            found.append((i, j))
    return found


def _groups(pairs: set[tuple[int, int]], count: int) -> int:
    """Number of groups of dates that hang together by the pairs."""
    group = list(range(count))

    def head(i: int) -> int:
        while group[i] != i:
            i = group[i]
        return i

    for i, j in pairs:
        group[head(j)] = head(i)
    return len({head(i) for i in range(count)})
