"""What a correction did, as numbers for each date and a sentence, for the record and the report."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from .height import HeightDelay
from .ramps import Ramp
from .sample import Sample

Float = npt.NDArray[np.float64]

_SLOPES = (
    "mm_per_km are about the mean of the dates, as estimated; share is the part of each that was taken off, less their trend"
)


def maps_entry(method: str, missing: list[str], counts: tuple[int, int], before: Sample, after: Sample) -> dict[str, Any]:
    """Delay maps: which dates had none, and how rough the dates were before and after."""
    rough = _roughness(before, after)
    sentence = f"{method.upper()} delays taken off ({_said(rough)})"
    if missing:
        sentence += f"; none for {', '.join(missing)}, whose delay is still in"
    if counts[1]:
        sentence += f"; {counts[1]} pixels that they do not cover are left out"
    return {"step": method, "sentence": sentence, "missing": missing, "uncovered": counts[1], **rough}


def height_entry(kind: str, found: HeightDelay, before: Sample, after: Sample) -> dict[str, Any]:
    """Delay with height: slope of each date about their mean, its error, and the share of it that was taken off."""
    rough = _roughness(before, after)
    if found.reason:
        sentence = f"delay with height not corrected: {found.reason}"
    else:
        size, taken = float(np.std(found.slopes)), found.share[found.share > 0]
        part = f", {np.median(taken):.0%} of a usual slope" if len(taken) else ""
        sentence = (
            f"delay with height taken off {int((found.share > 0).sum())} of {len(found.share)} dates, {size:.1f} mm/km from date to date{part} "
            f"({_said(rough)})"
        )
        if found.caution:
            sentence += f"; caution: {found.caution}"
    return {
        "step": "height", "kind": kind, "sentence": sentence, "note": _SLOPES, "pixels": found.pixels, "moving_share": round(found.moving, 4),
        "mm_per_km": _plain(found.slopes), "mm_per_km_error": _plain(found.errors),
        "share": _plain(found.share),
        "corrected": [bool(one) for one in found.share > 0], "coefficients": [_plain(row) for row in found.coefficients], **rough,
    }  # fmt: skip


def ramp_entry(ramp: Ramp, *, forced: bool, before: Sample, after: Sample) -> dict[str, Any]:
    """Ramps: coefficients of each date, and the evidence for or against them."""
    rough = _roughness(before, after)
    sentence = f"a {ramp.surface} surface taken off each date ({_said(rough)})"
    if forced:
        sentence += f", forced although {ramp.objection}"
    return {
        "step": "deramp", "surface": ramp.surface, "sentence": sentence, "forced": forced,
        "coefficients": [_plain(row) for row in ramp.coefficients],
        "moving_share": round(ramp.moving, 4), "explained": round(ramp.explained, 4), "trend": round(ramp.trend, 2), **rough,
    }  # fmt: skip


def moved_entry(data: xr.Dataset, attributes: dict[str, Any]) -> dict[str, Any]:
    """The reference: from where to where."""
    keys = ("row", "col", "lon", "lat", "window")
    old, new = ({key: source.get(f"reference_{key}") for key in keys} for source in (data.attrs, attributes))
    lon, lat = old["lon"], old["lat"]
    before = "the product's own place, which is not known," if lon is None or lat is None else said_place(lon, lat)
    sentence = f"reference moved from {before} to {said_place(attributes['reference_lon'], attributes['reference_lat'])}"
    return {"step": "reference", "sentence": sentence, "from": old, "to": new, "note": attributes["reference_note"]}


def said_place(lon: float, lat: float) -> str:
    """A place in words, degrees with their side of the globe."""
    return f"{abs(lat):.4f} {'N' if lat >= 0 else 'S'}, {abs(lon):.4f} {'E' if lon >= 0 else 'W'}"


def _roughness(before: Sample, after: Sample) -> dict[str, list[float]]:
    """Standard deviation over the sample of what each pixel's own line in time leaves, mm, by date."""
    return {"std_before": before.scatter(), "std_after": after.scatter()}


def _said(rough: dict[str, list[float]]) -> str:
    before, after = (np.array(rough[key]) for key in ("std_before", "std_after"))
    lower = int((after < before).sum())
    return f"scatter over the scene {np.median(before):.1f} to {np.median(after):.1f} mm, lower on {lower} of {len(before)} dates"


def _plain(values: Float) -> list[float | None]:
    return [round(float(value), 4) if np.isfinite(value) else None for value in values]
