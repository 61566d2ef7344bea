"""Peak memory of the stack's rules on a scene of 64 blocks over that on one of 4: it must not grow with the scene.

A block is 256 x 256 pixels, a shard of the largest stores. Every rule's function runs in a process of its own, given the same memory
(``mem_mb``), which it has to stay within; the peak is the kernel's (VmHWM). The last line is one JSON object.

    python tests/benchmarks/bench_memory.py [--mem-mb 700] [--dates 30] [--folder /tmp/scene]
"""

from __future__ import annotations

import argparse
import inspect
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow")]
RULES = ("align_products", "close_loops", "invert_network", "build_cube")
BLOCK = 256
STUDY = """cubes:
  A: {source: geotiff, products: {folder: none, unwrapped: "{date1}_{date2}.unw.tif"}}
"""


def arguments(rule: str, folder: Path, mem_mb: int) -> dict[str, Any]:
    """What the workflow gives a rule's function: files, the default settings of a study, memory."""
    from insarcast.core import Study
    from insarcast.lazy import home

    (folder / "study.yaml").write_text(STUDY)
    study = Study(folder / "study.yaml")
    known: dict[str, Any] = {
        "manifest": folder / "manifest.json", "ifgs": folder / "ifgs.zarr", "closure": folder / "closure.zarr",
        "network": folder / "network.parquet", "inversion": folder / "inversion.zarr", "decisions": folder / "decisions.json",
        "cube": folder / "cube.zarr", "cache": str(folder / "cache"), "bad_file": "stop", "vintage": "full", "threads": 1,
        "mem_mb": mem_mb, "seed": 0, "config": "", "closing": study.get("stack.closure", "A"),
        "bridge": study.get("stack.network.bridge", "A"), "settings": study.get("stack.inversion", "A"),
    }  # fmt: skip
    function = getattr(__import__(home(rule), fromlist=[rule]), rule)
    given = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name in known:
            given[name] = known[name]
        elif name != "corrections" and (parameter.default is inspect.Parameter.empty or name in study.get("stack", "A")):
            given[name] = study.get(f"stack.{name}", "A")
    return given


def child(rule: str, folder: Path, mem_mb: int) -> None:
    """Run one rule and print what it took."""
    from insarcast.lazy import home

    function = getattr(__import__(home(rule), fromlist=[rule]), rule)
    start = time.process_time()
    function(**arguments(rule, folder, mem_mb))
    status = Path("/proc/self/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps({"peak_mb": round(peak, 1), "cpu_s": round(time.process_time() - start, 1)}))


def measure(folder: Path, mem_mb: int) -> dict[str, dict[str, float]]:
    """Peak memory and CPU seconds of each rule."""
    found = {}
    for rule in RULES:
        call = [
            sys.executable,
            "-m",
            "tests.benchmarks.bench_memory",
            "--child",
            rule,
            "--folder",
            str(folder),
            "--mem-mb",
            str(mem_mb),
        ]
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "DASK_NUM_WORKERS"), "1")
        places = {"PYTHONPATH": f"{ROOT / 'workflow'}:{ROOT}"}
        done = subprocess.run(call, cwd=ROOT, env=os.environ | threads | places, stdout=subprocess.PIPE, text=True, check=True)
        found[rule] = json.loads(done.stdout.splitlines()[-1])
        print(f"  {rule}: {found[rule]['peak_mb']:.0f} MB, {found[rule]['cpu_s']:.1f} CPU s", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mem-mb", type=int, default=700, help="what each rule is given")
    parser.add_argument(
        "--dates", type=int, default=30, help="dates; each is paired with the two next; of 28 to 64 every store has this block"
    )
    parser.add_argument("--folder", type=Path, help="where the scenes are written; a temporary folder by default")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.folder, options.mem_mb)
        return
    from tests.benchmarks.scenes import network, write_scene

    place = Path(tempfile.mkdtemp(dir=options.folder))
    try:
        pairs = network(options.dates, (1, 2))
        peaks: dict[int, dict[str, dict[str, float]]] = {}
        for blocks in (4, 64):
            edge = BLOCK * int(blocks**0.5)
            folder = place / str(blocks)
            print(f"{blocks} blocks: {edge} x {edge} pixels, {options.dates} dates, {len(pairs)} pairs", flush=True)
            write_scene(folder, edge, edge, options.dates, pairs)
            peaks[blocks] = measure(folder, options.mem_mb)
            shutil.rmtree(folder)
    finally:
        shutil.rmtree(place)
    ratios = {rule: round(peaks[64][rule]["peak_mb"] / peaks[4][rule]["peak_mb"], 3) for rule in RULES}
    for rule, ratio in ratios.items():
        print(f"{rule}: {ratio:.3f}")
    most = max(peaks[64][rule]["peak_mb"] for rule in RULES)
    result = {"rss_ratio": max(ratios.values()), "rules": ratios, "peak_mb": most, "mem_mb": options.mem_mb}
    print(json.dumps(result | {"within_mem_mb": most <= options.mem_mb}))


if __name__ == "__main__":
    main()
