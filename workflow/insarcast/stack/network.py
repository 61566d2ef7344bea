"""One vintage of the network: quality gates, reference and inversion, block by block."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import (
    InsarcastError,
    add_to_store,
    as_of,
    blank,
    blocks,
    create_store,
    open_store,
    shard_edge,
    write_block,
    write_json,
)

from .closure import date_numbers
from .inversion import Inversion, invert
from .loops import count_loops, nullify
from .quality import Network, compact, connect, gate_loops, gate_pairs
from .reference import Reference, choose_reference, reference_from_config

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
        closing: ``required``, ``max_rms``, ``nullify``.
        bridge: join separate networks by equal velocity.
        reference: ``lon``, ``lat``, ``window``, ``min_coherence``.
        settings: ``norm``, ``weights``, ``min_pairs``.
        threads: threads of the inversion.

    Raises:
        InsarcastError: the vintage's network cannot be inverted; the sentence says why.
    """
    data = _select(open_store(ifgs), vintage)
    found = _network(data)
    loops = open_store(closure)
    _count, coverage, coherence, _mean_coherence = _survey(data, len(found.dates))
    gate_pairs(found, coverage, coherence, quality["min_coverage"], quality["min_coherence"])
    triplets, number, rms = _triplets(loops, data)
    bad = gate_loops(found, triplets, rms, closing["max_rms"], closing["required"])
    chosen = _reference(data, found, reference)
    shift = _shifts(data, chosen)
    for index in found.kept:
        if not np.isfinite(shift[index]):
            found.drop(index, "nothing measured at the reference point")
    connect(found, bridge)
    alive = [t for t in range(len(triplets)) if found.keep[triplets[t]].all()]
    plan = _Plan(data, loops, found, shift, triplets[alive], [number[t] for t in alive], closing["nullify"], settings, threads)
    totals = plan.run(inversion, chosen)
    _record(decisions, vintage, data, found, triplets, rms, bad, chosen, settings, totals)


def _select(data: xr.Dataset, vintage: str) -> xr.Dataset:
    """The interferograms of a vintage."""
    last = as_of(vintage)
    if last is None:
        return data
    day = np.datetime64(f"{last[:4]}-{last[4:6]}-{last[6:]}")
    kept = np.flatnonzero((data.date1.values <= day) & (data.date2.values <= day))
    if not len(kept) or not ((data.date1.values == day) | (data.date2.values == day)).any():
        raise InsarcastError(f"There is no acquisition on {last} to forecast from; give dates that exist in forecast.origins.")
    return data.isel(pair=kept)


def _network(data: xr.Dataset) -> Network:
    dates, pairs = date_numbers(data.date1.values, data.date2.values)
    facts: list[dict[str, Any]] = [
        {
            "date1": compact(dates[first]),
            "date2": compact(dates[second]),
            "days": int((dates[second] - dates[first]) / np.timedelta64(1, "D")),
            "baseline": float(data.baseline.values[index]),
        }
        for index, (first, second) in enumerate(pairs)
    ]
    dropped = [entry | {"count": None} for entry in json.loads(data.attrs["skipped"])]
    last = max(compact(date) for date in dates)
    # What was skipped after the vintage's date is not yet known to it.
    known = [entry for entry in dropped if max(re.findall(r"\d{8}", entry["name"]) or ["0"]) <= last]
    return Network(dates, pairs, np.ones(len(pairs), np.bool_), [None] * len(pairs), facts, known)


def _survey(data: xr.Dataset, n_dates: int) -> tuple[npt.NDArray[np.int64], Float, Float, Float | None]:
    """Coverage and coherence of each interferogram over the valid area: pixels with at least as many interferograms as dates.

    Returns:
        (y, x) number of valid interferograms; per interferogram coverage and mean coherence; (y, x) mean coherence or None.
    """
    ny, nx, n = data.sizes["y"], data.sizes["x"], data.sizes["pair"]
    count, mean = np.zeros((ny, nx), np.int64), np.full((ny, nx), np.nan)
    inside, total, coherent = np.zeros(n, np.int64), 0, np.zeros(n)
    for block in blocks(ny, nx, shard_edge(n)):
        part = data.isel(y=block[0], x=block[1])
        valid = np.isfinite(part.phase.values)
        count[block] = valid.sum(0)
        area = count[block] >= min(n_dates, n)
        inside += (valid & area).sum((1, 2))
        total += int(area.sum())
        if "coherence" in data:
            values = np.where(valid, np.nan_to_num(part.coherence.values), 0)
            coherent += np.where(area, values, 0).sum((1, 2), dtype=np.float64)
            with np.errstate(invalid="ignore", divide="ignore"):
                mean[block] = values.sum(0, dtype=np.float64) / count[block]
    if total == 0:
        raise InsarcastError(
            f"No pixel is measured by as many interferograms as there are dates ({n_dates}); the products hardly overlap: "
            "check their extents and nodata."
        )
    with np.errstate(invalid="ignore", divide="ignore"):
        coherence = coherent / inside if "coherence" in data else np.full(n, np.nan)
    return count, inside / total, coherence, mean if "coherence" in data else None


