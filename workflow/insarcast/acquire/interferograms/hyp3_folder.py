"""Which HyP3 products a folder holds, unpacked or as the zips they were delivered in, and which of them are one cube's."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from insarcast.core import InsarcastError, fingerprint

from ..found import Key, stop_or_skip
from ..patterns import example
from ..select import Skipped, skip
from .hyp3_product import Product, parse_name

PHASE = "unw_phase"
_TRACK = re.compile(r"\d{3}_(?=\d{6}_IW|\d{6}s1n)")


def list_products(
    folder: Path, burst: str | None, names: Collection[str] | None = None
) -> tuple[dict[Key, Product], list[Skipped]]:
    """Pair -> product, in the order of the dates; second products of a pair and foreign names are listed.

    Args:
        folder: holds a folder or a zip per product, or the files of all products.
        burst: the study's ``products.burst``.
        names: of the products that were ordered, or None for all.

    Raises:
        InsarcastError: there is none, or the products are of several bursts and the study does not say of which.
    """
    found, skipped = _by_name(folder, names)
    if not found:
        raise InsarcastError(
            f"No HyP3 product (<name>_{PHASE}.tif, or <name>.zip) lies in {folder}, which products.folder names; {example(folder)}."
        )
    chosen, others = _of_one_place(found, folder, burst)
    named: dict[Key, Product] = {}
    for product in chosen:
        pair = (product.date1, product.date2)
        if pair not in named:
            named[pair] = product
        elif product.name != named[pair].name:
            skipped.append(skip("file", _where(product, folder), f"a second product of the pair; {named[pair].name} is used"))
    return dict(sorted(named.items())), skipped + others


def unpack_products(
    products: Mapping[Key, Product], into: Path | None, bad_file: str
) -> tuple[dict[Key, Product], list[Skipped]]:
    """Products whose files can be read; those that are packed are unpacked, and the folder that they lie in is left as it is.

    Args:
        products: pair -> product.
        into: folder in the cache for what is unpacked; None: packed products are listed.
        bad_file: the study's ``products.bad_file``, for zips that are broken.
    """
    from ..web.settings import WebSettings
    from ..web.unpack import unpack

    ready: dict[Key, Product] = {}
    skipped = []
    for pair, product in products.items():
        if product.archive is None:
            ready[pair] = product
        elif into is None:
            skipped.append(skip("file", product.archive.name, "a packed product; unpack it"))
        else:
            place = into / fingerprint([str(product.archive.parent)])
            try:
                place.mkdir(parents=True, exist_ok=True)
                inside = unpack(product.archive, place, settings=WebSettings(keep_archives=True), advice="fetch it again")
                ready[pair] = replace(product, folder=inside)
            except InsarcastError as error:
                skipped.append(stop_or_skip(pair, str(error), bad_file))
    return ready, skipped


def _by_name(folder: Path, names: Collection[str] | None) -> tuple[list[Product], list[Skipped]]:
    """Products by their names, each once and unpacked ones first, and what is named otherwise."""
    phases = [path for pattern in (f"*_{PHASE}.tif", f"*/*_{PHASE}.tif") for path in folder.glob(pattern)]
    places = {(path.name.removesuffix(f"_{PHASE}.tif"), path.parent) for path in phases}
    # A product whose phase is missing is still a product: its folder's name says so.
    places |= {(path.name, path) for path in folder.iterdir() if path.is_dir() and parse_name(path, path.name)}
    places = {(name, place) for name, place in places if not names or name in names}  # others were ordered for something else
    found, skipped = [], []
    for name, place in sorted(places):
        product = parse_name(place, name)
        if product is None:
            where = str(place.relative_to(folder) / f"{name}_{PHASE}.tif")
            skipped.append(skip("file", where, "HyP3 does not name interferograms so; give it the name it was delivered with"))
        else:
            found.append(product)
    unpacked = {product.name for product in found}
    for path in [] if names else sorted({*folder.glob("*.zip"), *folder.glob("*/*.zip")}):
        product = parse_name(path.parent, path.stem)
        if product is None:
            skipped.append(skip("file", str(path.relative_to(folder)), "a zip that does not bear the name of a HyP3 product"))
        elif product.name not in unpacked:
            unpacked.add(product.name)
            found.append(replace(product, archive=path))
    return found, skipped


def _of_one_place(found: list[Product], folder: Path, burst: str | None) -> tuple[list[Product], list[Skipped]]:
    """The products of the burst that the study names, or of the only one there is."""
    counts: dict[str, int] = {}
    for product in found:
        counts[product.ground] = counts.get(product.ground, 0) + 1
    there = ", ".join(f"{ground} ({count} products)" for ground, count in sorted(counts.items()))
    if burst is None:
        if len(counts) > 1:
            raise InsarcastError(
                f"{folder} holds products of several places: {there}; one cube is one of them, so set products.burst to the one that is "
                "meant, or give each a folder and a cube of its own (bursts side by side are one product as INSAR_ISCE_MULTI_BURST)."
            )
        return found, []
    wanted = _TRACK.sub("", burst, count=1) if _TRACK.match(burst) else burst
    chosen = [product for product in found if product.ground == wanted]
    if not chosen:
        raise InsarcastError(f"products.burst is '{burst}', but {folder} holds products of {there}; correct it.")
    others = [
        skip("file", _where(product, folder), f"of {product.ground}, not of products.burst {burst}")
        for product in found
        if product.ground != wanted
    ]
    return chosen, others


def _where(product: Product, folder: Path) -> str:
    """Where a product lies, for the list of what was left out."""
    path = product.archive or product.folder / f"{product.name}_{PHASE}.tif"
    return str(path.relative_to(folder))
