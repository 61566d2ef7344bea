"""The hyp3 source: a folder of unpacked products of ASF's HyP3, GAMMA or ISCE bursts, as they were ordered."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from insarcast.core import InsarcastError, Pair, line_of_sight

from .found import Found, Key, check_enough, open_pairs, refuse_keys, stop_or_skip
from .hyp3_product import Parameters, Product, parse_name, read_parameters
from .patterns import example
from .select import Skipped, select, skip
from .tags import Tags, agreed, read_tags

WAVELENGTH = 0.055465763  # m, Sentinel-1: 5.405 GHz
_PHASE = "unw_phase"


def find_hyp3(folder: Path, products: dict[str, Any]) -> Found:
    """Find the products of a folder by HyP3's own names.

    Args:
        folder: holds a folder per product, or the files of all products.
        products: the study's ``products``, defaults filled in; and ``names``, of the products that were ordered, if they were.

    Raises:
        InsarcastError: no product, one that lacks a file, products of two tracks, fewer than three dates, or no line of sight.
    """
    refuse_keys(products, "hyp3")
    named, skipped = _products(folder, products.get("names"))
    wanted, left_out = select(list(named), products)
    skipped += left_out
    parameters, lacking = _parameters({pair: named[pair] for pair in wanted}, products["bad_file"])
    skipped += lacking
    tags, broken = open_pairs(
        {pair: [named[pair].file(_PHASE), named[pair].file("corr")] for pair in parameters}, products["bad_file"]
    )
    skipped += broken
    kept = list(tags)
    check_enough(kept, folder, skipped)
    used = {pair: named[pair] for pair in kept}
    _one_track(used, parameters)
    static, absent = _static(list(used.values()), products["water"])
    conventions = _conventions(products, used, parameters, "lv_theta" in static)
    pairs = [
        Pair(*pair, str(product.file(_PHASE)), str(product.file("corr")), parameters[pair].baseline)
        for pair, product in used.items()
    ]
    unknown = [
        skip("baseline", pair.name, "not in the product's parameter file; the pair is used without it")
        for pair in pairs
        if pair.baseline is None
    ]
    return Found(pairs, static, conventions, skipped + absent + unknown)


def _products(folder: Path, names: Collection[str] | None = None) -> tuple[dict[Key, Product], list[Skipped]]:
    """Pair -> product, in the order of the dates; second products of a pair, foreign names and packed ones are listed."""
    phases = [path for pattern in (f"*_{_PHASE}.tif", f"*/*_{_PHASE}.tif") for path in folder.glob(pattern)]
    places = {(path.name.removesuffix(f"_{_PHASE}.tif"), path.parent) for path in phases}
    # A product whose phase is missing is still a product: its folder's name says so.
    places |= {(path.name, path) for path in folder.iterdir() if path.is_dir() and parse_name(path, path.name)}
    places = {(name, place) for name, place in places if not names or name in names}  # others were ordered for something else
    named: dict[Key, Product] = {}
    skipped = []
    for name, place in sorted(places):
        product = parse_name(place, name)
        where = str(place.relative_to(folder) / f"{name}_{_PHASE}.tif")
        if product is None:
            skipped.append(skip("file", where, "HyP3 does not name interferograms so; give it the name it was delivered with"))
        elif (pair := (product.date1, product.date2)) in named:
            skipped.append(skip("file", where, f"a second product of the pair; {named[pair].name} is used"))
        else:
            named[pair] = product
    unpacked = {name for name, _ in places}
    zips = set() if names else {*folder.glob("*.zip"), *folder.glob("*/*.zip")}
    packed = [path for path in sorted(zips) if path.stem not in unpacked]
    skipped += [skip("file", str(path.relative_to(folder)), "a packed product; unpack it") for path in packed]
    if not named:
        held = (
            f"there are {len(packed)} packed products, for example {packed[0].name}: unpack them" if packed else example(folder)
        )
        raise InsarcastError(
            f"No unpacked HyP3 product (<name>_{_PHASE}.tif) lies in {folder}, which products.folder names; {held}."
        )
    return dict(sorted(named.items())), skipped


def _parameters(products: dict[Key, Product], bad_file: str) -> tuple[dict[Key, Parameters], list[Skipped]]:
    """Parameters of the products that have all their files."""
    found: dict[Key, Parameters] = {}
    skipped = []
    for pair, product in products.items():
        try:
            for tag in (_PHASE, "corr"):
                if not product.file(tag).is_file():
                    raise InsarcastError(f"There is no {product.file(tag)}; unpack or fetch the product again.")
            found[pair] = read_parameters(product)
        except InsarcastError as error:
            skipped.append(stop_or_skip(pair, str(error), bad_file))
    return found, skipped


def _one_track(products: dict[Key, Product], parameters: dict[Key, Parameters]) -> None:
    """Refuse products of several relative orbits; a burst's orbit number may mean one per satellite, of which one must fit all."""
    common: frozenset[int] = frozenset()
    first = ""
    for pair, product in products.items():
        here = parameters[pair].orbits
        if common and here and not common & here:
            one, other = ("/".join(map(str, sorted(orbits))) for orbits in (common, here))
            raise InsarcastError(
                f"{first} is on relative orbit {one}, but {product.name} is on {other}; one cube is one track, so put the "
                "products of each track in a folder of its own, or list the others' pairs in products.exclude."
            )
        if here:
            common, first = (common & here, first) if common else (here, product.name)


