"""A simulated scene in LiCSAR's layout and conventions, as LiCSBAS downloads a frame.

The phase is positive away from the satellite and 0 where there is none; it has a constant of its own. All pairs have one extent.
A LiCSAR frame is in degrees (EPSG:4326); the scene keeps its UTM lattice, so that both layouts hold the same pixels and need no
resampling, and readers must take the CRS that the files name.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np

from ..scene.interferograms import make_interferogram
from ..scene.scene import Scene
from .simulated_raster import as_phase, whole, write_layer


def frame_name(scene: Scene) -> str:
    """Track, direction, and two numbers that LiCSAR gives a frame."""
    return f"137{'A' if scene.look.ascending else 'D'}_05432_131313"


def write_licsar(scene: Scene, products: Path) -> list[str]:
    """Write a frame's layers, and every pair that the folder does not hold yet.

    Args:
        scene: the scene.
        products: folder of the frame; all goes below its ``GEOC``.

    Returns:
        Names of all pairs.
    """
    folder = products / "GEOC"
    folder.mkdir(parents=True, exist_ok=True)
    _write_frame(scene, folder)
    names = []
    for number, (i, j) in enumerate(scene.pairs):
        name = f"{scene.dates[i]:%Y%m%d}_{scene.dates[j]:%Y%m%d}"
        names.append(f"GEOC/{name}")
        if (folder / name).is_dir():
            continue
        part = folder / f".part-{name}"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        pair = make_interferogram(scene, i, j)
        window = whole(scene.lattice)
        write_layer(part / f"{name}.geo.unw.tif", as_phase(pair.phase), scene.lattice, window, nodata=0)
        # 0 means no coherence was measured: the least that was is 1 of 255.
        grey = np.clip(np.rint(pair.coherence * 255), 1, 255).astype(np.uint8)
        write_layer(part / f"{name}.geo.cc.tif", grey, scene.lattice, window, nodata=0)
        os.replace(part, folder / name)
        if number % 20 == 0:
            print(f"simulated {number + 1} of {len(scene.pairs)} pairs", file=sys.stderr, flush=True)
    return names


def _write_frame(scene: Scene, folder: Path) -> None:
    """Look vectors, heights, baselines and metadata of the frame."""
    frame = frame_name(scene)
    layers = dict(zip("ENU", scene.look.enu, strict=True)) | {"hgt": scene.height}
    for name, values in layers.items():
        path = folder / f"{frame}.geo.{name}.tif"
        if not path.exists():
            part = path.with_name(f".part-{path.name}")
            write_layer(part, values.astype(np.float32), scene.lattice, whole(scene.lattice), nodata=0)
            os.replace(part, path)
    prime = scene.dates[0]
    rows = [
        f"{prime:%Y%m%d} {day:%Y%m%d} {baseline:.4f} {(day - prime).days}"
        for day, baseline in zip(scene.dates, scene.baselines, strict=True)
    ]
    (folder / "baselines").write_text("\n".join(rows) + "\n", encoding="utf-8")
    hour = 18 if scene.look.ascending else 6
    second = int((hour * 3600 - scene.settings["area"]["lon"] / 15 * 3600) % 86400)
    metadata = {
        "name": frame,
        "master": f"{prime:%Y%m%d}",
        "center_time": f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.000000",
        "heading": f"{scene.look.heading:.6f}",
        "avg_incidence_angle": f"{scene.look.incidence:.4f}",
        "avg_height": f"{float(scene.height.mean(dtype=np.float64)):.2f}",
        "applied_DEM": "simulated",
    }
    (folder / "metadata.txt").write_text("".join(f"{key}={value}\n" for key, value in metadata.items()), encoding="utf-8")
