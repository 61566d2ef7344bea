"""Series per second of the simple models, against statsforecast's Theta.

    python tests/benchmarks/bench_naive.py [--series 40000] [--peers 1500] [--rounds 3]

Ours are five models together (persistence, drift, linear, ses, theta), fitted and asked for 1 to 10 steps of series of 80 dates;
the peer is one of them, its compiled code warm, series by series as its interface wants it. Both on one core, in turn, in seconds
of that core; the best of the rounds counts. Then the same method of both is compared on the same series, with an alpha of each
series' own as the peer has it, and with our common one. The last line is one JSON object.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "NIXTLA_NUMBA_CACHE"), "1"
)

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "workflow"))

DATES, STEPS = 80, 10
MODELS = ("persistence", "drift", "linear", "ses", "theta")


def make_series(count: int) -> np.ndarray:
    """``(date, series)`` mm: a rate, a level that wanders, and the noise of a date, of every proportion."""
    rng = np.random.default_rng(0)
    rate = rng.normal(0, 0.3, count)
    wander = rng.uniform(0.2, 3, count) * rng.normal(size=(DATES, count)).cumsum(axis=0)
    return rate * np.arange(DATES)[:, None] + wander + rng.normal(0, 3, (DATES, count))


def ours(series: np.ndarray, names: tuple[str, ...], quantiles: tuple[float, ...] = (0.5,), **settings: object) -> np.ndarray:
    """``(model, step, series)`` increments from the last date."""
    from insarcast.core import Split
    from insarcast.models import TrainingData, make_model

    calendar = np.datetime64("2018-01-06", "D") + 12 * np.arange(DATES + STEPS)
    data = TrainingData(series, np.ones(series.shape, bool), calendar[:DATES], calendar)
    origin, steps = calendar[DATES - 1], tuple(range(1, STEPS + 1))
    found = []
    for name in names:
        model = make_model(name, **settings).fit(data, Split(origin, (origin,), steps))
        forecast = model.predict(data, [origin], steps, quantiles)
        found.append(forecast.increment.sel(quantile=0.5).values[0])
    return np.array(found)


def theirs(series: np.ndarray) -> np.ndarray:
    """``(step, series)`` increments from the last date by statsforecast's Theta."""
    from statsforecast.models import Theta

    model = Theta(season_length=1)
    each = [model.forecast(y=np.ascontiguousarray(part), h=STEPS)["mean"] - part[-1] for part in series.T]
    return np.array(each).T


def seconds(run: Callable[[], np.ndarray]) -> float:
    """Of the core, not of the clock: a busy machine slows nobody's row."""
    start = time.process_time()
    run()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=40000)
    parser.add_argument("--peers", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import statsforecast
    except ImportError:
        sys.exit(
            "statsforecast is not installed: run `make bench`, or .venv/bin/pip install --no-deps -r envs/lock-bench.txt first."
        )
    many = make_series(options.series)
    few = many[:, : options.peers]
    ours(few, MODELS)
    theirs(few[:, :50])  # warm
    fast, slow, single = [], [], []
    for _ in range(options.rounds):
        fast.append(seconds(lambda: ours(many, MODELS)))
        slow.append(seconds(lambda: theirs(few)))
        single.append(seconds(lambda: ours(many, ("theta",))))
    rate, peer, theta = options.series / min(fast), options.peers / min(slow), options.series / min(single)
    print(
        f"{len(MODELS)} models together {rate:,.0f} series/s, theta alone {theta:,.0f}, statsforecast {statsforecast.__version__} Theta {peer:,.0f}"
    )
    wide = options.series / seconds(lambda: ours(many, MODELS, (0.05, 0.25, 0.5, 0.75, 0.95)))
    print(f"with five quantiles instead of the median {wide:,.0f} series/s")
    reference = theirs(few)
    sd = np.diff(few, axis=0).std(axis=0)
    agreement = {}
    for alpha in ("own", "pooled"):
        apart = (np.abs(ours(few, ("theta",), alpha=alpha)[0] - reference) / sd).max(axis=0)
        median, high = np.quantile(apart, [0.5, 0.95])
        agreement[alpha] = [round(float(median), 4), round(float(high), 4)]
        print(f"theta, alpha {alpha}: median {median:.4f}, 95 % below {high:.4f} standard deviations of a step from the peer's")
    result = {
        "vs_statsforecast_theta": round(rate / peer, 1),
        "theta_vs_statsforecast_theta": round(theta / peer, 1),
        "series_per_second": round(rate),
        "statsforecast_theta_per_second": round(peer),
        "with_quantiles_per_second": round(wide),
        "apart_sd_median_p95": agreement,
        "series": options.series,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
