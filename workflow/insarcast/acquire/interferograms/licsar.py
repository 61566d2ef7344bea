"""The licsar source: a folder in LiCSAR's layout, as LiCSBAS (GEOC) or the portal (interferograms, metadata) leave it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from insarcast.core import InsarcastError, Pair, line_of_sight

from ..credits import LICSAR_CREDITS
from ..found import Found, Key, check_enough, open_pairs, refuse_keys, stop_or_skip
from ..patterns import example, is_date
from ..select import Skipped, select, skip
from .licsar_frame import Frame, frame_files, pair_baselines, read_bperp, read_metadata
from .tags import read_tags

_PAIR = re.compile(r"(\d{8})_(\d{8})")
_PAIR_FOLDERS = ("GEOC", ".", "interferograms")
_FRAME_FOLDERS = (".", "GEOC", "metadata", "GEOC/metadata")
_LAYERS = {"los_east": "E", "los_north": "N", "los_up": "U", "dem": "hgt"}


def find_licsar(folder: Path, products: dict[str, Any]) -> Found:
    """Find the interferograms of a frame by LiCSAR's own names.

    Args:
        folder: holds the pairs' folders, or GEOC or interferograms with them.
        products: the study's ``products``, defaults filled in; of a frame that was fetched also ``only``, names of its pairs, and
            ``lacking``, names of files that the portal has not.

    Raises:
        InsarcastError: no interferogram, one that lacks a file, layers of two frames, fewer than three dates, no line of sight,
            a file of a fetched frame that is there no longer, or a table of baselines that is none.
    """
    refuse_keys(products, "licsar")
    named, skipped = _pairs(folder)
    wanted, left_out = select(list(named), products)
    skipped += left_out + _vanished(named, folder, products)
    complete, lacking = _complete({pair: named[pair] for pair in wanted}, products["bad_file"])
    skipped += lacking
    tags, broken = open_pairs({pair: list(_files(named[pair])) for pair in complete}, products["bad_file"])
    skipped += broken
    kept = list(tags)
    check_enough(kept, folder, skipped)
    static = _static(folder)
    frame = read_metadata(_first(folder, "metadata.txt"))
    if "lacking" in products:
        _check_fetched(folder, products["lacking"])
    conventions, angles = _conventions(folder, products, static, frame)
    baselines, unknown = _baselines(folder, kept)
    files = {pair: _files(named[pair]) for pair in kept}
    pairs = [Pair(*pair, str(phase), str(coherence), baselines.get(pair)) for pair, (phase, coherence) in files.items()]
    return Found(pairs, static, conventions, skipped + angles + unknown, credits=list(LICSAR_CREDITS))


def _files(place: Path) -> tuple[Path, Path]:
    """Phase and coherence of a pair's folder."""
    return place / f"{place.name}.geo.unw.tif", place / f"{place.name}.geo.cc.tif"


def _pairs(folder: Path) -> tuple[dict[Key, Path], list[Skipped]]:
    """Pair -> its folder, in the order of the dates; folders of a pair met before are listed."""
    named: dict[Key, Path] = {}
    skipped = []
    for parent in _PAIR_FOLDERS:
        for place in sorted((folder / parent).glob("*_*")):
            match = _PAIR.fullmatch(place.name)
            if not match or not place.is_dir():
                continue
            if not (is_date(match[1]) and is_date(match[2])):
                skipped.append(skip("file", str(place.relative_to(folder)), "its name holds no dates of the calendar (yyyymmdd)"))
            elif (pair := (match[1], match[2])) in named:
                used = named[pair].relative_to(folder)
                skipped.append(skip("file", str(place.relative_to(folder)), f"a second folder of the pair; {used} is used"))
            else:
                named[pair] = place
    if not named:
        packed = sorted(folder.glob("*.zip"))
        held = f"there are packed files, for example {packed[0].name}: unpack them" if packed else example(folder)
        raise InsarcastError(
            f"No interferogram (GEOC/<pair>/<pair>.geo.unw.tif, or the pairs' folders themselves) lies in {folder}, which "
            f"products.folder names; {held}."
        )
    return dict(sorted(named.items())), skipped


def _vanished(named: dict[Key, Path], folder: Path, products: dict[str, Any]) -> list[Skipped]:
    """Pairs that were fetched for this cube and are there no longer."""
    gone = sorted(set(products.get("only") or ()) - {"_".join(pair) for pair in named})
    why = f"it was fetched, but is not in {folder} now; fetch it again with --forcerun fetch_frame"
    return [stop_or_skip((name[:8], name[9:]), why, products["bad_file"]) for name in gone]