def _static(products: list[Product], water: str) -> tuple[dict[str, list[str]], list[Skipped]]:
    """Layers that do not change in time, a file of every product that has one: extents differ from product to product."""
    layers = {"dem": ["dem"], "look vectors": ["lv_theta", "lv_phi"]}
    layers |= {"water": ["water_mask"]} if water == "mask" else {}
    static: dict[str, list[str]] = {}
    skipped = []
    for layer, tags in layers.items():
        have = [product for product in products if all(product.file(tag).is_file() for tag in tags)]
        for tag in tags if have else []:
            files = [product.file(tag) for product in have]
            for path in files:
                read_tags(path)
            static["water" if tag == "water_mask" else tag] = [str(path) for path in files]
        if have and len(have) < len(products):
            few = len(products) - len(have)
            skipped.append(
                skip(
                    "layer", layer, f"{few} of {len(products)} products came without it, so it may not cover all of their extent"
                )
            )
    return static, skipped


def _conventions(
    products: dict[str, Any], used: dict[Key, Product], parameters: dict[Key, Parameters], has_vectors: bool
) -> dict[str, Any]:
    """Sign, wavelength, nodata and line of sight: from the study, else from the parameter files."""
    said = [
        Tags(product.text, None, (found := parameters[pair]).wavelength, found.incidence, found.heading)
        for pair, product in used.items()
    ]
    heading = agreed("heading", products["heading"], said)
    incidence = products["incidence"] if has_vectors else agreed("incidence", products["incidence"], said)
    if not has_vectors and (incidence is None or heading is None):
        name = next(iter(used.values())).name
        raise InsarcastError(
            f"The products have no look vectors ({name}_lv_theta.tif, _lv_phi.tif) and their parameter files no angles; order them "
            "with look vectors, or set products.incidence and products.heading."
        )
    utc = [value for pair in used if (value := parameters[pair].utc) is not None]
    wavelength = agreed("wavelength", products["wavelength"], said)
    return {
        "sign": products["sign"],
        "wavelength": WAVELENGTH if wavelength is None else wavelength,
        "incidence": incidence,
        "heading": heading,
        "nodata": 0.0 if products["nodata"] is None else products["nodata"],
        "static_nodata": {"lv_theta": 0.0, "lv_phi": 0.0},
        # Each interferogram is 0 at its own reference pixel, which is its most coherent: there 0 is a measurement.
        "reference_zero": True,
        "utc": float(np.median(utc)) if utc else None,
        **({"angles": "hyp3", "los": None} if has_vectors else {"los": list(line_of_sight(incidence or 0, heading or 0))}),
    }
