"""From products to the masked cube and its figures in one process, by the functions that the rules run, with the rules' settings.

    python tests/benchmarks/chain.py STUDY.yaml FOLDER

Run by bench_chain.py, which takes the CPU seconds of the whole process, imports included. A scientist's own script looks like this.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

for variable in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"
os.environ["MPLBACKEND"] = "Agg"

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "workflow"))

from insarcast import acquire, report, stack  # noqa: E402
from insarcast.core import Study  # noqa: E402


def run(path: Path, folder: Path) -> None:
    study = Study(path)
    name = study.cubes[0]

    def setting(key: str) -> object:
        return study.get(key, name)

    manifest, ifgs, closure = folder / "manifest.json", folder / "ifgs.zarr", folder / "closure.zarr"
    inversion, decisions, cube = folder / "inversion.zarr", folder / "decisions.json", folder / "cube.zarr"
    acquire.acquire_products(
        manifest, setting("source"), setting("products"), setting("gnss"), os.environ.get("INSARCAST_DATA"),
        str(ROOT / "config/originals"), str(folder / "cache"),
    )  # fmt: skip
    stack.align_products(manifest, ifgs, setting("products.bad_file"))
    stack.close_loops(ifgs, closure, folder / "network.parquet")
    stack.invert_network(
        ifgs, closure, inversion, decisions, vintage="full", quality=setting("stack.quality"), closing=setting("stack.closure"),
        bridge=setting("stack.network.bridge"), reference=setting("stack.reference"), settings=setting("stack.inversion"), threads=1,
    )  # fmt: skip
    stack.build_cube(
        ifgs, inversion, cube, vintage="full", mask=setting("stack.mask"), seed=setting("forecast.seed"), config="",
        velocity=setting("stack.velocity"), dem_error=setting("stack.dem_error"),
    )  # fmt: skip
    gnss = folder / "gnss.json"
    gnss.write_text("{}")  # the comparison with GNSS is another stage's; its stations come from the study

    def figure(figure_name: str, kind: str = "png") -> tuple[Path, Path]:
        return folder / f"{figure_name}.{kind}", folder / f"{figure_name}.json"

    report.draw_noise(cube, *figure("F14_noise"))
    report.draw_displacement(
        cube, gnss, *figure("F01_velocity"), *figure("F02_displacement"), setting("report.colours"), setting("gnss.stations")
    )
    report.draw_network(
        decisions, closure, cube, *figure("F11_network", "svg"), *figure("F12_coherence"), *figure("F13_closure"),
        setting("stack.closure.max_rms"),
    )  # fmt: skip


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
