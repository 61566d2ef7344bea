"""Speed and agreement of the own ARIMA against statsmodels.

    python tests/benchmarks/bench_arima.py [--series 430476] [--dates 80] [--oracle 60] [--repeat 3]

ARIMA(1, 1, 1) with drift, one-step to ten-step forecasts, on simulated series whose parameters and rates differ. Both take turns in
one process and on one core (statsmodels' ``ARIMA(trend="t").fit()`` and ``get_forecast(10)``; ours on 20,000 series in one thread),
and are timed by the CPU seconds they take, the best of a few turns each, beside the wall; the gap is the difference of their
one-step forecasts in standard deviations of the innovations. Then all series on all cores. Compilation is not counted and printed
apart. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # one core for statsmodels too
    os.environ[variable] = "1"
CORES = len(os.sched_getaffinity(0))
os.environ["NUMBA_NUM_THREADS"] = str(CORES)

import numpy as np  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "workflow"))

from insarcast.models.arima.fit import Fits, fit_series  # noqa: E402

STEPS = np.arange(1, 11)


def simulate(count: int, dates: int, seed: int) -> np.ndarray:
    """``(time, series)`` mm: innovations of standard deviation 1, phi and theta within -0.8 to 0.9 and -0.9 to 0.8, rates of -1 to 0."""
    rng = np.random.default_rng(seed)
    phi, theta, rate = rng.uniform(-0.8, 0.9, count), rng.uniform(-0.9, 0.8, count), rng.uniform(-1, 0, count)
    level, w, before = np.zeros((dates, count)), np.zeros(count), np.zeros(count)
    for t in range(-50, dates):
        e = rng.normal(size=count)
        w, before = phi * w + e + theta * before, e
        if t > 0:
            level[t] = level[t - 1] + w + rate
    return level


def ours(values: np.ndarray, threads: int) -> Fits:
    columns = np.arange(len(values) + 10.0)[None]
    return fit_series(values, np.zeros(values.shape, bool), columns, (1, 1, 1), STEPS, drift=True, threads=threads)


def theirs(values: np.ndarray) -> np.ndarray:
    """``(series, horizon)`` increments."""
    from statsmodels.tsa.arima.model import ARIMA

    found = []
    for series in values.T:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = ARIMA(series, order=(1, 1, 1), trend="t").fit()
            found.append(result.get_forecast(10).predicted_mean - series[-1])
    return np.array(found)


def timed(function: Callable[[], object]) -> tuple[object, float, float]:
    """Result, wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = function()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def peak() -> float:
    """Peak resident memory in MB."""
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=430_476)
    parser.add_argument("--dates", type=int, default=80)
    parser.add_argument("--oracle", type=int, default=60)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    values = simulate(20_000, options.dates, 0)
    _, compiling, _ = timed(lambda: ours(values[:, :10], 1))
    few = values[:, : options.oracle]
    theirs(few[:, :2])
    mine, other, cpu, wall = None, [], [], []
    parts = np.array_split(np.arange(options.oracle), options.repeat)
    for part in parts:  # in turns, for the machine may be busier at one time than at another
        found, wall_own, cpu_own = timed(lambda: ours(values, 1))
        again, wall_their, cpu_their = timed(lambda part=part: theirs(few[:, part]))
        mine = found
        other.append(again)
        cpu.append((20_000 / cpu_own, len(part) / cpu_their))
        wall.append((20_000 / wall_own, len(part) / wall_their))
        print(
            f"own {cpu[-1][0]:9.0f} series/s of CPU ({wall[-1][0]:.0f} of wall), statsmodels {cpu[-1][1]:.1f} ({wall[-1][1]:.1f})"
        )
    gap = np.abs(mine.centre[: options.oracle] - np.concatenate(other))[:, 0] / np.sqrt(mine.sigma2[: options.oracle])
    ratio = statistics.median(own / their for own, their in cpu)
    ratio_wall = statistics.median(own / their for own, their in wall)
    print(f"one-step forecasts differ by {np.median(gap):.4f} innovation sd (median), {np.quantile(gap, 0.95):.4f} (95 %)")
    before = peak()
    everything = simulate(options.series, options.dates, 1)
    held = everything.nbytes / 1e6
    fits, seconds, cpu_seconds = timed(lambda: ours(everything, 0))
    assert np.isfinite(fits.centre).all()
    print(f"{options.series} series of {options.dates} dates: {seconds:.1f} s on {CORES} cores, {cpu_seconds:.1f} s of CPU")
    print(
        f"{peak():.0f} MB at most, of which {held:.0f} are the series; {before:.0f} MB before; compiled or loaded in {compiling:.1f} s"
    )
    result = {
        "vs_statsmodels": round(ratio),
        "vs_statsmodels_wall": round(ratio_wall),
        "gap_sd": round(float(np.median(gap)), 5),
        "gap_sd_p95": round(float(np.quantile(gap, 0.95)), 4),
        f"seconds_{options.series}x{options.dates}": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1),
        "series_per_cpu_second": round(statistics.median(own for own, _ in cpu)),
        "statsmodels_per_cpu_second": round(statistics.median(their for _, their in cpu), 1),
        "rss_mb": round(peak()),
        "compile_s": round(compiling, 1),
        "cores": CORES,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
