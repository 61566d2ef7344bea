"""The geotiff source: unwrapped interferograms of any processor, one GeoTIFF each, found by their names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from insarcast.core import InsarcastError, Pair, line_of_sight

from ..found import Found, Key, check_enough, open_pairs
from ..patterns import check_pattern, dates_of, example, fill, find
from ..select import Skipped, select, skip
from .baselines import read_baselines
from .tags import Tags, agreed, read_tags


def find_geotiff(folder: Path, products: dict[str, Any]) -> Found:
    """Find the interferograms of a folder by their name patterns.

    Args:
        folder: folder of the products.
        products: the study's ``products``, defaults filled in.

    Raises:
        InsarcastError: nothing fits a pattern, a file is not readable, fewer than three dates, or an angle or the wavelength
            is neither in the study nor in the files' tags.
    """
    named, skipped = _unwrapped(folder, products["unwrapped"])
    wanted, left_out = select(list(named), products)
    skipped += left_out
    coherence, lacking = _coherence(folder, products["coherence"], wanted)
    skipped += lacking
    complete = [pair for pair in wanted if products["coherence"] is None or pair in coherence]
    tags, broken = open_pairs({pair: [named[pair], *_one(coherence, pair)] for pair in complete}, products["bad_file"])
    skipped += broken
    kept = list(tags)
    check_enough(kept, folder, skipped)
    static = _static(folder, products)
    conventions = _conventions(products, [tags[pair] for pair in kept])
    baselines, unknown = _baselines(folder, products["baselines"], kept, conventions["incidence"])
    pairs = [
        Pair(pair[0], pair[1], str(named[pair]), next(map(str, _one(coherence, pair)), None), baselines.get(pair))
        for pair in kept
    ]
    return Found(pairs, static, conventions, skipped + unknown)


def _one(files: dict[Key, Path], pair: Key) -> list[Path]:
    return [files[pair]] if pair in files else []


def _unwrapped(folder: Path, pattern: str) -> tuple[dict[Key, Path], list[Skipped]]:
    """Pair -> file, in the order of the dates; names that hold no dates and second files of a pair are listed."""
    check_pattern(pattern, "products.unwrapped")
    files = find(folder, pattern)
    if not files:
        raise InsarcastError(f"No file in {folder} fits products.unwrapped '{pattern}'; {example(folder)}.")
    named: dict[Key, Path] = {}
    skipped = []
    for file in files:
        name = str(file.relative_to(folder))
        pair = dates_of(folder, file, pattern)
        if pair is None:
            skipped.append(skip("file", name, f"its name holds no dates (yyyymmdd) where products.unwrapped '{pattern}' says"))
        elif pair in named:
            skipped.append(skip("file", name, f"a second file of the pair; {named[pair].relative_to(folder)} is used"))
        else:
            named[pair] = file
    if not named:
        raise InsarcastError(
            f"No name in {folder} holds dates (yyyymmdd) where products.unwrapped '{pattern}' says; {example(folder)}."
        )
    return dict(sorted(named.items())), skipped


def _coherence(folder: Path, pattern: str | None, pairs: list[Key]) -> tuple[dict[Key, Path], list[Skipped]]:
    """Pair -> coherence file, and the pairs that have none although the study names a pattern."""
    if pattern is None:
        return {}, []
    check_pattern(pattern, "products.coherence")
    fitting = {pair: files for pair in pairs if (files := fill(folder, pattern, *pair))}
    found = {pair: files[0] for pair, files in fitting.items()}
    second = [
        skip(
            "file", str(file.relative_to(folder)), f"a second coherence file of the pair; {files[0].relative_to(folder)} is used"
        )
        for files in fitting.values()
        for file in files[1:]
    ]
    if pairs and not found:
        raise InsarcastError(f"No file in {folder} fits products.coherence '{pattern}'; {example(folder)}.")
    reason = f"no coherence file fits products.coherence '{pattern}'"
    return found, second + [skip("pair", "_".join(pair), reason) for pair in pairs if pair not in found]


def _static(folder: Path, products: dict[str, Any]) -> dict[str, list[str]]:
    """Layers that do not change in time; each must open."""
    named = {"dem": products["dem"]} | {f"los_{name}": file for name, file in (products["los"] or {}).items()}
    static = {}
    for name, file in named.items():
        if file is None:
            continue
        path = folder / file
        if not path.is_file():
            raise InsarcastError(f"There is no file {path}; products.{name.replace('_', '.')} names it.")
        read_tags(path)
        static[name] = [str(path)]
    return static


def _conventions(products: dict[str, Any], tags: list[Tags]) -> dict[str, Any]:
    """Sign, wavelength, nodata and line of sight: from the study, else from the tags."""
    values = {name: agreed(name, products[name], tags) for name in ("wavelength", "incidence", "heading")}
    has_files = products["los"] is not None
    lacking = [f"products.{name}" for name, value in values.items() if value is None and not (has_files and name != "wavelength")]
    if lacking:
        raise InsarcastError(
            f"{' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not set and not in the files' tags; set "
            f"{'it' if len(lacking) == 1 else 'them'} in the study (m, degrees)."
        )
    nodata = {tag.nodata for tag in tags}
    own = nodata.pop() if len(nodata) == 1 else None
    los = None
    if not has_files and values["incidence"] is not None and values["heading"] is not None:
        los = list(line_of_sight(values["incidence"], values["heading"]))
    return {
        "sign": products["sign"] or "away",
        **values,
        "nodata": own if products["nodata"] is None else products["nodata"],
        "los": los,
        "other_grid": products["other_grid"] or "refuse",
    }


def _baselines(
    folder: Path, pattern: str | None, pairs: list[Key], incidence: float | None
) -> tuple[dict[Key, float], list[Skipped]]:
    if pattern is None:
        return {}, []
    found = read_baselines(folder, pattern, pairs, incidence)
    reason = f"not in products.baselines '{pattern}'; the pair is used without it"
    return found, [skip("baseline", "_".join(pair), reason) for pair in pairs if pair not in found]
