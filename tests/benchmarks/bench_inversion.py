"""Speed of the inversion against the peers: pixels per second of CPU time, on one core.

    python tests/benchmarks/bench_inversion.py [--turns 3]

Two stacks (stacks.py): 30 dates, 90 pairs, 200 x 200 pixels, and 132 dates, 555 pairs, 100 x 100 pixels; about 5.5 % of the samples
are missing in patches. Ours is ``stack.invert`` as it is called by default, coherence given, and returns every pixel. MintPy's least
squares and insar-rs get the same stack; dolphin's L1 gets the complete pixels only, for it has no answer for the others, and our
``norm="l1"`` answers for all. ``x_...`` is our rate over the peer's, the median over turns that alternate. What is compiled or imported
is so before the clock starts. LiCSBAS is not on PyPI: its figures are quoted. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

for variable in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"
os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # one core, as the peers

import numpy as np  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "workflow"))

import ours  # noqa: E402
from peers import QUOTED, Peers  # noqa: E402
from stacks import Stack, long, small  # noqa: E402

CALLS = 3  # of ours per turn, for they are short
Rates = dict[str, list[tuple[float, float]]]


def timed(function: Callable[[], np.ndarray], pixels: int) -> tuple[np.ndarray, tuple[float, float]]:
    """Result, and pixels per second of CPU time and of wall time."""
    wall, cpu = time.perf_counter(), time.process_time()
    values = function()
    return values, (pixels / (time.process_time() - cpu), pixels / (time.perf_counter() - wall))


def errors(values: np.ndarray, data: Stack) -> str:
    square = (values - data.truth) ** 2
    parts = []
    for some in (data.complete, data.partly, data.gap):
        known = np.isfinite(square[-1]) & some
        parts.append(f"{np.sqrt(square[:, known].mean()):.3f}" if known.any() else "lost")
    return " / ".join(parts) + f" mm, {int(np.isnan(values[-1]).sum())} lost"


def run(data: Stack, solvers: tuple[str, ...], peers: Peers, turns: int) -> Rates:
    """(CPU rate, wall rate) of every turn, by solver; prints the error of each."""
    print(data.describe())
    own = {"ours": lambda: ours.default(data.data_mm, data), "ours l1": lambda: ours.robust(data.data_mm, data)}
    peers.give(phase=data.phase, pairs=data.pairs, days=data.days, coherence=data.coherence)
    for solve in own.values():
        solve()
    rates: Rates = {name: [] for name in (*own, *solvers)}
    values: dict[str, np.ndarray] = {}
    for _ in range(turns):
        for name, solve in own.items():
            calls = []
            for _ in range(CALLS):
                values[name], rate = timed(solve, data.phase.shape[1])
                calls.append(rate)
            rates[name].append((statistics.median(cpu for cpu, _ in calls), statistics.median(wall for _, wall in calls)))
        for name in solvers:
            answer = peers.solve(name)
            pixels = int(data.complete.sum()) if name.startswith("dolphin") else data.phase.shape[1]
            values[name] = answer.values
            rates[name].append((pixels / answer.cpu, pixels / answer.wall))
    for name, found in values.items():
        cpu, wall = (statistics.median(rate[i] for rate in rates[name]) for i in (0, 1))
        print(f"  {name:11s} {cpu:10,.0f} pixels/s of CPU time, {wall:10,.0f} of wall time; rmse {errors(found, data)}")
    for name in ("ours l1", "dolphin"):
        step = values[name][data.pairs[:, 1]] - values[name][data.pairs[:, 0]]
        left = np.abs(data.data_mm - step)[:, data.complete].sum(0).mean()
        print(f"  {name}: sum of absolute residuals of a complete pixel {left:.3f} mm")
    return rates


def over(rates: Rates, own: str, peer: str) -> float:
    return round(statistics.median(a / b for (a, _), (b, _) in zip(rates[own], rates[peer], strict=True)), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=3)
    turns = parser.parse_args().turns
    for name, figures in QUOTED.items():
        print(f"{name} is not on PyPI and was not run; quoted from an earlier run of its own code on such a stack: {figures}.")
    print("dolphin imports GDAL's bindings, which PyPI has no wheel of; its process gets a stub in their place.")
    with Peers() as peers:
        print(", ".join(f"{name} {version}" for name, version in peers.versions.items()))
        few = run(small(), ("mintpy", "mintpy_wls", "insar_rs", "dolphin"), peers, turns)
        many = run(long(), ("mintpy", "dolphin"), peers, turns)
    rate = {
        f"{name.replace(' ', '_')}{tail}_px_s": round(statistics.median(cpu for cpu, _ in found))
        for tail, table in (("", few), ("_132", many))
        for name, found in table.items()
    }
    ratios = {
        "x_mintpy": over(few, "ours", "mintpy"),
        "x_insar_rs": over(few, "ours", "insar_rs"),
        "x_mintpy_132": over(many, "ours", "mintpy"),
        "x_l1": over(few, "ours l1", "dolphin"),
        "x_l1_132": over(many, "ours l1", "dolphin"),
    }
    print(json.dumps(ratios | rate))


if __name__ == "__main__":
    main()
