"""The head of a cube: source, geometry, dates, reference, sign, version."""

from __future__ import annotations

from typing import Any

import xarray as xr

from insarcast.core import Manifest

from ..displacement.numbers import CubeNumbers
from ..stack import ready_words, source_words
from ..writing import sight, words


def strip_of(cube: xr.Dataset, manifest: Manifest, facts: CubeNumbers, found: dict[str, Any]) -> list[tuple[str, str]]:
    """Lines of the head: what each is, and what it says."""
    reference = found["reference"]
    days = f"{facts.dates[0]} to {facts.dates[-1]}, {len(found['dates'])} of {words.count(found['dates_found'], 'date')} used"
    zero = ready_words.zero(reference)
    if "reference_moved_from_lon" in cube.attrs:  # the record of the inversion has the place before
        moved = words.place(float(cube.attrs["reference_lon"]), float(cube.attrs["reference_lat"]))
        zero = f"{moved}, moved there after the inversion"
    elif reference.get("lon") is not None:
        zero = words.place(float(reference["lon"]), float(reference["lat"]))
    vintage = str(cube.attrs.get("as_of", "full"))
    known = facts.dates[-1] if vintage == "full" else words.day(vintage.removeprefix("asof-"))
    return [
        ("Source", source_words.source(manifest)),
        *(ready_words.strip(found) if ready_words.is_ready(found) else []),
        ("Geometry", sight.geometry(facts.incidence, facts.heading)),
        ("Dates", days),
        ("Reference (zero)", zero),
        ("As of", f"{known}, the newest acquisition used"),
        ("Sign", "positive = towards the satellite"),
        (
            "Version",
            f"insarcast {cube.attrs.get('insarcast_version', 'unknown')}, settings {cube.attrs.get('config_hash', 'unknown')}",
        ),
    ]
