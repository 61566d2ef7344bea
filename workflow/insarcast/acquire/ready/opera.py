"""The opera source: products of OPERA DISP-S1, one NetCDF4 per acquisition, with the frame's static layers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from insarcast.core import InsarcastError

from ..found import Found, refuse_keys
from ..interferograms.tags import read_tags
from ..patterns import example
from ..select import Skipped, skip
from .checks import choose_dates, line_of_sight_of, pixel_at
from .opera_chain import Link, Product, chain, one_stack, parse_product, trimmed
from .opera_file import Facts, read_facts
from .tables import find_tables

CREDIT = (
    "OPERA Surface Displacement from Sentinel-1 (DISP-S1), NASA Jet Propulsion Laboratory and Alaska Satellite Facility DAAC, "
    "https://doi.org/10.5067/SNWG/OPL3DISPS1-V1; contains modified Copernicus Sentinel data."
)
_STATIC = {"los": ("line_of_sight_enu", "los_enu"), "height": ("dem_warped_utm", "dem")}


def find_opera(folder: Path, products: dict[str, Any], series: dict[str, Any]) -> Found:
    """Find the products of one frame and how they add up.

    Displacement is in m, positive towards the satellite, against a reference date that moves on; delays of the product are not taken off
    yet in it, and are if ``series.corrections`` names them.

    Args:
        folder: holds the NetCDF files, and the tifs of the static layers (also in a folder below).
        products: the study's ``products``, defaults filled in.
        series: the study's ``series``: files, corrections.

    Raises:
        InsarcastError: there is none, they are of several frames, one is broken or missing in between, or nothing says where the satellite
            looks from.
    """
    refuse_keys(products, "opera")
    named, skipped = _products(folder, series["files"])
    one_stack(named, folder)
    facts, broken = _facts(named, products["bad_file"])
    chains, doubles = chain([one for one in named if one.path in facts])
    links, apart = _longest(chains, products, folder)
    dates, _, left_out = choose_dates([link.day for link in links], products, folder)
    links = trimmed(links, dates)
    used = [link.path for link in links if link.path is not None]
    known = [facts[path] for path in used]
    static = {"series": [str(path) for path in used]} | _static(folder, named[0].frame)
    corrections, lacking = _corrections(series["corrections"], known)
    places = {one.reference for one in known}
    pixels = {place: pixel_at(known[0].grid, *place) for place in places if place is not None}
    return Found(
        [],
        static=static,
        conventions={
            "sign": "towards",
            "units": "mm",
            "product": f"OPERA DISP-S1, frame F{named[0].frame:05d}, version {'.'.join(map(str, max(one.version for one in named)))}",
            "stated": "The files say metres, positive towards the platform; displacement against moving reference dates was added up.",
            "grid": known[0].grid,
            "links": [[link.start, used.index(link.path) if link.path else None] for link in links],
            "rows": [[link.day for link in links].index(day) for day in dates],
            "layers": sorted(frozenset.intersection(*(one.layers for one in known))),
            "corrections": corrections,
            "zeros": [pixels.get(one.reference) if one.reference is not None else None for one in known],
            "wavelength": products["wavelength"] or known[0].wavelength,
            "baselines": _baselines(links, facts, dates),
            "reference": list(places.pop() or ()) or None if len(places) == 1 else None,
            "done": [name.replace("_", " ") for name in corrections],
            "los": line_of_sight_of(products, "los" in static, _looks_from_nowhere(named[0], known[0])),
        },
        skipped=skipped + broken + doubles + apart + lacking + left_out,
        dates=dates,
        credits=[CREDIT],
    )


def _products(folder: Path, names: Sequence[str] | None) -> tuple[list[Product], list[Skipped]]:
    """Products by their names; NetCDF files of other names are listed."""
    paths = find_tables(folder, names) if names else sorted({*folder.glob("*.nc"), *folder.glob("*/*.nc")})
    parsed = {path: parse_product(path) for path in paths}
    found = [one for one in parsed.values() if one is not None]
    if not found:
        held = f"there is for example {paths[0].name}" if paths else example(folder)
        raise InsarcastError(
            f"No product of OPERA DISP-S1 (OPERA_L3_DISP-S1_IW_F<frame>_VV_<reference>_<date>_v<version>_<made>.nc) lies in {folder}, "
            f"which products.folder names; {held}."
        )
    other = "OPERA does not name products of DISP-S1 so; give it the name it was delivered with"
    return found, [skip("file", path.name, other) for path, one in parsed.items() if one is None]


def _facts(products: Sequence[Product], bad_file: str) -> tuple[dict[Path, Facts], list[Skipped]]:
    """What each product says; what is broken, or on another grid, stops the run or is listed.

    Raises:
        InsarcastError: such a product, and the study says to stop.
    """
    facts: dict[Path, Facts] = {}
    skipped = []
    for one in products:
        try:
            said = read_facts(one.path)
            first = next(iter(facts.values()), said)
            if said.grid != first.grid:
                raise InsarcastError(
                    f"{one.path} covers other pixels than {next(iter(facts)).name}; fetch all products of the frame whole, or cut them alike."
                )
            facts[one.path] = said
        except InsarcastError as error:
            if bad_file == "stop":
                raise InsarcastError(f"{str(error).rstrip('.')}; or set products.bad_file: skip to go on without it.") from None
            skipped.append(skip("file", one.path.name, str(error)))
    return facts, skipped


def _longest(chains: Sequence[Sequence[Link]], products: dict[str, Any], folder: Path) -> tuple[list[Link], list[Skipped]]:
    """The chain of the wanted dates.

    Raises:
        InsarcastError: they lie in several, so that a product is missing, and the study says to stop.
    """
    start, end = ((products[key] or default).replace("-", "") for key, default in (("start", "0"), ("end", "9")))
    ranked = sorted(chains, key=lambda links: (-sum(start <= link.day <= end for link in links), links[0].day))
    others = [links for links in ranked[1:] if any(start <= link.day <= end for link in links[1:])]
    if others and products["bad_file"] == "stop":
        later = max((ranked[0], *others), key=lambda links: links[0].day)
        name = next(link.path.name for link in later if link.path is not None)
        raise InsarcastError(
            f"The products of {folder} do not hang together: {name} begins on {later[0].day}, on which no other ends; fetch the products "
            f"before it, set products.start to '{later[0].day}' to begin there, or products.bad_file: skip to use the longest part."
        )
    if not ranked:
        raise InsarcastError(f"{folder} holds no product of OPERA DISP-S1 that can be used; fetch them again.")
    reason = f"its reference {{}} is no date of the longest part of the series, which begins on {ranked[0][0].day}"
    skipped = [skip("file", link.path.name, reason.format(links[0].day)) for links in others for link in links if link.path]
    return list(ranked[0]), skipped


def _static(folder: Path, frame: int) -> dict[str, list[str]]:
    """Tifs of the frame's static layers; of several satellites' the first."""
    found: dict[str, list[str]] = {}
    for layer, names in _STATIC.items():
        for name in names:
            for path in sorted({*folder.glob(f"*{name}.tif"), *folder.glob(f"*/*{name}.tif")}):
                other = re.search(r"_F(\d{5})_", path.name)
                if layer not in found and (other is None or int(other[1]) == frame):
                    read_tags(path)
                    found[layer] = [str(path)]
    return found


def _corrections(names: Sequence[str], known: Sequence[Facts]) -> tuple[list[str], list[Skipped]]:
    """Delays that all products have; one that some lack is not taken off at all."""
    lacking = {name: sum(f"corrections/{name}" not in one.layers for one in known) for name in names}
    skipped = [
        skip("layer", name, f"{count} of {len(known)} products have none in metres, so it is not taken off")
        for name, count in lacking.items()
        if count
    ]
    return [name for name, count in lacking.items() if not count], skipped


def _baselines(links: Sequence[Link], facts: Mapping[Path, Facts], dates: Sequence[str]) -> list[float] | None:
    """Perpendicular baseline of each date against the first of the chain, or None where a product says none."""
    total: list[float] = []
    for link in links:
        own = facts[link.path].baseline if link.path is not None else 0.0
        if own is None:
            return None
        total.append(own + (total[link.start] if link.start is not None else 0.0))
    return [round(total[[link.day for link in links].index(day)], 3) for day in dates]


def _looks_from_nowhere(one: Product, said: Facts) -> str:
    """What is said where nothing says where the satellite looks from."""
    angles = f" (incidence is {said.incidence[0]:.1f} to {said.incidence[1]:.1f} degrees)" if said.incidence else ""
    return (
        f"A product of DISP-S1 does not say where the satellite looks from; fetch OPERA_L3_DISP-S1-STATIC_F{one.frame:05d}_*_"
        f"line_of_sight_enu.tif into {one.path.parent}, or set products.incidence and products.heading{angles}."
    )
