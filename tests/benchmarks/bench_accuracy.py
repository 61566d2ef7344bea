"""Accuracy of the inversion against the peers, on simulated and on real stacks.

    python tests/benchmarks/bench_accuracy.py [--only rmse held_out jumps filter]

``rmse``         error to the truth of the simulated stack (stacks.py), of the pixels with every interferogram, with some missing, and
                 with a gap: ours over the best peer's of each column, both over the pixels that this peer returns
``held_out``     each interferogram of Mexico City predicted from the others, the stack referenced to the 3 x 3 mean at row 9,
                 column 8, the median of each prediction's error removed, root mean square over the complete pixels of all testable
                 pairs: ours over a plain iteratively reweighted L1 of numpy; ``held_out_mintpy``: over MintPy's least squares
``jump_error_mm``, ``good_removed``
                 jumps of a cycle put into Mexico City (jumps.py), 5 seeds: mean absolute error of the hit pixels' series against
                 the same solver's solution of the stack as it was, and the share of samples not hit that were removed or changed
``filter_truth`` error to the truth of the filtered series over the raw one's, and of the filtered velocity over the raw one's, of a
                 simulated stack with turbulent and stratified troposphere

Ours is the default configuration throughout (ours.py). Mexico City's interferograms are found under INSARCAST_DATA. The last line is
one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

for variable in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "workflow"))

import jumps  # noqa: E402
import mexico  # noqa: E402
import ours  # noqa: E402
import plain  # noqa: E402
from peers import QUOTED, Peers  # noqa: E402
from stacks import small  # noqa: E402
from troposphere import simulate_troposphere  # noqa: E402

PEERS = ("mintpy", "mintpy_wls", "insar_rs", "dolphin", "dolphin_l2")
COLUMNS = ("complete", "partly missing", "gap")
SEEDS = 5


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def rmse(peers: Peers) -> dict[str, Any]:
    data = small()
    print(f"rmse to the truth, mm; {data.describe()}")
    peers.give(phase=data.phase, pairs=data.pairs, days=data.days, coherence=data.coherence)
    error = {name: peers.solve(name).values - data.truth for name in PEERS}
    mine = ours.default(data.data_mm, data) - data.truth
    weights = 2 * data.coherence.astype(float) ** 2 / (1 - data.coherence**2)
    yardsticks = {
        "ours": mine,
        "ours l1": ours.robust(data.data_mm, data) - data.truth,
        "plain least squares, equal velocity": plain.least_squares(data.data_mm, data.pairs, data.days) - data.truth,
        "plain weighted, equal velocity": plain.least_squares(data.data_mm, data.pairs, data.days, weights) - data.truth,
    }
    groups = (data.complete, data.partly, data.gap)
    for name, values in (yardsticks | error).items():
        known = np.isfinite(values[-1])
        parts = [f"{rms(values[:, some & known]):.3f}" if (some & known).any() else "lost" for some in groups]
        print(f"  {name:36s} {' / '.join(parts)}; {int((~known).sum())} lost")
    ratios, best = [], []
    for some in groups:
        found = {
            name: rms(values[:, some & known])
            for name, values in error.items()
            if (some & (known := np.isfinite(values[-1]))).any()
        }
        name = min(found, key=lambda name: found[name])
        ratios.append(round(rms(mine[:, some & np.isfinite(error[name][-1])]) / found[name], 4))
        best.append(name)
    print("  best peers: " + ", ".join(f"{column}: {name}" for column, name in zip(COLUMNS, best, strict=True)))
    return {"rmse": ratios}


def held_out(peers: Peers, crop: mexico.Crop) -> dict[str, Any]:
    some = crop.pixels(np.isfinite(crop.phase).all(0))
    errors: dict[str, list[np.ndarray]] = {name: [] for name in ("ours", "ours l1", "irls", "mintpy", "mintpy_wls")}
    for k in crop.testable:
        left = some.without(k)
        peers.give(phase=left.phase.astype(np.float32), pairs=left.pairs, days=left.days, coherence=left.coherence)
        scale = crop.mm_per_rad / mexico.SENTINEL  # the peers' answers are in mm of their wavelength
        series = {
            "ours": ours.default(left.data_mm, left),
            "ours l1": ours.robust(left.data_mm, left),
            "irls": plain.irls(left.data_mm, left.pairs, left.days),
            "mintpy": scale * peers.solve("mintpy").values,
            "mintpy_wls": scale * peers.solve("mintpy_wls").values,
        }
        first, second = some.pairs[k]
        for name, values in series.items():
            error = values[second] - values[first] - some.data_mm[k]
            errors[name].append(error - np.median(error))
    table = {name: rms(np.concatenate(found)) for name, found in errors.items()}
    print(f"held-out interferograms of Mexico City, {len(crop.testable)} pairs, {some.phase.shape[1]} pixels, mm")
    for name, found in errors.items():
        better = sum(rms(a) < rms(b) for a, b in zip(found, errors["mintpy"], strict=True))
        spread = 1.4826 * np.median(np.abs(np.concatenate(found)))
        print(f"  {name:11s} {table[name]:.3f}, nMAD {spread:.3f}, better than MintPy's least squares in {better}")
    return {
        "held_out": round(table["ours"] / table["irls"], 4),
        "held_out_mintpy": round(table["ours"] / table["mintpy"], 4),
        "held_out_mintpy_wls": round(table["ours"] / table["mintpy_wls"], 4),
        "held_out_mm": round(table["ours"], 3),
    }


def jump_error(crop: mexico.Crop) -> dict[str, Any]:
    def by(solve: Any) -> Any:
        return lambda phase: (solve(crop.mm_per_rad * phase), np.zeros(phase.shape, np.bool_))

    solvers = {
        "ours, corrected": lambda phase: ours.corrected(phase, crop),
        "ours, inversion alone": by(lambda data: ours.default(data, crop)),
        "ours l1": by(lambda data: ours.robust(data, crop)),
        "plain least squares": by(lambda data: plain.least_squares(data, crop.pairs, crop.days)),
        "plain irls": by(lambda data: plain.irls(data, crop.pairs, crop.days)),
    }
    print(
        "jumps of a cycle put into Mexico City: mean absolute error of the hit pixels' series, mm, by seed; good samples altered"
    )
    table = {}
    for name, solver in solvers.items():
        before, was = solver(crop.phase)
        error, removed = [], []
        for seed in range(SEEDS):
            phase, hit = jumps.inject(crop.phase, crop.shape, seed)
            after, altered = solver(phase)
            change = np.abs(after - before)[:, hit.any(0)]
            good = np.isfinite(crop.phase) & ~hit
            error.append(float(np.nanmean(change)))
            removed.append(float(altered[good].mean()))
            if np.isnan(change).any():
                print(f"  {name}: seed {seed} lost {int(np.isnan(change[-1]).sum())} of {change.shape[1]} hit pixels")
        table[name] = (float(np.mean(error)), float(np.mean(removed)))
        own = f", {was[np.isfinite(crop.phase)].mean():.2%} of the stack as it was" if was.any() else ""
        print(f"  {name:22s} {table[name][0]:.3f} ({' '.join(f'{e:.2f}' for e in error)}); {table[name][1]:.2%}{own}")
    mine = table["ours, corrected"]
    return {"jump_error_mm": round(mine[0], 3), "good_removed": round(mine[1], 5)}


def filter_truth() -> dict[str, Any]:
    scene = simulate_troposphere()
    raw = ours.default(scene.data_mm, scene)
    smooth = ours.filtered(raw, scene)
    # The truth and both series count from the first date and the reference point. A filter that takes noise off the first date, too, is
    # judged by what its user sees: the mean over time of each pixel is not compared, for the series' zero is a convention.
    truth = scene.truth - scene.truth[:, scene.reference][:, None]
    table = {}
    for name, values in (("raw", raw), ("filtered", smooth)):
        relative = values - values[:, scene.reference][:, None]
        error = relative - truth
        slope = np.polyfit(scene.days / 365.25, error, 1)[0]
        table[name] = (rms(error), rms(error - error.mean(0)), rms(slope))
        print(
            f"  {name:9s} {table[name][0]:.3f} mm ({table[name][1]:.3f} about each series' mean), velocity {table[name][2]:.3f} mm/yr"
        )
    ratios = [round(a / b, 4) for a, b in zip(table["filtered"], table["raw"], strict=True)]
    return {"filter_truth": [ratios[0], ratios[2]], "filter_truth_about_mean": ratios[1]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=("rmse", "held_out", "jumps", "filter"))
    only = parser.parse_args().only or ("rmse", "held_out", "jumps", "filter")
    for name, figures in QUOTED.items():
        print(f"{name} is not on PyPI and was not run; quoted from an earlier run of its own code on such a stack: {figures}.")
    path = mexico.folder()
    if path is None and {"held_out", "jumps"} & set(only):
        print("held_out, jump_error_mm and good_removed are left out: INSARCAST_DATA names no folder that holds mexico_cropA.")
    result: dict[str, Any] = {}
    if "rmse" in only or ("held_out" in only and path):
        with Peers() as peers:
            print(", ".join(f"{name} {version}" for name, version in peers.versions.items()))
            if "rmse" in only:
                result |= rmse(peers)
            if "held_out" in only and path:
                result |= held_out(peers, mexico.read(path))
    if "jumps" in only and path:
        result |= jump_error(mexico.read(path))
    if "filter" in only:
        result |= filter_truth()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