def _complete(places: dict[Key, Path], bad_file: str) -> tuple[list[Key], list[Skipped]]:
    """Pairs that have phase and coherence; the others stop the run or are listed."""
    complete, skipped = [], []
    for pair, place in places.items():
        lacking = [path for path in _files(place) if not path.is_file()]
        if lacking:
            skipped.append(stop_or_skip(pair, f"There is no {lacking[0]}; fetch it.", bad_file))
        else:
            complete.append(pair)
    return complete, skipped


def _first(folder: Path, name: str) -> Path | None:
    """A file of the frame in any of the folders it may lie in."""
    return next((path for parent in _FRAME_FOLDERS if (path := folder / parent / name).is_file()), None)


def _static(folder: Path) -> dict[str, list[str]]:
    """Line of sight and heights; the same file in two folders is one, files of two frames are refused."""
    static: dict[str, list[str]] = {}
    frames: dict[str, Path] = {}
    for layer, letter in _LAYERS.items():
        for parent in _FRAME_FOLDERS:
            for path in sorted((folder / parent).glob(f"*.geo.{letter}.tif")):
                frames.setdefault(path.name.split(".")[0], path)
                if layer not in static:
                    read_tags(path)
                    static[layer] = [str(path)]
    if len(frames) > 1:
        one, other = sorted(frames)[:2]
        raise InsarcastError(
            f"{folder} holds layers of the frames {one} and {other} ({frames[other].relative_to(folder)}); one cube is one frame, so "
            "give each a folder of its own."
        )
    return static


def _check_fetched(folder: Path, lacking: Sequence[str]) -> None:
    """Refuse a fetched frame that lost a file: its line of sight would become one angle, its heights and baselines nothing."""
    if gone := [name for name in frame_files(folder.name, lacking) if _first(folder, name) is None]:
        raise InsarcastError(
            f"{' and '.join(gone)} of the frame {folder.name} {'was' if len(gone) == 1 else 'were'} fetched, but left the cache since "
            f"({folder / 'metadata'}); fetch again with --forcerun fetch_frame."
        )


def _conventions(
    folder: Path, products: dict[str, Any], static: dict[str, list[str]], frame: Frame
) -> tuple[dict[str, Any], list[Skipped]]:
    """Sign, wavelength, nodata and line of sight; what is only half there is taken from the angles, which is listed, or refused."""
    absent = [f"<frame>.geo.{letter}.tif" for layer, letter in _LAYERS.items() if layer.startswith("los") and layer not in static]
    incidence = frame.incidence if products["incidence"] is None else products["incidence"]
    heading = frame.heading if products["heading"] is None else products["heading"]
    los = None
    skipped: list[Skipped] = []
    if absent:
        if incidence is None or heading is None:
            raise InsarcastError(
                f"There is no {' and no '.join(absent)} in {folder}, GEOC or metadata; fetch the frame's metadata, or set "
                "products.incidence and products.heading."
            )
        los = list(line_of_sight(incidence, heading))
        for layer in ("los_east", "los_north", "los_up"):
            static.pop(layer, None)
        angles = f"an incidence of {incidence:g} and a heading of {heading:g} degrees, one direction for all pixels"
        skipped = [skip("file", name, f"there is none, so the line of sight is that of {angles}") for name in absent]
    conventions = {
        "sign": products["sign"] or "away",
        "wavelength": frame.wavelength if products["wavelength"] is None else products["wavelength"],
        "incidence": incidence,
        "heading": heading,
        "nodata": 0.0 if products["nodata"] is None else products["nodata"],
        "static_nodata": dict.fromkeys(static, 0.0),
        "utc": frame.utc,
        "los": los,
        "other_grid": products["other_grid"] or "refuse",
    }
    return conventions, skipped


def _baselines(folder: Path, pairs: list[Key]) -> tuple[dict[Key, float], list[Skipped]]:
    """Baselines of the pairs; a table that is not there, empty or incomplete is listed."""
    path = _first(folder, "baselines")
    if path is None:
        return {}, [
            skip("baseline", "baselines", "there is no such file in the folder, GEOC or metadata; pairs are used without")
        ]
    dates = read_bperp(path)
    if not dates:
        return {}, [skip("baseline", str(path.relative_to(folder)), "the file is empty; pairs are used without")]
    found = pair_baselines(dates, pairs)
    reason = f"a date of it is not in {path.relative_to(folder)}; the pair is used without it"
    return found, [skip("baseline", "_".join(pair), reason) for pair in pairs if pair not in found]
