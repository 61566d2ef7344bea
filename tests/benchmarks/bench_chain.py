"""CPU seconds of the whole way from products to a masked cube with its figures, in one process on one core.

    python tests/benchmarks/bench_chain.py [--turns 3] [--profile]

``cpu_s_mexico``  the 30 interferograms of Mexico City (60 x 100 pixels, 13 dates), from INSARCAST_DATA
``cpu_s_200``     the simulated stack of bench_inversion.py (200 x 200 pixels, 30 dates, 90 pairs), written as a LiCSAR frame before
                  the clock starts

chain.py runs acquire_products, align_products, close_loops, invert_network, build_cube and the six figures of the stack with the
rules' settings; the seconds are those of its process (user and system), interpreter and imports included, the median of a few turns
after one that compiles and is not counted. The peers' figures are quoted: their chains need command-line programs, configuration
files and, for LiCSBAS, code that is not on PyPI. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import mexico
import numpy as np
import rasterio
import yaml
from rasterio.transform import from_origin
from stacks import Stack, small

ROOT = Path(__file__).resolve().parents[2]
QUOTED = "MintPy 7.3, LiCSBAS2 69 s on Mexico City; LiCSBAS2 149 s on 200 x 200 (an earlier run of their own code)"
FRAME, WEST, NORTH, PIXEL = "005A_05432_131313", -99.2, 19.5, 0.001


def write_frame(data: Stack, folder: Path) -> None:
    """The stack as GeoTIFFs of a LiCSAR frame: phase with 0 = nodata, coherence in 255 greys, unit vectors, heights, baselines."""
    geoc = folder / "GEOC"
    geoc.mkdir(parents=True)
    days = [date(2020, 1, 4) + timedelta(days=float(day)) for day in data.days]
    rows, columns = data.shape

    def write(path: Path, values: np.ndarray) -> None:
        profile = {"driver": "GTiff", "height": rows, "width": columns, "count": 1, "dtype": values.dtype, "nodata": 0}
        with rasterio.open(
            path, "w", crs=4326, transform=from_origin(WEST, NORTH, PIXEL, PIXEL), compress="deflate", **profile
        ) as file:
            file.write(values.reshape(rows, columns), 1)

    for name, value in {"E": -0.624, "N": -0.136, "U": 0.769, "hgt": 2240.0}.items():
        write(geoc / f"{FRAME}.geo.{name}.tif", np.full(data.shape, value, np.float32))
    for k, (i, j) in enumerate(data.pairs):
        name = f"{days[i]:%Y%m%d}_{days[j]:%Y%m%d}"
        (geoc / name).mkdir()
        write(geoc / name / f"{name}.geo.unw.tif", np.nan_to_num(data.phase[k]).astype(np.float32))
        write(geoc / name / f"{name}.geo.cc.tif", np.clip(np.rint(255 * data.coherence[k]), 1, 255).astype(np.uint8))
    lines = [f"{days[0]:%Y%m%d} {day:%Y%m%d} {20 * np.sin(k):.2f} {(day - days[0]).days}" for k, day in enumerate(days)]
    (geoc / "baselines").write_text("\n".join(lines) + "\n")
    metadata = {"master": f"{days[0]:%Y%m%d}", "center_time": "00:33:12.000000", "heading": -12.27, "avg_incidence_angle": 39.7}
    (geoc / "metadata.txt").write_text("".join(f"{key}={value}\n" for key, value in metadata.items()))


def study_of(folder: Path) -> dict[str, Any]:
    return {
        "title": "Simulated frame",
        "cubes": {"frame": {"source": "licsar", "products": {"folder": str(folder)}}},
    }


def run(study: Path, out: Path, *options: str) -> tuple[float, float]:
    """CPU and wall seconds of one run of the chain."""
    out.mkdir()
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, *options, str(Path(__file__).with_name("chain.py")), str(study), str(out)])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"The chain of {study.name} failed.")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - begin


def measure(name: str, study: Path, folder: Path, turns: int, profile: bool) -> float:
    if profile:
        run(study, folder / f"{name}-profile", "-m", "cProfile", "-o", f"{name}.prof")
        print(f"{name}.prof: read it with python -m pstats")
    run(study, folder / f"{name}-warm")
    seconds = [run(study, folder / f"{name}-{turn}") for turn in range(turns)]
    cpu, wall = (statistics.median(second[i] for second in seconds) for i in (0, 1))
    print(f"{name}: {cpu:.2f} s of CPU ({' '.join(f'{c:.2f}' for c, _ in seconds)}), {wall:.2f} s of wall time")
    return round(cpu, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="also write mexico.prof and 200.prof")
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # one core, handed down to the processes
    print(f"quoted: {QUOTED}")
    result = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if mexico.folder() is None:
            print("cpu_s_mexico is left out: INSARCAST_DATA names no folder that holds mexico_cropA.")
        else:
            study = ROOT / "config/studies/mexico_city.yaml"
            result["cpu_s_mexico"] = measure("mexico", study, folder, options.turns, options.profile)
        write_frame(small(), folder / "frame")
        study = folder / "frame.yaml"
        study.write_text(yaml.safe_dump(study_of(folder / "frame")))
        result["cpu_s_200"] = measure("200", study, folder, options.turns, options.profile)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
