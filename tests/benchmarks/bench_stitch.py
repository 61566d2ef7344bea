"""Memory and seconds of stitching a large scene, against adding up whole arrays.

    python tests/benchmarks/bench_stitch.py [--rows 3584] [--cols 2560]

Writes tile forecasts of 27 increment maps (3 origins, 3 horizons, 3 quantiles) and 9 maps of sd in windows of 512 pixels that share
at least 64, joins them in a process of its own whose peak memory is read, and again by the plain way: one array of the whole
scene to which each weighted tile is added. A scene of a quarter of the pixels shows whether memory grows with the scene. Needs
1.2 GB of disk for a while. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import xarray as xr

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "workflow"))

SIZE, OVERLAP, HALO, BATCHES = 512, 64, 11, 4
ORIGINS, HORIZONS, QUANTILES = 3, 3, (0.05, 0.5, 0.95)
MODEL = "m"


def make_scene(folder: Path, ny: int, nx: int) -> None:
    """A cube, its tiles, and their forecasts, written tile by tile."""
    from insarcast.core import blocks, create_store, read_tiles, write_block, write_json
    from insarcast.tile import tile_cube

    folder.mkdir()
    grid = cube(ny, nx)
    create_store(grid, folder / "cube.zarr", 512)
    for block in blocks(ny, nx, 512):
        shape = tuple(side.stop - side.start for side in block)
        write_block(xr.Dataset({"mask": (("y", "x"), np.ones(shape, bool))}), folder / "cube.zarr", block)
    tile_cube([], folder / "cube.zarr", folder / "tiles.gpkg", SIZE, OVERLAP, BATCHES, 0.0)
    offsets = np.random.default_rng(0)
    entries: list[list[dict[str, object]]] = [[] for _ in range(BATCHES)]
    for tile in read_tiles(folder / "tiles.gpkg"):
        home = folder / f"{MODEL}-{tile.batch}"
        home.mkdir(exist_ok=True)
        write_tile(tile, grid, home, float(offsets.normal(scale=2)))
        entries[tile.batch].append({"tile": tile.tile, "status": "trained", "receptive_field": HALO, "seed": 0})
    for number, each in enumerate(entries):
        (folder / f"{MODEL}-{number}").mkdir(exist_ok=True)
        write_json(folder / f"{MODEL}-{number}/batch.json", {"model": MODEL, "batch": number, "tiles": each})


def cube(ny: int, nx: int) -> xr.Dataset:
    """A cube of two dates whose values nobody reads."""
    import rioxarray  # noqa: F401

    from insarcast.core import blank

    data = xr.Dataset(
        {
            "displacement": (
                ("time", "y", "x"),
                blank("float32", 2, ny, nx),
                {"units": "mm", "sign": "positive towards the satellite"},
            ),
            "mask": (("y", "x"), blank("bool", ny, nx)),
        },
        coords={
            "time": np.array(["2021-01-11", "2021-01-23"], "datetime64[ns]"),
            "y": 4.3e6 - 40.0 * np.arange(ny),
            "x": 5.0e5 + 40.0 * np.arange(nx),
        },
    )
    return data.rio.write_crs("EPSG:32650", inplace=True)


def write_tile(tile, grid: xr.Dataset, home: Path, offset: float) -> None:
    """A bowl and noise that all tiles see alike, and an offset of this tile; in steps of 1/64 mm, which spares the disk."""
    from insarcast.core import write_store

    row, col = np.ogrid[tile.top : tile.bottom, tile.left : tile.right]
    bowl = -10 * np.exp(-(((row - 1500) / 600) ** 2) - ((col - 1000) / 500) ** 2)
    layers = np.empty((ORIGINS, HORIZONS, len(QUANTILES), *tile.shape), "float32")
    for at in np.ndindex(ORIGINS, HORIZONS):
        hashed = np.sin(12.9898 * row + 78.233 * col + 37.719 * (at[0] * HORIZONS + at[1])) * 43758.5453
        median = bowl * (at[1] + 1) / HORIZONS + offset + 2 * (hashed - np.floor(hashed))
        for which, level in enumerate(QUANTILES):
            layers[(*at, which)] = np.round(64 * (median + 4 * (level - 0.5))) / 64
    dates = np.datetime64("2021-01-11", "ns") + 12 * np.arange(20) * np.timedelta64(1, "D")
    coords = {"origin": dates[:ORIGINS], "horizon": np.arange(1, HORIZONS + 1)}
    forecast = xr.Dataset(
        {
            "increment": (("origin", "horizon", "quantile", "y", "x"), layers),
            "sd": (("origin", "horizon", "y", "x"), np.full((ORIGINS, HORIZONS, *tile.shape), 2 + offset / 64, "float32")),
        },
        coords={
            **coords,
            "quantile": list(QUANTILES),
            "target_time": (("origin", "horizon"), dates[np.add.outer(np.arange(ORIGINS), np.arange(1, HORIZONS + 1))]),
            "y": grid.y[tile.window[0]],
            "x": grid.x[tile.window[1]],
        },
        attrs={"model": MODEL, "label": "M", "seed": 0, "vintages": ["a", "b", "full"]},
    )
    write_store(forecast.rio.write_crs(grid.rio.crs), home / f"tile-{tile.tile:04}.zarr")
    points = np.argwhere(np.ones(tile.shape, bool)[::64, ::64]) * 64 + [tile.top, tile.left]
    values = np.zeros((ORIGINS, 10, HORIZONS, len(points)), "float32")
    past = xr.Dataset(
        dict.fromkeys(("median", "sd", "observed"), (("origin", "past", "horizon", "point"), values)),
        coords={
            **coords,
            "past_origin": (("origin", "past"), np.broadcast_to(dates[:10], (ORIGINS, 10))),
            "row": ("point", points[:, 0]),
            "col": ("point", points[:, 1]),
        },
    )
    write_store(past, home / f"tile-{tile.tile:04}-past.zarr")


def ours(folder: Path) -> dict[str, float]:
    """The stage itself."""
    from insarcast.stitch import stitch_tiles

    before, start = peak(), time.perf_counter()
    batches = [folder / f"{MODEL}-{number}" for number in range(BATCHES)]
    outputs = [folder / name for name in ("out.zarr", "out-past.zarr", "out.json")]
    stitch_tiles(batches, folder / "tiles.gpkg", folder / "cube.zarr", *outputs, blend="hann", halo=None)
    return {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time(), "rss_mb": peak(), "imports_mb": before}


def naive(folder: Path) -> dict[str, float]:
    """Whole arrays, float32, to which every tile is added times its weight; then the difference from the stage's maps."""
    from insarcast.core import blocks, open_store, read_tiles

    start = time.perf_counter()
    tiles = read_tiles(folder / "tiles.gpkg")
    ny, nx = tiles[-1].bottom, tiles[-1].right
    rows, cols = (flanks(sorted({(t.window[a].start, t.window[a].stop) for t in tiles})) for a in (0, 1))
    total = np.zeros((ORIGINS, HORIZONS, len(QUANTILES), ny, nx), "float32")
    sd = np.zeros((ORIGINS, HORIZONS, ny, nx), "float32")
    norm = np.zeros((ny, nx))
    for tile in tiles:
        data = xr.open_zarr(folder / f"{MODEL}-{tile.batch}/tile-{tile.tile:04}.zarr", consolidated=False).load()
        weight = np.multiply.outer(rows[tile.top], cols[tile.left])
        total[..., tile.window[0], tile.window[1]] += weight * data.increment.values
        sd[..., tile.window[0], tile.window[1]] += weight * data.sd.values
        norm[tile.window] += weight
    for layer in [*total.reshape(-1, ny, nx), *sd.reshape(-1, ny, nx)]:
        layer /= norm
    seconds, cpu, rss = time.perf_counter() - start, time.process_time(), peak()
    worst = 0.0
    stitched = open_store(folder / "out.zarr")
    for block in blocks(ny, nx, 512):
        part = stitched.isel(y=block[0], x=block[1]).load()
        for name, array in (("increment", total), ("sd", sd)):
            worst = max(worst, float(np.abs(part[name].values - array[..., block[0], block[1]]).max()))
    return {"seconds": seconds, "cpu_seconds": cpu, "rss_mb": rss, "max_difference": worst}


