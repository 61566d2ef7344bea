"""A reference that was chosen by evidence stays where it is when interferograms are added, so that series do not jump.

The pins lie in the cache and say what they were chosen from; a vintage takes the newest of its own past that holds. One holds as long
as all of that is still there, so it never depends on anything but how far the network had grown when it was set: a study from scratch
may choose another point, and decisions.json tells which of the two was done. Naming lon and lat in the study fixes it for good.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from insarcast.core import InsarcastError, pixel_of, write_json

from .candidates import read_points
from .quality import Network, compact, components
from .reference import Reference

_KEYS = ("window", "min_coherence")


def pinned_reference(
    data: xr.Dataset, found: Network, settings: dict[str, Any], pin: Path, vintage: str = "full"
) -> Reference | None:
    """The pinned reference, or None where there is none that holds.

    It holds for a vintage that sees every interferogram the pin was chosen from, so an as-of vintage never sees one that was set
    later; under the settings it was chosen with; and where those interferograms that measure its window join the dates as all do.

    Args:
        data: aligned interferograms of the vintage.
        found: its network.
        settings: ``window``, ``min_coherence``.
        pin: file that :func:`write_pin` left.
        vintage: ``full`` or ``asof-yyyymmdd``, which takes pins from before its last date only, for ``full`` may be writing one of that
            date beside it.
    """
    last = _last(found)
    before = [entry for entry in _pins(pin) if entry["since"] < last or (entry["since"] == last and vintage == "full")]
    # One that was chosen from just these interferograms is chosen again, so that the same study gives the same bytes.
    before = [entry for entry in before if len(entry["pairs"]) != len(found.pairs)]
    for known in sorted(before, key=lambda entry: str(entry["since"]), reverse=True):
        held = _held(data, found, settings, known)
        if not isinstance(held, str):
            return held
        print(f"the reference pinned on {known['since']} does not hold: {held}", flush=True)
    return None


def _pins(pin: Path) -> list[dict[str, Any]]:
    return list(json.loads(pin.read_text(encoding="utf-8"))) if pin.is_file() else []


def _held(data: xr.Dataset, found: Network, settings: dict[str, Any], known: dict[str, Any]) -> Reference | str:
    """The pinned reference, or why it does not hold."""
    if any(known["settings"][key] != settings[key] for key in _KEYS):
        return "the settings of the reference are others"
    if not {found.name(index) for index in range(len(found.pairs))}.issuperset(known["pairs"]):
        return "interferograms that it was chosen from are gone"
    try:
        row, col = pixel_of(data, known["lon"], known["lat"])
    except InsarcastError:
        return "its place lies outside the grid"
    sentence = (
        f"Pinned: chosen by evidence from the {len(known['pairs'])} interferograms up to {known['since']}, and kept as others were added. "
        f"{known['sentence']} stack.reference.pin: false chooses anew; lon: {known['lon']:.6f} and lat: {known['lat']:.6f} fix it."
    )
    pinned = Reference(row, col, settings["window"], "pinned", sentence, known["since"])
    return pinned if _joins(data, found, pinned) else "new interferograms do not measure it"


def write_pin(data: xr.Dataset, found: Network, settings: dict[str, Any], chosen: Reference, pin: Path) -> None:
    """Pin a reference that was chosen by evidence from all interferograms there are."""
    place = chosen.record(data)
    pairs = sorted((found.name(index) for index in range(len(found.pairs))), key=lambda name: name.split("_")[::-1])
    facts = {
        "lon": place["lon"], "lat": place["lat"], "since": _last(found), "sentence": chosen.sentence,
        "settings": {key: settings[key] for key in _KEYS}, "pairs": pairs,
    }  # fmt: skip
    pin.parent.mkdir(parents=True, exist_ok=True)
    part = pin.with_name(f".part-{pin.name}")
    # Earlier pins stay: a vintage of their time goes on with them, whatever has been chosen since.
    write_json(part, [*(entry for entry in _pins(pin) if entry["since"] != facts["since"]), facts])
    part.rename(pin)


def _joins(data: xr.Dataset, found: Network, pinned: Reference) -> bool:
    """Whether the kept interferograms that measure the whole window join as many dates as all kept ones do."""
    rows, cols = pinned.slices(data.sizes["y"], data.sizes["x"])
    row, col = (part.ravel() for part in np.mgrid[rows, cols])
    measured = np.isfinite(read_points(data, found.kept, row, col)).all(1)
    dates, pairs = range(len(found.kept_dates)), found.kept_pairs
    return len(components(dates, pairs.tolist())) == len(components(dates, pairs[measured].tolist()))


def _last(found: Network) -> str:
    return compact(found.dates[-1])
