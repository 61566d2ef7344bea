"""Interferograms as the record of the stack holds them: how many are used, why others are not, baselines of their dates."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..writing import words


def date_baselines(pairs: list[dict[str, Any]]) -> dict[str, float]:
    """Perpendicular baseline of each date in m against the first, by least squares from those of the interferograms.

    Dates that no known baseline reaches are left out.
    """
    known = [pair for pair in pairs if pair.get("baseline") is not None and np.isfinite(pair["baseline"])]
    dates = sorted({pair[key] for pair in known for key in ("date1", "date2")})
    if not known:
        return {}
    place = {date: index for index, date in enumerate(dates)}
    design = np.zeros((len(known), len(dates)))
    for row, pair in enumerate(known):
        design[row, place[pair["date2"]]], design[row, place[pair["date1"]]] = 1.0, -1.0
    solved = np.linalg.lstsq(design, np.array([pair["baseline"] for pair in known]), rcond=None)[0]
    return dict(zip(dates, (solved - solved[0]).tolist(), strict=True))


def time(date: str) -> np.datetime64:
    """``yyyymmdd`` as a day."""
    return np.datetime64(words.day(date), "D")


def reasons_of_pairs(found: dict[str, Any]) -> dict[str, int]:
    """Why interferograms were dropped: reason -> how many, those that were never read included."""
    counts: dict[str, int] = {}
    for item in found["dropped"]:
        if item["what"] == "pair":
            counts[item["reason"]] = counts.get(item["reason"], 0) + 1
    return counts


def pair_counts(found: dict[str, Any]) -> tuple[int, int]:
    """Interferograms used, and all that were found (those that could not be read included)."""
    kept = sum(pair["kept"] for pair in found["pairs"])
    return kept, kept + sum(reasons_of_pairs(found).values())
