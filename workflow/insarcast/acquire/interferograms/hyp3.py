"""The hyp3 source: a folder of unpacked products of ASF's HyP3, GAMMA or ISCE bursts, as they were ordered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from insarcast.core import InsarcastError, Pair, line_of_sight

from ..credits import hyp3_credits
from ..found import Found, Key, check_enough, open_pairs, refuse_keys, stop_or_skip
from ..select import Skipped, select, skip
from .hyp3_folder import PHASE, list_products, unpack_products
from .hyp3_parameters import Parameters, read_parameters
from .hyp3_product import Product
from .tags import Tags, agreed, read_tags

WAVELENGTH = 0.055465763  # m, Sentinel-1: 5.405 GHz


def find_hyp3(folder: Path, products: dict[str, Any]) -> Found:
    """Find the products of a folder by HyP3's own names.

    Args:
        folder: holds a folder or a zip per product, or the files of all products; it is never written to.
        products: the study's ``products``, defaults filled in; ``names``, of the products that were ordered, if they were; and
            ``unpack_into``, a folder in the cache for zips, or None.

    Raises:
        InsarcastError: no product, one that lacks a file, products of two tracks or bursts, fewer than three dates, or no line of
            sight.
    """
    refuse_keys(products, "hyp3")
    named, skipped = list_products(folder, products["burst"], products.get("names"))
    wanted, left_out = select(list(named), products)
    skipped += left_out
    named, packed = unpack_products({pair: named[pair] for pair in wanted}, products.get("unpack_into"), products["bad_file"])
    skipped += packed
    parameters, lacking = _parameters(named, products["bad_file"])
    skipped += lacking
    tags, broken = open_pairs(
        {pair: [named[pair].file(PHASE), named[pair].file("corr")] for pair in parameters}, products["bad_file"]
    )
    skipped += broken
    kept = list(tags)
    check_enough(kept, folder, skipped)
    used = {pair: named[pair] for pair in kept}
    _one_track(used, parameters)
    static, absent = _static(list(used.values()), products["water"])
    conventions = _conventions(products, used, parameters, "lv_theta" in static)
    labels, unlabelled = _components(used, products["components"])
    pairs = [
        Pair(*pair, str(product.file(PHASE)), str(product.file("corr")), parameters[pair].baseline, labels.get(pair))
        for pair, product in used.items()
    ]
    unknown = [
        skip("baseline", pair.name, "not in the product's parameter file; the pair is used without it")
        for pair in pairs
        if pair.baseline is None
    ]
    return Found(pairs, static, conventions, skipped + absent + unlabelled + unknown, credits=_credits(list(used.values())))


def _credits(products: list[Product]) -> list[str]:
    """Whom to name, as for products that were ordered; the README of a product without a folder of its own is not looked for."""
    groups: dict[tuple[Path, str], list[str]] = {}
    for product in products:
        place = product.folder.parent if product.folder.name == product.name else product.folder
        groups.setdefault((place, product.job), []).append(product.name)
    return list(dict.fromkeys(line for (place, job), names in sorted(groups.items()) for line in hyp3_credits(place, names, job)))


def _parameters(products: dict[Key, Product], bad_file: str) -> tuple[dict[Key, Parameters], list[Skipped]]:
    """Parameters of the products that have all their files."""
    found: dict[Key, Parameters] = {}
    skipped = []
    for pair, product in products.items():
        try:
            for tag in (PHASE, "corr"):
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


def _components(products: dict[Key, Product], use: str) -> tuple[dict[Key, str], list[Skipped]]:
    """Pair -> file of its connected components, where such pixels as belong to none are to be left out."""
    files = {pair: product.file("conncomp") for pair, product in products.items() if not product.is_gamma and use == "mask"}
    found = {pair: str(path) for pair, path in files.items() if path.is_file()}
    for path in found.values():
        read_tags(Path(path))
    few = len(files) - len(found)
    reason = f"{few} of {len(files)} products came without it; all that they unwrapped is used"
    return found, [skip("layer", "connected components", reason)] if few else []


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
        "sign": products["sign"] or "away",
        "wavelength": WAVELENGTH if wavelength is None else wavelength,
        "incidence": incidence,
        "heading": heading,
        "nodata": 0.0 if products["nodata"] is None else products["nodata"],
        "static_nodata": {"lv_theta": 0.0, "lv_phi": 0.0},
        # GAMMA's interferograms are 0 at their own reference pixel, which is their most coherent: there 0 is a measurement. ISCE's are
        # referenced to no pixel (HyP3 burst guide: no such entries in the parameter file).
        "reference_zero": any(product.is_gamma for product in used.values()),
        "other_grid": products["other_grid"] or "warp",
        "utc": float(np.median(utc)) if utc else None,
        **({"angles": "hyp3", "los": None} if has_vectors else {"los": list(line_of_sight(incidence or 0, heading or 0))}),
    }