def _triplets(loops: xr.Dataset, data: xr.Dataset) -> tuple[npt.NDArray[np.int64], list[int], Float]:
    """Triplets whose three interferograms the vintage sees, numbered within it; their numbers in the store; their rms."""
    here = {key: index for index, key in enumerate(zip(data.date1.values, data.date2.values, strict=True))}
    d1, d2, d3 = loops.date1.values, loops.date2.values, loops.date3.values
    triplets, number = [], []
    for t in range(loops.sizes["triplet"]):
        sides = [here.get((d1[t], d2[t])), here.get((d2[t], d3[t])), here.get((d1[t], d3[t]))]
        if None not in sides:
            triplets.append(sides)
            number.append(t)
    return np.array(triplets, np.int64).reshape(-1, 3), number, loops.rms.values[number].astype(np.float64)


def _reference(data: xr.Dataset, found: Network, settings: dict[str, Any]) -> Reference:
    lon, lat, window = settings["lon"], settings["lat"], settings["window"]
    if (lon is None) != (lat is None):
        raise InsarcastError("stack.reference has only one of lon and lat; give both, or neither to choose by evidence.")
    if lon is not None:
        return reference_from_config(data, lon, lat, window)
    kept = found.kept
    count, mean = np.zeros((data.sizes["y"], data.sizes["x"]), np.int64), None
    if "coherence" in data:
        mean = np.zeros(count.shape)
    for block in blocks(*count.shape, shard_edge(len(kept))):
        part = data.isel(pair=kept, y=block[0], x=block[1])
        valid = np.isfinite(part.phase.values)
        count[block] = valid.sum(0)
        if mean is not None:
            with np.errstate(invalid="ignore", divide="ignore"):
                mean[block] = np.where(valid, np.nan_to_num(part.coherence.values), 0).sum(0, dtype=np.float64) / count[block]
    numbers = found.kept_dates
    place = {date: index for index, date in enumerate(numbers)}
    pairs = np.array([[place[end] for end in found.pairs[index]] for index in kept], np.int64)
    days = _days(found.dates[numbers])
    return choose_reference(data, kept, count, mean, pairs, days, window=window, min_coherence=settings["min_coherence"])


def _days(dates: npt.NDArray[np.datetime64]) -> Float:
    return np.asarray((dates - dates[0]) / np.timedelta64(1, "D"), np.float64)


def _shifts(data: xr.Dataset, chosen: Reference) -> Float:
    """Mean phase of every interferogram over the reference window, rad; NaN where nothing is measured there."""
    rows, cols = chosen.slices(data.sizes["y"], data.sizes["x"])
    window = data.phase.isel(y=rows, x=cols).values.astype(np.float64).reshape(data.sizes["pair"], -1)
    valid = np.isfinite(window)
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = np.where(valid, window, 0).sum(1) / valid.sum(1)
    return np.asarray(shift, np.float64)


