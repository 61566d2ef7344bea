"""What a simulated scene was made from, as a store that only scoring may read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rioxarray  # noqa: F401  (registers .rio)
import xarray as xr

from insarcast import __version__
from insarcast.core import blank, blocks, create_store, shard_edge, write_block

from ..scene.scene import KINDS, Scene


def write_truth(scene: Scene, path: Path) -> None:
    """Write ``displacement`` and ``atmosphere`` (time, y, x) mm, ``kind`` (y, x) and ``velocity`` (y, x) mm/yr, block by block.

    Args:
        scene: the scene.
        path: store to write, on the scene's whole lattice.
    """
    ny, nx = scene.shape
    count = len(scene.dates)
    edge = shard_edge(2 * count)
    create_store(_template(scene), path, edge)
    for window in blocks(ny, nx, edge):
        # delays are opened anew for each block: a mapped file that was read counts as memory until it is closed
        displacement = np.stack([scene.displacement_at(number, window) for number in range(count)])
        layers = {
            "displacement": (("time", "y", "x"), displacement),
            "atmosphere": (("time", "y", "x"), np.stack([scene.delay_at(number)[window] for number in range(count)])),
            "kind": (("y", "x"), scene.kind_in(window)),
            "velocity": (("y", "x"), scene.velocity_in(window)),
        }
        write_block(xr.Dataset(layers), path, window)


def _template(scene: Scene) -> xr.Dataset:
    ny, nx = scene.shape
    cubic, flat = ("time", "y", "x"), ("y", "x")
    sign = {"units": "mm", "sign": "positive towards the satellite"}
    flags = {"flag_values": list(range(len(KINDS))), "flag_meanings": " ".join(KINDS)}
    size = (len(scene.dates), ny, nx)
    template: xr.Dataset = xr.Dataset(
        {
            "displacement": (
                cubic,
                blank(np.float32, *size),
                {"long_name": "true deformation along the line of sight since the first date", **sign},
            ),
            "atmosphere": (
                cubic,
                blank(np.float32, *size),
                {"long_name": "apparent displacement along the line of sight by the troposphere", **sign},
            ),
            "kind": (flat, blank(np.uint8, ny, nx), {"long_name": "what the ground is", **flags}),
            "velocity": (
                flat,
                blank(np.float32, ny, nx),
                {"long_name": "slope of the straight line through the true deformation", "units": "mm yr-1"},
            ),
        },
        coords={"time": scene.time.astype("datetime64[ns]"), "y": scene.lattice.y, "x": scene.lattice.x},
        attrs={"Conventions": "CF-1.11", "source": "simulated", "insarcast_version": __version__},
    )
    placed: xr.Dataset = template.rio.write_crs(scene.lattice.epsg, inplace=True)
    return placed
