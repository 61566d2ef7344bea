"""The mintpy source: a time series of MintPy in HDF5 or HDF-EOS5, geocoded, with the layers that lie beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from insarcast.core import InsarcastError, line_of_sight

from ..found import Found, refuse_keys
from ..patterns import example
from ..select import Skipped, skip
from .checks import choose_dates, place_of
from .mintpy_file import CORRECTIONS, MintpyFile, read_mintpy_file, suffixes
from .mintpy_layers import FOLDERS, layers_beside
from .tables import find_one


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
        beside, others = layers_beside(folder, found, grid)
        skipped += others
        for layer, (path, name) in beside.items():
            static[layer], layers[layer] = [str(path)], name
    return Found(
        [],
        static=static,
        conventions={
            "sign": "towards",
            "units": "mm",
            "factor": found.factor,
            "product": f"MintPy, {found.path.name}",
            "stated": f"The file says {found.units}, and MintPy writes displacement positive towards the satellite.",
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
        named = read_mintpy_file(find_one(folder, names, "MintPy"))
        if not named.geocoded:
            raise InsarcastError(_not_geocoded(named))
        return named, []
    paths = list(_candidates(folder))
    if not paths:
        raise InsarcastError(
            f"No time series of MintPy (timeseries*.h5, geo/geo_timeseries*.h5 or *.he5) lies in {folder}, which products.folder names; "
            f"{example(folder)}."
        )
    radar = ""
    for rank in sorted({_rank(path) for path in paths}, reverse=True):
        files = [read_mintpy_file(path) for path in paths if _rank(path) == rank]
        chosen = [file for file in files if file.geocoded]
        radar = radar or _not_geocoded(files[0])
        if len(chosen) > 1:
            one, other = (file.path.relative_to(folder) for file in chosen[:2])
            raise InsarcastError(
                f"{folder} holds {one} and {other}, and nothing says which is better; name the one to use in series.files."
            )
        if chosen:
            used = chosen[0].path
            reason = f"another time series; {used.relative_to(folder)} has the most corrections"
            return chosen[0], [skip("file", str(path.relative_to(folder)), reason) for path in paths if path != used]
    raise InsarcastError(radar)


def _candidates(folder: Path) -> Iterator[Path]:
    for place in FOLDERS[:2]:
        yield from sorted(path for path in (folder / place).glob("*timeseries*.h5") if suffixes(path) is not None)
        yield from sorted((folder / place).glob("*.he5"))


def _rank(path: Path) -> tuple[bool, int]:
    """How far a file got: those with steps that are no corrections, such as a filter in time, come last, HDF-EOS5 before them."""
    steps = suffixes(path)
    if steps is None:
        return True, -1
    return all(step in CORRECTIONS for step in steps), len(steps)


def _not_geocoded(series: MintpyFile) -> str:
    """What is said of a time series in radar coordinates."""
    return (
        f"{series.path} is in radar coordinates (it has no X_FIRST and Y_FIRST); run MintPy's geocode.py on it, which writes "
        f"geo/geo_{series.path.name}, or its step 'geocode'."
    )


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
        if products["heading"] is not None:
            raise InsarcastError(
                f"products.heading is set, but the geometry of {series.path} says where the satellite looks from; remove the key, or set "
                "products.incidence too, to use both instead of it."
            )
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
