"""Where a cube's products are from, and which part of them is used."""

from __future__ import annotations

import re
from pathlib import Path

import xarray as xr

from insarcast.core import Manifest

from ..writing import words

# Names as HyP3's product guides and LiCSAR give them.
_GAMMA = re.compile(r"S1[A-D]{2}_\d{8}T\d{6}_")
_BURST = re.compile(r"S1_\d{6}_IW[123]_\d{8}_")
_BURSTS = re.compile(r"S1[A-D]?_(?P<track>\d{3})_")
_FRAME = re.compile(r"(?P<frame>\d{3}[AD]_\d{5}_\d{6})\.geo\.")


def source(manifest: Manifest) -> str:
    """The service with its job and track, or its frame, where the files' names say it; else the source's name."""
    if manifest.truth is not None:
        return "simulated"
    if manifest.source == "hyp3" and manifest.pairs:
        return _hyp3(Path(manifest.pairs[0].unwrapped).name)
    if manifest.source == "licsar":
        names = [Path(path).name for paths in manifest.static.values() for path in paths]
        frame = next((match["frame"] for name in names if (match := _FRAME.match(name))), None)
        return f"LiCSAR, frame {frame}" if frame else "LiCSAR"
    return str(manifest.source)


def _hyp3(name: str) -> str:
    if _GAMMA.match(name):
        return "HyP3, INSAR_GAMMA"
    if _BURST.match(name):
        return "HyP3, INSAR_ISCE_BURST"
    track = _BURSTS.match(name)
    return f"HyP3, INSAR_ISCE_MULTI_BURST, track {int(track['track'])}" if track else "HyP3"


def cut(manifest: Manifest, cube: xr.Dataset) -> str:
    """That the grid holds no more than the study's area; empty where it names none, or the grid reaches beyond it."""
    if manifest.area is None:
        return ""
    west, south, east, north = manifest.area
    bounds = (west, south, east, north)
    if not cube.rio.crs.is_geographic:
        from pyproj import Transformer

        bounds = Transformer.from_crs("EPSG:4326", cube.rio.crs, always_xy=True).transform_bounds(*bounds)
    for axis, low, high in ((cube.x.values, bounds[0], bounds[2]), (cube.y.values, bounds[1], bounds[3])):
        step = abs(float(axis[-1] - axis[0])) / max(len(axis) - 1, 1)  # a pixel that the area touches is whole
        if axis.min() < low - step or axis.max() > high + step:
            return ""
    return f"The grid is confined to the study's area: {words.place(west, south)} to {words.place(east, north)}."