class _Plan:
    """What every block needs, and the sums over all blocks."""

    def __init__(
        self,
        data: xr.Dataset,
        loops: xr.Dataset,
        found: Network,
        shift: Float,
        triplets: npt.NDArray[np.int64],
        numbers: list[int],
        mode: str,
        settings: dict[str, Any],
        threads: int,
    ) -> None:
        self.data, self.loops, self.numbers, self.mode = data, loops, numbers, mode
        self.settings, self.threads = settings, threads
        self.kept, dates = found.kept, found.kept_dates
        place = {date: index for index, date in enumerate(dates)}
        self.dates = found.dates[dates]
        self.pairs = np.array([[place[end] for end in found.pairs[index]] for index in self.kept], np.int64)
        self.days = _days(self.dates)
        self.shift = shift[self.kept]
        order = {pair: index for index, pair in enumerate(self.kept)}
        self.triplets = np.array([[order[side] for side in loop] for loop in triplets], np.int64).reshape(-1, 3)
        self.wavelength = float(data.attrs["wavelength"])
        # A network may have fewer interferograms than the ratio asks for; then all of them are needed.
        self.min_pairs = min(int(np.ceil(settings["min_pairs"] * len(self.dates))), len(self.kept))
        self.totals: dict[str, Any] = {
            "total": 0, "inverted": 0, "no_data": 0, "too_few_pairs": 0, "samples": 0, "over_pi": 0, "nullified": 0,
            "residual": np.zeros(len(self.kept)), "measured": np.zeros(len(self.kept), np.int64),
        }  # fmt: skip

    def run(self, path: Path, chosen: Reference) -> dict[str, Any]:
        """Invert every block, write the store, and return the sums."""
        ny, nx = self.data.sizes["y"], self.data.sizes["x"]
        edge = shard_edge(max(len(self.kept), len(self.triplets), len(self.dates)))
        create_store(self._template(ny, nx, chosen), path, edge)
        for block in blocks(ny, nx, edge):
            write_block(self._solve(block), path, block)
        if self.totals["inverted"] == 0:
            raise InsarcastError(
                f"No pixel has the {self.min_pairs} valid interferograms that stack.inversion.min_pairs asks for; lower it or add interferograms."
            )
        with np.errstate(invalid="ignore", divide="ignore"):
            rms = np.sqrt(self.totals["residual"] / self.totals["measured"])
        self.totals["pair_rms"] = rms
        facts = xr.Dataset(
            {"pair_resid_rms": ("pair", rms, {"units": "mm"}), "reference_phase": ("pair", self.shift, {"units": "rad"})}
        )
        add_to_store(facts, path)
        return self.totals

    def _solve(self, block: tuple[slice, slice]) -> xr.Dataset:
        part = self.data.isel(pair=self.kept, y=block[0], x=block[1])
        phase = part.phase.values.astype(np.float64) - self.shift[:, None, None]
        shape = phase.shape[1:]
        loop = self.loops.closure.isel(triplet=self.numbers, y=block[0], x=block[1]).values.astype(np.float64)
        if len(self.triplets):
            one, two, three = self.triplets.T
            loop -= (self.shift[one] + self.shift[two] - self.shift[three])[:, None, None]
        if self.mode != "none":
            removed = nullify(loop, self.triplets, len(self.kept), self.mode) & np.isfinite(phase)
            phase[removed] = np.nan
            self.totals["nullified"] += int(removed.sum())
        indices = count_loops(loop, np.isfinite(phase), self.triplets)
        weights = None
        if self.settings["weights"] == "coherence":
            weights = _inverse_variance(part.coherence.values).reshape(len(self.kept), -1)
        data = (-self.wavelength * 1000 / (4 * np.pi) * phase).reshape(len(self.kept), -1)
        result = invert(
            data, self.pairs, self.days, weights=weights, norm=self.settings["norm"],
            min_pairs=self.min_pairs, wavelength=self.wavelength, threads=self.threads,
        )  # fmt: skip
        self._add(result, data, loop)
        space = ("y", "x")
        three_d: dict[str, npt.NDArray[Any]] = {
            "displacement": result.displacement.astype(np.float32),
            "sigma": result.sigma.astype(np.float32),
            "filled": result.filled,
        }
        two_d: dict[str, npt.NDArray[Any]] = {
            "resid_rms": result.resid_rms.astype(np.float32),
            "temporal_coherence": result.temporal_coherence.astype(np.float32),
            "n_unw": result.n_valid.astype(np.int16),
        }
        if "coherence" in part:
            two_d["coherence"] = _mean(part.coherence.values, np.isfinite(phase))
        return xr.Dataset(
            {name: (("time", *space), values.reshape(-1, *shape)) for name, values in three_d.items()}
            | {name: (space, values.reshape(shape)) for name, values in two_d.items()}
            | {name: (space, values) for name, values in indices.items()}
        )

    def _add(self, result: Inversion, data: Float, loop: Float) -> None:
        valid = np.isfinite(data)
        measured = valid.sum(0)
        inverted = np.isfinite(result.displacement[0])
        residual = data - (result.displacement[self.pairs[:, 1]] - result.displacement[self.pairs[:, 0]])
        known = np.isfinite(residual)
        totals = self.totals
        totals["total"] += len(measured)
        totals["inverted"] += int(inverted.sum())
        totals["no_data"] += int((measured == 0).sum())
        totals["too_few_pairs"] += int(((measured > 0) & ~inverted).sum())
        totals["samples"] += int(np.isfinite(loop).sum())
        totals["over_pi"] += int((np.abs(loop) > np.pi).sum())
        totals["residual"] += (np.where(known, residual, 0.0) ** 2).sum(1)
        totals["measured"] += known.sum(1)

    def _template(self, ny: int, nx: int, chosen: Reference) -> xr.Dataset:
        n = len(self.dates)
        grid: dict[str, Any] = {
            "displacement": (
                ("time", "y", "x"),
                blank(np.float32, n, ny, nx),
                {"units": "mm", "sign": "positive towards the satellite"},
            ),
            "sigma": (("time", "y", "x"), blank(np.float32, n, ny, nx), {"units": "mm"}),
            "filled": (("time", "y", "x"), blank(np.bool_, n, ny, nx)),
            "resid_rms": (("y", "x"), blank(np.float32, ny, nx), {"units": "mm"}),
            "temporal_coherence": (("y", "x"), blank(np.float32, ny, nx), {"units": "1"}),
        }
        if "coherence" in self.data:
            grid["coherence"] = (("y", "x"), blank(np.float32, ny, nx), {"units": "1"})
        for name in ("n_unw", "n_loop", "n_loop_err", "n_pair_no_loop"):
            grid[name] = (("y", "x"), blank(np.int16, ny, nx), {"units": "1"})
        coords = {
            "time": self.dates.astype("datetime64[ns]"),
            "y": self.data.y,
            "x": self.data.x,
            "date1": ("pair", self.dates[self.pairs[:, 0]].astype("datetime64[ns]")),
            "date2": ("pair", self.dates[self.pairs[:, 1]].astype("datetime64[ns]")),
        }
        place = chosen.record(self.data)
        attrs = {f"reference_{key}": place[key] for key in ("row", "col", "lon", "lat", "window")}
        kept = {key: self.data.attrs[key] for key in ("source", "wavelength", "credits", "Conventions")}
        template: xr.Dataset = xr.Dataset(grid, coords, attrs | kept).rio.write_crs(self.data.rio.crs, inplace=True)
        return template


