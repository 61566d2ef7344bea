"""One vintage of the network: quality gates, reference and inversion, block by block."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import InsarcastError, as_of, open_store

from .closure import date_numbers
from .decisions import write_decisions
from .quality import Network, compact, connect, drop_unreferenced, gate_loops, gate_pairs
from .reference import Reference
from .solve import BlockSolver
from .survey import find_reference, survey_pairs

Float = npt.NDArray[np.float64]


def invert_network(
    ifgs: Path,
    closure: Path,
    inversion: Path,
    decisions: Path,
    vintage: str,
    quality: dict[str, Any],
    closing: dict[str, Any],
    bridge: bool,
    reference: dict[str, Any],
    settings: dict[str, Any],
    threads: int,
    cache: str | None = None,
) -> None:
    """Invert the interferograms that a vintage may see.

    Every choice (coverage, loops, reference) comes from interferograms whose two dates are not later than the vintage's.

    Args:
        ifgs: aligned interferograms.
        closure: closure of all triplets.
        inversion: store to write: displacement, sigma, filled and the indices that need the interferograms.
        decisions: JSON to write: what was kept, dropped and chosen, and why.
        vintage: ``full`` or ``asof-yyyymmdd``.
        quality: ``min_coverage``, ``min_coherence``.
        closing: ``required``, ``max_rms``, ``correct``, ``nullify``.
        bridge: join separate networks by equal velocity.
        reference: ``lon``, ``lat``, ``window``, ``min_coherence``, ``pin``.
        settings: ``norm``, ``weights``, ``device``, ``min_pairs``.
        threads: threads of the inversion.
        cache: folder that keeps the pinned reference; None: none is kept.

    Raises:
        InsarcastError: the vintage's network cannot be inverted; the sentence says why.
    """
    data = _select(open_store(ifgs), vintage)
    found = _network(data, vintage)
    loops = open_store(closure)
    coverage, coherence = survey_pairs(data, len(found.dates))
    gate_pairs(found, coverage, coherence, quality["min_coverage"], quality["min_coherence"])
    triplets, rms = _triplets(loops, data)
    bad = gate_loops(found, triplets, rms, closing["max_rms"], closing["required"])
    pin = Path(cache) / "reference.json" if cache and reference["pin"] else None
    chosen = find_reference(data, found, reference, vintage, pin)
    shift = _shifts(data, chosen)
    drop_unreferenced(found, np.isfinite(shift), bridge, f"{chosen.window} x {chosen.window} pixels at {_place(data, chosen)}")
    connect(found, bridge)
    alive = [t for t in range(len(triplets)) if found.keep[triplets[t]].all()]
    solver = BlockSolver(data, found, shift, triplets[alive], closing, settings, threads)
    totals = solver.run(inversion, chosen)
    write_decisions(decisions, vintage, data, found, triplets, rms, bad, chosen, settings, totals)


def _select(data: xr.Dataset, vintage: str) -> xr.Dataset:
    """The interferograms of a vintage."""
    last = as_of(vintage)
    if last is None:
        return data
    day = np.datetime64(f"{last[:4]}-{last[4:6]}-{last[6:]}")
    kept = np.flatnonzero((data.date1.values <= day) & (data.date2.values <= day))
    if not len(kept) or not ((data.date1.values == day) | (data.date2.values == day)).any():
        raise InsarcastError(_why_not(data, last))
    return data.isel(pair=kept)


def _why_not(data: xr.Dataset, last: str) -> str:
    """Why there is nothing to forecast from on a date."""
    skipped = json.loads(data.attrs["skipped"])
    gone = [entry["name"] for entry in skipped if entry["what"] == "pair" and last in entry["name"].split("_")]
    if gone:
        return (
            f"There is nothing on {last} to forecast from, for {', '.join(gone)} could not be used; mend the files, or list them in "
            f"products.exclude, so that forecast.origins counts the dates that are left."
        )
    return f"There is no acquisition on {last} to forecast from; give dates that exist in forecast.origins."


def _network(data: xr.Dataset, vintage: str) -> Network:
    dates, pairs = date_numbers(data.date1.values, data.date2.values)
    baselines = data.baseline.values  # once: the coordinate of a store is lazy
    facts: list[dict[str, Any]] = [
        {
            "date1": compact(dates[first]),
            "date2": compact(dates[second]),
            "days": int((dates[second] - dates[first]) / np.timedelta64(1, "D")),
            "baseline": float(baselines[index]),
        }
        for index, (first, second) in enumerate(pairs)
    ]
    dropped = [entry | {"count": None} for entry in json.loads(data.attrs["skipped"])]
    last = as_of(vintage) or "99999999"
    # What was skipped after the vintage's date is not yet known to it.
    known = [entry for entry in dropped if max(re.findall(r"\d{8}", entry["name"]) or ["0"]) <= last]
    return Network(dates, pairs, np.ones(len(pairs), np.bool_), [None] * len(pairs), facts, known)


def _triplets(loops: xr.Dataset, data: xr.Dataset) -> tuple[npt.NDArray[np.int64], Float]:
    """Triplets whose three interferograms the vintage sees, numbered within it; their rms."""
    here = {key: index for index, key in enumerate(zip(data.date1.values, data.date2.values, strict=True))}
    d1, d2, d3 = loops.date1.values, loops.date2.values, loops.date3.values
    sides = [
        [here.get((d1[t], d2[t])), here.get((d2[t], d3[t])), here.get((d1[t], d3[t]))] for t in range(loops.sizes["triplet"])
    ]
    seen = [t for t, three in enumerate(sides) if None not in three]
    return np.array([sides[t] for t in seen], np.int64).reshape(-1, 3), loops.rms.values[seen].astype(np.float64)


def _shifts(data: xr.Dataset, chosen: Reference) -> Float:
    """Mean phase of every interferogram over the reference window, rad; NaN where nothing is measured there."""
    rows, cols = chosen.slices(data.sizes["y"], data.sizes["x"])
    window = data.phase.isel(y=rows, x=cols).values.astype(np.float64).reshape(data.sizes["pair"], -1)
    valid = np.isfinite(window)
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = np.where(valid, window, 0).sum(1) / valid.sum(1)
    return np.asarray(shift, np.float64)


def _place(data: xr.Dataset, chosen: Reference) -> str:
    record = chosen.record(data)
    return f"{record['lat']:.4f} N, {record['lon']:.4f} E"