def flanks(spans: list[tuple[int, int]]) -> dict[int, np.ndarray]:
    """Hann flanks between the halos of consecutive windows of an axis, by the window's start."""
    found = {start: np.ones(stop - start) for start, stop in spans}
    for (first, stop), (start, _) in pairwise(spans):
        shared = stop - start
        x = np.clip((np.arange(shared) - HALO + 0.5) / (shared - 2 * HALO), 0, 1)
        rise = 0.5 - 0.5 * np.cos(np.pi * x)
        found[first][-shared:] *= 1 - rise
        found[start][:shared] *= rise
    return found


def peak() -> float:
    """Peak resident memory of this process in MB; getrusage would give a child the peak of the parent it was forked from."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def child(what: str, folder: Path) -> dict[str, float]:
    alone = os.environ | {"OMP_NUM_THREADS": "1", "DASK_NUM_WORKERS": "1"}  # as the rule runs it
    command = [sys.executable, __file__, "--child", what, "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=alone)
    if done.returncode:
        sys.exit(done.stderr)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3584)
    parser.add_argument("--cols", type=int, default=2560)
    parser.add_argument("--child", choices=["ours", "naive"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps({"ours": ours, "naive": naive}[options.child](options.folder)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        found = {}
        for name, part in (("quarter", 2), ("whole", 1)):
            folder = Path(temporary) / name
            start = time.perf_counter()
            make_scene(folder, options.rows // part, options.cols // part)
            print(f"{name}: written in {time.perf_counter() - start:.0f} s")
            found[name] = child("ours", folder)
            print(f"{name}: {found[name]}")
        plain = child("naive", folder)
        record = json.loads((folder / "out.json").read_text())
        disk = sum(path.stat().st_size for path in Path(temporary).rglob("*") if path.is_file()) / 1e6
    print(f"plain: {plain}")
    print(f"{record['sentence']} {sum(record['tiles'].values())} tiles, {disk:.0f} MB on disk")
    whole = found["whole"]
    layers = ORIGINS * HORIZONS * (len(QUANTILES) + 1)
    result = {
        "rss_mb": round(whole["rss_mb"]),
        "rss_ratio": round(whole["rss_mb"] / found["quarter"]["rss_mb"], 3),
        "seconds": round(whole["seconds"], 1),
        "naive_rss_mb": round(plain["rss_mb"]),
        "max_difference": plain["max_difference"],
        "naive_seconds": round(plain["seconds"], 1),
        "cpu_seconds": round(whole["cpu_seconds"], 1),
        "naive_cpu_seconds": round(plain["cpu_seconds"], 1),
        "imports_mb": round(whole["imports_mb"]),
        "megapixel_maps_per_second": round(options.rows * options.cols * layers / whole["seconds"] / 1e6, 1),
        "seam": record["seam"]["blended"],
        "seam_none": record["seam"]["none"],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
