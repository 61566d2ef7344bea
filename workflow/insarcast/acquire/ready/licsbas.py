"""The licsbas source: cum.h5 or cum_filt.h5 of LiCSBAS, with the layers that lie in it or beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from insarcast.core import InsarcastError

from ..found import Found, refuse_keys
from ..patterns import example
from ..select import Skipped, skip
from .checks import choose_dates, line_of_sight_of, place_of
from .licsbas_file import LAYERS, LicsbasFile, check_rate, looks_of, read_licsbas_file, wavelength_of
from .licsbas_netcdf import find_licsbas_netcdf
from .tables import find_one

_LOS = ("los_east", "los_north", "los_up")


def find_licsbas(folder: Path, products: dict[str, Any], series: dict[str, Any]) -> Found:
    """Find a time series of LiCSBAS: cum.h5, what LiCSBAS_out2nc.py made of it, or the one that the study names.

    cum_filt.h5 is taken only where it is named or alone: its filter looks ahead in time, so that what comes after a date has changed it.

    Args:
        folder: TS_GEOCml*, or the folder that holds one such.
        products: the study's ``products``, defaults filled in.
        series: the study's ``series``: files.

    Raises:
        InsarcastError: there is none or several, it is broken, in radar coordinates or contradicts itself, or nothing says where the satellite
            looks from.
    """
    refuse_keys(products, "licsbas")
    path, skipped = _choose(folder, series["files"])
    if path.suffix == ".nc":
        return find_licsbas_netcdf(path, products)
    found = read_licsbas_file(path)
    dates, rows, left_out = choose_dates(found.days, products, path)
    agrees = "; its velocity agrees" if check_rate(path, found.days) else ""
    looks = looks_of(path)
    grid = found.grid(looks or 1)
    if looks is None:
        skipped.append(
            skip(
                "layer",
                "place",
                "no folder's name (TS_GEOCml<n>) says how many pixels LiCSBAS averaged: it is read as none; with n, places are "
                "(n - 1) / (2 n) of a pixel too far north-west",
            )
        )
    static = {"series": [str(path)]} | _flat(found)
    known = {*found.has, *static}
    return Found(
        [],
        static=static,
        conventions={
            "sign": "towards",
            "units": "mm",
            "product": f"LiCSBAS, {path.relative_to(folder) if path.is_relative_to(folder) else path.name}",
            "stated": f"LiCSBAS writes mm, positive towards the satellite, and says neither in the file{agrees}.",
            "grid": grid,
            "rows": rows,
            "layers": {layer: LAYERS[layer] for layer in found.has},
            "gaps": found.gaps,
            "wavelength": products["wavelength"] or wavelength_of(path),
            "baselines": [found.baselines[row] for row in rows] if found.baselines else None,
            "reference": _reference(found, grid),
            "done": found.done,
            "los": line_of_sight_of(
                products,
                set(_LOS) <= known,
                f"Neither {path.name} nor the folder GEOCml* beside {path.parent} holds E.geo, N.geo and U.geo, which say where the satellite "
                "looks from; bring them, or set products.incidence and products.heading.",
            ),
        },
        skipped=skipped + left_out,
        dates=dates,
    )


def _choose(folder: Path, names: Sequence[str] | None) -> tuple[Path, list[Skipped]]:
    """The time series to read, and the other with the reason."""
    if names:
        return find_one(folder, names, "LiCSBAS"), []
    places = (
        [folder] if list(folder.glob("cum*.h5")) else sorted(path for path in folder.glob("TS_*") if list(path.glob("cum*.h5")))
    )
    if len(places) > 1:
        raise InsarcastError(
            f"{folder} holds time series in {places[0].name} and {places[1].name}; name one in series.files, like "
            f"{places[0].name}/cum.h5."
        )
    for place in places:
        plain, filtered = place / "cum.h5", place / "cum_filt.h5"
        if plain.is_file():
            reason = "filtered, with what comes after each date; name it in series.files to use it"
            return plain, [skip("file", str(filtered.relative_to(folder)), reason)] if filtered.is_file() else []
        if filtered.is_file():
            return filtered, []
    exported = sorted(folder.glob("*.nc"))
    if len(exported) > 1:
        raise InsarcastError(f"{folder} holds {exported[0].name} and {exported[1].name}; name the one to use in series.files.")
    if exported:
        return exported[0], []
    if _is_frame(folder):
        raise InsarcastError(
            f"{folder} holds interferograms of a LiCSAR frame and no time series; use source licsar, or run LiCSBAS up to step 13 and give "
            "its TS_GEOCml* folder."
        )
    raise InsarcastError(
        f"No time series of LiCSBAS (cum.h5 or cum_filt.h5, also in TS_*, or NetCDF of LiCSBAS_out2nc.py) lies in {folder}, which "
        f"products.folder names; {example(folder)}."
    )


def _is_frame(folder: Path) -> bool:
    """Whether a folder holds interferograms by LiCSAR's or LiCSBAS's own names."""
    patterns = ("*.geo.unw.tif", "*/*.geo.unw.tif", "*/*/*.geo.unw.tif", "*/*.unw", "*/*/*.unw")
    return any(next(folder.glob(pattern), None) for pattern in patterns)


def _flat(found: LicsbasFile) -> dict[str, list[str]]:
    """Layers that lie as flat files of float32 beside the time series: what an older LiCSBAS does not write into cum.h5."""
    here, size = found.path.parent, 4 * found.shape[1] * found.shape[2]
    stack = here.parent / here.name.removeprefix("TS_")
    flat = {}
    for layer, name in LAYERS.items():
        path = (stack if name.endswith(".geo") else here / "results") / name
        if layer not in found.has and path.is_file() and path.stat().st_size == size:
            flat[layer] = [str(path)]
    return flat


def _reference(found: LicsbasFile, grid: dict[str, Any]) -> list[float] | None:
    """Longitude and latitude of the middle of the reference area."""
    if found.reference is None:
        return None
    left, top, right, bottom = found.reference
    return place_of(grid, (top + bottom - 1) / 2, (left + right - 1) / 2)
