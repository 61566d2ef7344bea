"""The mintpy source: a time series of MintPy in HDF5 or HDF-EOS5, geocoded, with the layers that lie beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from insarcast.core import InsarcastError, attributes_of, find_shape, line_of_sight, open_hdf5

from .found import Found, refuse_keys
from .mintpy_file import CORRECTIONS, MintpyFile, read_mintpy_file, suffixes
from .patterns import example
from .ready import choose_dates, place_of
from .select import Skipped, skip
from .tables import find_tables

_FOLDERS = (".", "geo", "inputs")
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


def find_mintpy(folder: Path, products: dict[str, Any], series: dict[str, Any]) -> Found:
    """Find a time series of MintPy: the geocoded one with the most corrections, or the one that the study names.

    MintPy's displacement is in m and positive towards the satellite; pixels that it did not invert are 0 at all dates.

    Args:
        folder: MintPy's folder, its ``geo``, or any folder with a time series.
        products: the study's ``products``, defaults filled in.
        series: the study's ``series``: files.

    Raises:
        InsarcastError: there is none, none is geocoded, several are as good, it is broken, or nothing says where the satellite looks from.
    """
    refuse_keys(products, "mintpy")
    found, skipped = _choose(folder, series["files"])
    dates, rows, left_out = choose_dates(found.days, products, found.path)
    grid = found.grid()
    static = {"series": [str(found.path)]}
    layers = dict(found.names)
    if "displacement" in layers and len(layers) == 1:
        beside, others = _beside(folder, found, grid)
        skipped += others
        for layer, (path, name) in beside.items():
            static[layer], layers[layer] = [str(path)], name
    said = found.units or "no units"
    return Found(
        [],
        static=static,
        conventions={
            "sign": "towards",
            "units": "mm",
            "factor": found.factor,
            "product": f"MintPy, {found.path.name}",
            "stated": f"The file says {said}, and MintPy writes displacement positive towards the satellite.",
            "grid": grid,
            "rows": rows,
            "layers": layers,
            "wavelength": products["wavelength"] or found.number("WAVELENGTH"),
            "baselines": [found.baselines[row] for row in rows] if found.baselines else None,
            "reference": place_of(grid, *pixel) if (pixel := _reference(found, grid)) else None,
            "reference_pixel": pixel,
            "done": [CORRECTIONS.get(end, end) for end in suffixes(found.path) or []],
        }
        | _line_of_sight(found, products, layers),
        skipped=skipped + left_out,
        dates=dates,
    )


def _choose(folder: Path, names: Sequence[str] | None) -> tuple[MintpyFile, list[Skipped]]:
    """The time series to read, and the others with the reason."""
    if names:
        paths = find_tables(folder, names)
        if len(paths) > 1:
            raise InsarcastError(
                f"series.files fits {paths[0].name} and {paths[1].name}, but a cube is one time series of MintPy; name one."
            )
        return _geocoded([read_mintpy_file(paths[0])], folder)[0], []
    paths = list(_candidates(folder))
    if not paths:
        raise InsarcastError(
            f"No time series of MintPy (timeseries*.h5, geo/geo_timeseries*.h5 or *.he5) lies in {folder}, which products.folder names; "
            f"{example(folder)}."
        )
    files = _geocoded([read_mintpy_file(path) for path in paths], folder)
    best = max(_rank(file.path) for file in files)
    chosen = [file for file in files if _rank(file.path) == best]
    if len(chosen) > 1:
        one, other = (file.path.relative_to(folder) for file in chosen[:2])
        raise InsarcastError(
            f"{folder} holds {one} and {other}, and nothing says which is better; name the one to use in series.files."
        )
    used = chosen[0].path
    reason = f"another time series; {used.relative_to(folder)} has the most corrections"
    return chosen[0], [skip("file", str(path.relative_to(folder)), reason) for path in paths if path != used]


def _candidates(folder: Path) -> Iterator[Path]:
    for place in _FOLDERS[:2]:
        yield from sorted(path for path in (folder / place).glob("*timeseries*.h5") if suffixes(path) is not None)
        yield from sorted((folder / place).glob("*.he5"))


def _rank(path: Path) -> tuple[bool, int]:
    """How far a file got: those with steps that are no corrections, such as a filter in time, come last, HDF-EOS5 before them."""
    steps = suffixes(path)
    if steps is None:
        return True, -1
    return all(step in CORRECTIONS for step in steps), len(steps)


def _geocoded(files: Sequence[MintpyFile], folder: Path) -> list[MintpyFile]:
    kept = [file for file in files if file.geocoded]
    if not kept:
        name = files[0].path.name
        raise InsarcastError(
            f"{files[0].path} is in radar coordinates (it has no X_FIRST and Y_FIRST); run MintPy's geocode.py on it, which writes "
            f"geo/geo_{name}, or its step 'geocode'."
        )
    return kept


def _beside(folder: Path, series: MintpyFile, grid: dict[str, Any]) -> tuple[dict[str, tuple[Path, str]], list[Skipped]]:
    """Layers in files of their own, on the grid of the time series."""
    places = dict.fromkeys([series.path.parent, *(folder / name for name in _FOLDERS), series.path.parent.parent / "inputs"])
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


def _reference(series: MintpyFile, grid: dict[str, Any]) -> list[int] | None:
    """Row and column of MintPy's reference point; its REF_LAT and REF_LON may be metres."""
    row, col = series.number("REF_Y"), series.number("REF_X")
    if row is not None and col is not None and 0 <= row < grid["ny"] and 0 <= col < grid["nx"]:
        return [int(row), int(col)]
    return None


def _line_of_sight(series: MintpyFile, products: dict[str, Any], layers: dict[str, str]) -> dict[str, Any]:
    """``los``: one unit vector, or None where layers have the angles; ``azimuth``: MintPy's, where only the flight direction is known.

    Raises:
        InsarcastError: nothing says it.
    """
    heading = products["heading"] if products["heading"] is not None else series.number("HEADING")
    incidence = products["incidence"]
    if incidence is None and {"incidence", "azimuth"} <= set(layers):
        return {"los": None, "azimuth": None}
    if heading is None or (incidence is None and "incidence" not in layers):
        raise InsarcastError(
            f"Nothing beside {series.path} says where the satellite looks from: there is no geometryGeo.h5 or geo_geometryRadar.h5 with "
            "incidenceAngle and azimuthAngle on its grid; run MintPy's geocode.py on the geometry, or set products.incidence and "
            "products.heading."
        )
    # A radar that looks left stands on the other side. MintPy's azimuth of the line of sight is anticlockwise from north.
    heading += 180.0 if series.number("ANTENNA_SIDE") == 1 else 0.0
    if incidence is None:
        return {"los": None, "azimuth": (90.0 - heading) % 360.0}
    return {"los": list(line_of_sight(incidence, heading)), "azimuth": None}
