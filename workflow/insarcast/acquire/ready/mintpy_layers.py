"""Layers of MintPy that lie in files of their own beside a time series: geometry, masks, coherences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from insarcast.core import attributes_of, find_shape, open_hdf5

from ..select import Skipped, skip
from .mintpy_file import MintpyFile

FOLDERS = (".", "geo", "inputs")
# Layer -> names of its file and of its dataset there; the first file that is there and has it is taken.
_BESIDE = {
    "temporal_coherence": (("temporalCoherence",), ("temporalCoherence",)),
    "coherence": (("avgSpatialCoh",), ("coherence", "avgSpatialCoh")),
    "n_unw": (("numInvIfgram",), ("mask",)),
    "mask": (("maskTempCoh",), ("mask",)),
    **{
        layer: (("geometryRadar", "geometryGeo"), (dataset,))
        for layer, dataset in {
            "height": "height",
            "incidence": "incidenceAngle",
            "azimuth": "azimuthAngle",
            "land": "waterMask",
        }.items()
    },
}


def layers_beside(folder: Path, series: MintpyFile, grid: dict[str, Any]) -> tuple[dict[str, tuple[Path, str]], list[Skipped]]:
    """Layers on the grid of the time series.

    Args:
        folder: MintPy's folder.
        series: the time series.
        grid: its grid.

    Returns:
        Layer -> file and dataset, and files that could not be used.
    """
    places = dict.fromkeys([series.path.parent, *(folder / name for name in FOLDERS), series.path.parent.parent / "inputs"])
    found: dict[str, tuple[Path, str]] = {}
    elsewhere: set[Path] = set()
    for layer, (names, datasets) in _BESIDE.items():
        for path in (place / f"{start}{name}.h5" for place in places for name in names for start in ("geo_", "")):
            if layer in found or path in elsewhere or not path.is_file():
                continue
            with open_hdf5(path) as file:
                dataset = next((name for name in datasets if find_shape(file, name)), None)
                if not _same_grid(attributes_of(file), grid):
                    elsewhere.add(path)
                elif dataset and find_shape(file, dataset) == series.shape[1:]:
                    found[layer] = (path, dataset)
    reason = "it covers another area than the time series, or is in radar coordinates"
    used = {path.name for path, _ in found.values()}
    return found, [skip("file", path.name, reason) for path in sorted(elsewhere) if not used & {path.name, f"geo_{path.name}"}]


def _same_grid(attributes: dict[str, str], grid: dict[str, Any]) -> bool:
    """Whether a file's pixels are those of the time series."""
    dx, _, west, _, dy, north = grid["transform"]
    try:
        x, y = float(attributes["X_FIRST"]), float(attributes["Y_FIRST"])
        size = int(attributes["LENGTH"]), int(attributes["WIDTH"])
    except (KeyError, ValueError):
        return False
    return size == (grid["ny"], grid["nx"]) and abs(x - west) < 0.1 * dx and abs(y - north) < 0.1 * abs(dy)
