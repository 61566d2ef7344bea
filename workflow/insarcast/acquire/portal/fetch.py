"""Fetch a frame from the LiCSAR portal into the cache, and write down what came."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from insarcast.core import InsarcastError, locked

from ..area import read_area
from ..credits import GACOS_CREDIT, LICSAR_CREDITS
from ..fetched import Fetched
from ..found import Key
from ..select import Skipped, skip
from ..web.part import tidy
from ..web.secrets import shown
from ..web.settings import WebSettings
from ..web.teller import Teller
from .choose import choose_frame
from .layers import fetch_texts, locate_delays, locate_layers
from .losses import files_of_record, note_restored
from .pairs import files_of, wanted_pairs
from .portal import PAIR, Portal
from .rasters import fetch_rasters
from .sizes import note_sizes, remove_broken
from .whereabouts import Places

ARCHIVE = "https://dap.ceda.ac.uk/neodc/comet/data/licsar_products"


def fetch_frame(
    frame: Path,
    licsar: Mapping[str, Any],
    products: Mapping[str, Any],
    area: Any,
    data_root: str | None,
    downloads: Mapping[str, Any],
    cache: str,
    losses: str = "",
    screen: Callable[[str], None] | None = None,
) -> None:
    """Fetch the interferograms of one frame, its line of sight, heights and baselines, and the delays of its dates.

    Files go to ``<cache>/licsar/<frame>`` in the portal's own layout, where :func:`insarcast.acquire.interferograms.licsar.find_licsar` finds them.
    A file that is there is not asked for again, so a killed run goes on where it was; what the portal lists is read anew each time.
    Their sizes are noted beside them, and one that was emptied or cut off since is fetched again.
    A pair that the portal has processed again since stays as it was first fetched, or results would change by themselves: delete its
    folder from the cache to have it anew.

    Args:
        frame: record to write (:class:`insarcast.acquire.fetched.Fetched`).
        licsar: the study's section ``licsar``, defaults filled in.
        products: the study's ``products``: start, end, exclude.
        area: the study's ``area``, for a study that names no frame.
        data_root: folder that relative names lie under, or None.
        downloads: the study's section ``downloads``.
        cache: the study's cache.
        losses: the state of loss that the rule runs with, see :func:`insarcast.acquire.frame_losses`.
        screen: shows a line to the person whose job writes into a log; None: there is none beside it.

    Raises:
        InsarcastError: the portal cannot be reached, has no such frame, none or several that cover the area, or too few of the
            wanted interferograms.
    """
    web = WebSettings.of(downloads, screen)
    portal = Portal(licsar["url"], licsar["hosts"], web)
    name = licsar["frame"] or choose_frame(read_area(area, data_root), licsar, portal, Path(cache))
    web.teller.say(f"frame {name}" + ("" if licsar["frame"] else ", the only one that covers the area"))
    folder = Path(cache) / "licsar" / name
    folder.mkdir(parents=True, exist_ok=True)
    with alone_in(folder, web.teller):
        tidy(folder)
        if broken := remove_broken(folder):
            web.teller.say(f"{len(broken)} files changed their size in the cache and are fetched again, for example {broken[0]}")
        places = portal.places(name)
        pages = portal.listed(places, "interferograms", PAIR)
        if not pages:
            raise InsarcastError(
                f"{shown(places[0])}interferograms/ lists no interferogram; look at it in a browser and try again later, or set "
                f"licsar.url to another copy, for example {ARCHIVE}."
            )
        wanted, skipped = wanted_pairs(pages, products, licsar)
        _check_enough(name, wanted, pages)
        pairs, lacking = _fetch_pairs(portal, folder, {"_".join(pair): pages["_".join(pair)] for pair in wanted})
        if not pairs:
            raise InsarcastError(
                f"None of the {len(wanted)} wanted interferograms of {name} can be had from {shown(portal.url)}, for example "
                f"{lacking[0]['name']}: {lacking[0]['reason']}; try again later, or set licsar.url to another copy, for example "
                f"{ARCHIVE}."
            )
        skipped += lacking + fetch_texts(portal, places, folder)
        layers, absent = locate_layers(portal, places, name, folder)
        dates = sorted({date for pair in pairs for date in pair.split("_")})
        delays, without = locate_delays(portal, places, folder, dates) if licsar["gacos"] else ({}, [])
        gone = fetch_rasters(layers | delays, folder, web)
        skipped += absent + without + [skip("file", Path(lost).name, reason) for lost, reason in gone.items()]
        skipped += [skip("page", shown(url), reason) for url, reason in sorted(portal.silent.items())]
        credits = [*LICSAR_CREDITS, *([GACOS_CREDIT] if licsar["gacos"] else [])]
        fetched = Fetched(str(folder), pairs, skipped, credits)
        note_sizes(folder, files_of_record(fetched, licsar["gacos"]))
        fetched.write(frame)
        note_restored(folder, frame, losses)


def _fetch_pairs(portal: Portal, folder: Path, pages: Mapping[str, Sequence[str]]) -> tuple[list[str], list[Skipped]]:
    """Fetch both files of every pair; pairs that came whole, and the others with the reason."""
    files = {name: files_of((name[:8], name[9:])) for name in pages}
    absent = {name for name in pages if not all((folder / path).is_file() for path in files[name].values())}
    portal.web.teller.say(f"{len(pages)} interferograms are wanted, {len(pages) - len(absent)} of them are in the cache")
    found = Places(folder / "places.json", portal)
    why: dict[str, str] = {}
    for _ in range(2):  # once more, where what was remembered of a page is out of date
        located = found.find({name: pages[name] for name in pages if name in absent - set(why)})
        why |= {name: place.lacking for name, place in located.items() if place.lacking}
        links = {
            files[name][kind]: link for name, place in located.items() if not place.lacking for kind, link in place.links.items()
        }
        gone = {Path(path).parent.name: reason for path, reason in fetch_rasters(links, folder, portal.web).items()}
        stale = set(gone) & found.remembered
        found.forget(gone)
        why |= {name: reason for name, reason in gone.items() if name not in stale}
        if not stale:
            break
    skipped = [skip("pair", name, reason) for name, reason in sorted(why.items())]
    return [name for name in pages if name not in why], skipped


def _check_enough(name: str, wanted: Sequence[Key], pages: Mapping[str, Any]) -> None:
    """A time series needs three dates; ask before anything is fetched."""
    if len({date for pair in wanted for date in pair}) < 3:
        dates = sorted({date for pair in pages for date in pair.split("_")})
        raise InsarcastError(
            f"Of the {len(pages)} interferograms of {name} ({dates[0]} to {dates[-1]}) {len(wanted)} are wanted, but a time series needs "
            "at least three dates; widen products.start, end and exclude, or licsar.min_days and max_days."
        )


def alone_in(folder: Path, teller: Teller) -> AbstractContextManager[None]:
    """Two cubes of one frame fetch one after the other; the second finds what the first did."""
    return locked(folder / ".lock", lambda: teller.say(f"another job is fetching into {folder}; waiting for it"))
