"""Sentences on displacement. No adjective without a threshold; n and dates always; what is missing is said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from ..writing import words
from ..writing.sight import motion
from ..writing.words import capital, count, day, mm, percent, place, rate, whole


def fastest(speed: float, lon: float, lat: float, share: float, edge: float, first: str, last: str) -> str:
    """What moves most.

    Args:
        speed: velocity of the fastest used pixel in mm/yr, + towards the satellite.
        lon: its longitude, degrees.
        lat: its latitude, degrees.
        share: share of the used pixels that move faster than ``edge``.
        edge: mm/yr.
        first: first date of the series.
        last: last date.
    """
    if round(abs(speed)) == 0:
        return f"Between {day(first)} and {day(last)} no pixel moves by {rate(1)} or more along the line of sight."
    most = "No other pixel moves" if share == 0 else f"{percent(share)} of the used pixels move"
    if abs(speed) <= edge:
        most = "None of the used pixels moves"
    return (
        f"Between {day(first)} and {day(last)} the fastest pixel ({place(lon, lat)}) moved {motion(speed)} at {rate(speed)}; "
        f"{most[0].lower() + most[1:]} faster than {rate(edge)}."
    )


def used(kept: int, total: int, masked: int, reasons: Sequence[tuple[str, int]]) -> str:
    """How much of the area is used, and why the rest is not.

    Args:
        kept: pixels with displacement that the mask keeps.
        total: pixels of the grid.
        masked: pixels with displacement that the mask leaves out; those that are left have none.
        reasons: ``(reason, pixels)``, most frequent first; a pixel may have several.
    """
    if total == kept > 0:
        return f"Every one of the {count(total, 'pixel')} is used." if total > 1 else "The only pixel is used."
    missing = total - kept - masked
    mostly = f", mostly for {words.reason(reasons[0][0])} ({count(reasons[0][1], 'pixel')})" if reasons else ""
    if kept == 0:
        parts = f" ({count(missing, 'pixel')} not measured, {whole(masked)} measured but masked)" if missing and masked else ""
        return f"0 of {count(total, 'pixel')} are {'used' if masked else 'measured'}{parts}{mostly}: there is nothing to map."
    share = capital(percent(1 - kept / total))
    if not masked:
        return f"{share} of the area is not measured{mostly}."
    parts = (
        f"{percent(missing / total)} not measured, {percent(masked / total)} measured but masked"
        if missing
        else "measured but masked"
    )
    return f"{share} of the area is not used ({parts}){mostly}."


def worst_date(date: str | None, rms: float, usual: float, share: float, jump: float) -> str:
    """The date that fits worst between its neighbours.

    Args:
        date: the date, or None where there are fewer than three.
        rms: its deviation from the line between its neighbours in mm, rms over the pixels.
        usual: median of that number over all dates.
        share: share of the pixels that deviate by more than ``jump``.
        jump: mm.
    """
    if date is None:
        return "Fewer than three dates: none can be held against its neighbours."
    off = f"deviates from the line between its neighbours by {mm(rms)} (rms; the median date by {mm(usual)})"
    if rms <= 2 * usual:
        return f"No date stands out: the least smooth, {day(date)}, {off}."
    return f"{day(date)} {off}, in {percent(share)} of the pixels by more than {mm(jump)}; check it for unwrapping errors and weather."


def areas(found: int, edge: float, smallest: int) -> str:
    """What the table of areas lists."""
    if found == 0:
        return f"No area of {count(smallest, 'pixel')} or more moves faster than {rate(edge)}."
    if found == 1:
        return f"One connected area of {count(smallest, 'pixel')} or more moves faster than {rate(edge)}."
    return f"{count(found, 'connected area')} of {count(smallest, 'pixel')} or more move faster than {rate(edge)}; the fastest come first."


def fitted(cube: xr.Dataset) -> list[str]:
    """What is fitted beside the velocity, and what was asked for and is not."""
    names = [str(name) for name in np.atleast_1d(cube.attrs.get("time_functions", []))]
    parts = ["a yearly course"] if "cosine" in names else []
    steps = [words.day(name.removeprefix("step_")) for name in names if name.startswith("step_")]
    parts += [f"{'a step' if len(steps) == 1 else 'steps'} on {words.listed(steps)}"] if steps else []
    parts += ["the DEM's error, whose part is taken off the displacement"] if "dem_error" in cube else []
    lines = [f"The velocity is fitted together with {words.listed(parts)}."] if parts else []
    return lines + [
        words.capital(str(note).rstrip(".")) + "." for note in np.atleast_1d(cube.attrs.get("notes", [])) if str(note)
    ]
