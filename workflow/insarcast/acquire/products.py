"""Find the products of one cube and write down where they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from insarcast.core import InsarcastError, Manifest, files_sha256

from .area import area_bounds
from .credits import SOFTWARE_CREDITS
from .fetched import read_fetched
from .found import Found
from .originals import original_credits
from .patterns import example, find
from .places import find_folder
from .select import Skipped, skip
from .sources import INVERTED, finder
from .web.settings import WebSettings

_SIMULATED = ("Simulated by insarcast; no satellite saw this scene.",)


def acquire_products(
    manifest: Path,
    source: str,
    products: dict[str, Any],
    gnss: dict[str, Any],
    data_root: str | None,
    originals: str,
    cache: str,
    simulate: dict[str, Any] | None = None,
    series: dict[str, Any] | None = None,
    fetched: Sequence[Path] = (),
    area: Any = None,
    downloads: dict[str, Any] | None = None,
    screen: Callable[[str], None] | None = None,
    threads: int = 1,
) -> None:
    """Find the products and GNSS files of one cube, fetch their public originals, or simulate a scene first.

    Args:
        manifest: JSON to write, see :class:`insarcast.core.Manifest`.
        source: what the products are, a name of the schema's ``source``.
        products: the study's ``products``, defaults filled in.
        gnss: the study's ``gnss``, defaults filled in.
        data_root: folder that relative names lie under, or None.
        originals: folder of the tables of public originals.
        cache: folder for what is fetched or simulated.
        simulate: the study's ``simulate``, for that source.
        series: the keys of the study's ``series`` that say where a ready series is and what it means: files, neighbours, delimiter,
            sign, units; for those sources.
        fetched: the record of what a service left in the cache (:class:`.fetched.Fetched`), in a list; empty where the study names a
            folder. Pairs of the folder that it does not name are not this cube's.
        area: the study's ``area``, or None.
        downloads: the study's ``downloads``: how public originals are fetched.
        screen: shows a line to the person whose job writes into a log; None: there is none beside it.
        threads: files whose checksums are taken at a time.

    Raises:
        InsarcastError: the folder is nowhere, its files cannot be used, a file is broken, or the area is none.
    """
    find_products = finder(source)
    bounds = area_bounds(area, data_root)
    places: dict[str, Any] = {"data_root": data_root, "originals": Path(originals), "cache": Path(cache)}
    places["settings"] = WebSettings.of(downloads or {}, screen)
    if source == "simulate":
        found: Found = find_products(simulate or {}, products, Path(cache))
    elif fetched:
        record = read_fetched(fetched[0])
        lacking = [line["name"] for line in record.skipped if line["what"] == "file"]
        of_record = {"only": record.pairs, "names": record.products, "lacking": lacking}
        found = find_products(Path(record.folder), products | of_record)
        found.skipped += record.skipped
        found.credits = record.credits or found.credits  # of all that was fetched, so the finder's would say it twice
    else:
        folder = find_folder(products["folder"], key="products.folder", original=products["original"], **places)
        unpack_into = {"unpack_into": Path(cache) / "unpacked"}  # the study's own folder is only read
        found = find_products(folder, products, series) if source in INVERTED else find_products(folder, products | unpack_into)
    stations, missing = _find_gnss(gnss, places)
    files = [path for pair in found.pairs for path in (pair.unwrapped, pair.coherence, pair.components) if path]
    every = [*files, *(name for names in found.static.values() for name in names), *stations]
    Manifest(
        source=source,
        dates=found.dates or sorted({date for pair in found.pairs for date in (pair.date1, pair.date2)}),
        pairs=found.pairs,
        static=found.static,
        gnss=stations,
        conventions=found.conventions,
        skipped=found.skipped + missing,
        sha256=files_sha256(every, threads, Path(cache) / "checksums"),
        credits=_credits(source, found, products, gnss, Path(originals)),
        truth=found.truth,
        area=bounds,
    ).write(manifest)


def _find_gnss(gnss: dict[str, Any], places: dict[str, Any]) -> tuple[list[str], list[Skipped]]:
    """GNSS files of the study; what is missing is no reason to stop, but is listed.

    A plain name must be there; a pattern with ``*`` may fit nothing as long as another name fits.
    """
    name = gnss["folder"]
    if name is None:
        return [], []
    try:
        folder = find_folder(name, key="gnss.folder", original=gnss["original"], **places)
    except InsarcastError as error:
        return [], [skip("gnss", name, str(error))]
    fitting = {wanted: find(folder, wanted) for wanted in gnss["files"]}
    files = list(dict.fromkeys(str(path) for paths in fitting.values() for path in paths))
    nothing = [wanted for wanted, paths in fitting.items() if not paths and ("*" not in wanted or not files)]
    return files, [skip("gnss", wanted, f"no file in {folder} fits it; {example(folder)}") for wanted in nothing]


def _credits(source: str, found: Found, products: dict[str, Any], gnss: dict[str, Any], originals: Path) -> list[str]:
    """Whom the source asks to be named, the study's credits, then those of the originals' tables; each line once."""
    tables = [name for name in (products["original"], gnss["original"]) if name]
    lines = [*(_SIMULATED if found.truth else ()), *found.credits, *SOFTWARE_CREDITS.get(source, ()), *products["credits"]]
    return list(dict.fromkeys([*lines, *(line for name in tables for line in original_credits(name, originals))]))