def _mean(values: npt.NDArray[np.float32], valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(valid, np.nan_to_num(values), 0).sum(0, dtype=np.float64) / valid.sum(0), np.float32)


def _inverse_variance(coherence: npt.NDArray[np.floating]) -> Float:
    """Weight 2 c^2 / (1 - c^2) of an interferogram: the inverse of the phase variance (1 - c^2) / (2 c^2) (Tough et al. 1995)."""
    c = np.clip(coherence.astype(np.float64), 0.01, 0.99)
    return np.asarray(2 * c**2 / (1 - c**2), np.float64)


def _record(
    decisions: Path,
    vintage: str,
    data: xr.Dataset,
    found: Network,
    triplets: npt.NDArray[np.int64],
    rms: Float,
    bad: npt.NDArray[np.bool_],
    chosen: Reference,
    settings: dict[str, Any],
    totals: dict[str, Any],
) -> None:
    """Write what was decided; every number that the report's record prints comes from here."""
    residual = dict(zip(found.kept, totals["pair_rms"], strict=True))
    for index, fact in enumerate(found.facts):
        fact |= {"kept": bool(found.keep[index]), "reason": found.reason[index], "resid_rms": residual.get(index)}
    dropped = list(found.dropped)
    for key, reason in (("no_data", "no interferogram measures them"), ("too_few_pairs", "too few valid interferograms")):
        if totals[key]:
            dropped.append({"what": "pixel", "name": f"{totals[key]} pixels", "reason": reason, "count": totals[key]})
    if totals["nullified"]:
        dropped.append(
            {
                "what": "sample",
                "name": f"{totals['nullified']} samples",
                "reason": "their loops do not close",
                "count": totals["nullified"],
            }
        )
    write_json(
        decisions,
        {
            "vintage": vintage,
            "as_of": as_of(vintage),
            "dates": [compact(found.dates[number]) for number in found.kept_dates],
            "dates_found": len(found.dates),
            "pairs": found.facts,
            "triplets": [
                {
                    "dates": sorted({found.facts[side][key] for side in loop for key in ("date1", "date2")}),
                    "rms": rms[t],
                    "bad": bool(bad[t]),
                }
                for t, loop in enumerate(triplets)
            ],
            "dropped": dropped,
            "reference": chosen.record(data),
            "pixels": {key: totals[key] for key in ("total", "inverted", "no_data", "too_few_pairs")},
            "inversion": settings,
            "loop_errors": {key: totals[key] for key in ("samples", "over_pi")},
        },
    )
