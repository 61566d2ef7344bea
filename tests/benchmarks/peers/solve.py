"""Run in the peers' environment: read a question from standard input, solve, answer with the seconds of the solver's call.

MintPy is called as its ``run_ifgram_inversion_patch`` calls ``estimate_timeseries``: without weights all complete pixels in one call
and the others one by one, with weights one by one. dolphin's modules import GDAL's Python bindings, which PyPI has only as source to
be built against an installed GDAL: here the import finds a stub, for the solvers do not use it. Phase is rad, positive away from the
satellite; the answers are mm, positive towards.
"""

import contextlib
import importlib.metadata
import json
import os
import sys
import time
from pathlib import Path
from unittest.mock import MagicMock

os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # one core: CPU seconds are that core's

import numpy as np  # noqa: E402

MM = -0.0554658 * 1000 / (4 * np.pi)
LOOKS = 20
EDGE = (
    16  # pixels of dolphin's blocks: the fastest at 30 and at 132 dates; its own 256 falls out of the cache and is half as fast
)
WARM: set[tuple[str, tuple[int, ...]]] = set()


def design(pairs, days):
    """MintPy's design matrices A (dates) and B (velocities), and the steps in years."""
    a = np.zeros((len(pairs), len(days)), np.float32)
    a[np.arange(len(pairs)), pairs[:, 0]] = -1
    a[np.arange(len(pairs)), pairs[:, 1]] = 1
    years = np.asarray(days, np.float32) / np.float32(365.25)
    steps = np.diff(years)
    inside = (np.arange(len(days) - 1) >= pairs[:, :1]) & (np.arange(len(days) - 1) < pairs[:, 1:])
    return a[:, 1:], np.where(inside, steps, 0).astype(np.float32), steps.reshape(-1, 1)


def mintpy(phase, pairs, days, coherence):
    from mintpy.ifgram_inversion import estimate_timeseries

    a, b, steps = design(pairs, days)
    out, used = np.zeros((len(days), phase.shape[1]), np.float32), np.zeros(phase.shape[1], np.int16)
    full = np.all(~np.isnan(phase), axis=0)
    if full.any():
        out[:, full], _, used[full] = estimate_timeseries(a, b, phase[:, full], steps, print_msg=False)
    for p in np.flatnonzero(~full):
        found, _, used[p] = estimate_timeseries(a, b, phase[:, p], steps, print_msg=False)
        out[:, p] = found.ravel()
    return np.where(used > 0, MM * out, np.nan)  # it leaves 0 where it does not invert


def mintpy_wls(phase, pairs, days, coherence):
    from mintpy.ifgram_inversion import estimate_timeseries
    from mintpy.simulation.decorrelation import coherence2weight

    a, b, steps = design(pairs, days)
    root = np.sqrt(coherence2weight(np.array(coherence), "var", L=LOOKS, epsilon=5e-2, print_msg=False))
    out, used = np.zeros((len(days), phase.shape[1]), np.float32), np.zeros(phase.shape[1], np.int16)
    for p in range(phase.shape[1]):
        found, _, used[p] = estimate_timeseries(a, b, phase[:, p], steps, weight_sqrt=root[:, p], print_msg=False)
        out[:, p] = found.ravel()
    return np.where(used > 0, MM * out, np.nan)


def stub_gdal():
    for name in ("osgeo", "osgeo.gdal", "osgeo.gdal_array", "osgeo.gdalconst", "osgeo.ogr", "osgeo.osr"):
        sys.modules.setdefault(name, MagicMock(name=name))


def dolphin(phase, pairs, days, coherence, solver="invert_stack_l1"):
    """The complete pixels only, for it has no result for the others; the last block is filled up with the first pixels."""
    stub_gdal()
    from dolphin import timeseries

    a = timeseries.get_incidence_matrix([tuple(p) for p in pairs.tolist()], sar_idxs=list(range(len(days)))).astype(np.float32)
    full = np.flatnonzero(np.isfinite(phase).all(0))
    out = np.full((len(days), phase.shape[1]), np.nan, np.float32)
    out[0, full] = 0
    for start in range(0, len(full), EDGE**2):
        some = full[start : start + EDGE**2]
        cube = phase[:, np.resize(some, EDGE**2)].reshape(len(pairs), EDGE, EDGE)
        found, _ = getattr(timeseries, solver)(a, cube)
        out[1:, some] = np.asarray(found).reshape(len(days) - 1, EDGE**2)[:, : len(some)]
    return MM * out


def dolphin_l2(phase, pairs, days, coherence):
    return dolphin(phase, pairs, days, coherence, "invert_stack")


def insar_rs(phase, pairs, days, coherence):
    import insar_rs as engine

    cube = np.ascontiguousarray(phase[:, None, :], np.float32)
    first, second = pairs[:, 0].tolist(), pairs[:, 1].tolist()
    metres = engine.invert_sbas(cube, first, second, days.astype(int).tolist())
    return 1000 * np.asarray(metres)[:, 0]


SOLVERS = {f.__name__: f for f in (mintpy, mintpy_wls, dolphin, dolphin_l2, insar_rs)}


def answer(question):
    if not question:
        return {name: importlib.metadata.version(name) for name in ("mintpy", "dolphin", "insar-rs", "jax", "numpy", "scipy")}
    folder = Path(question["folder"])
    arrays = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("phase", "pairs", "days", "coherence")]
    phase, pairs, days, coherence = (np.array(values) for values in arrays)  # in memory before the clock starts
    solver = SOLVERS[question["solver"]]
    with contextlib.redirect_stdout(sys.stderr):  # what a peer prints is no answer
        if (question["solver"], phase.shape) not in WARM:
            some = np.flatnonzero(np.isfinite(phase).all(0))[:20]
            solver(phase[:, some], pairs, days, coherence[:, some])
            WARM.add((question["solver"], phase.shape))
        wall, cpu = time.perf_counter(), time.process_time()
        values = solver(phase, pairs, days, coherence)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    np.save(folder / "answer.npy", np.asarray(values, np.float64))
    return {"cpu": cpu, "wall": wall}


if __name__ == "__main__":
    for line in sys.stdin:
        print("answer", json.dumps(answer(json.loads(line))), flush=True)
