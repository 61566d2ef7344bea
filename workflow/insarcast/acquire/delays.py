"""Delays of the air, date by date: which files of a folder hold them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from insarcast.core import InsarcastError, file_sha256, fingerprint, write_json

from .fetched import read_fetched
from .listing import locate
from .patterns import example, is_date

# GACOS, the best first: LiCSAR's rasters of the slant delay, then zenith delays as raster, then as bare numbers with a header beside.
_GACOS = (".sltd.geo.tif", ".ztd.tif", ".ztd")
_KINDS = {"gacos": "<date>.sltd.geo.tif, <date>.ztd.tif or <date>.ztd", "era5": "NetCDF (.nc) with a date in its name"}


def find_delays(delays: Path, method: str, folder: str | None, data_root: str | None, fetched: Sequence[Path] = ()) -> None:
    """Write down which files of a folder hold the delay of which date.

    Args:
        delays: JSON to write: ``method``; ``files``, date -> files; ``sha256``, file -> checksum.
        method: ``gacos`` or ``era5``.
        folder: the study's ``stack.troposphere.folder``, absolute or under the data root; None: what was fetched.
        data_root: folder that relative names lie under, or None.
        fetched: the record of the LiCSAR frame whose delays were fetched with it, in a list.

    Raises:
        InsarcastError: the folder is nowhere, holds no delay, or holds one twice; the sentence says which.
    """
    found: dict[str, list[Path]] = {}
    if folder is None:
        found = {date: [path] for date, path in _fetched(fetched[0])}
    else:
        place = _folder(folder, data_root)
        for date, path in sorted(_gacos(place) if method == "gacos" else _era5(place)):
            found.setdefault(date, []).append(path)
        if not found:
            raise InsarcastError(
                f"{place}, which stack.troposphere.folder names, holds no delays of {method}, {_KINDS[method]}; {example(place)}."
            )
    if method == "gacos":
        found = {date: _best(date, paths) for date, paths in found.items()}
    files = {date: [str(path) for path in paths] for date, paths in sorted(found.items())}
    sums = {name: file_sha256(Path(name)) for names in files.values() for name in names}
    write_json(delays, {"method": method, "files": files, "sha256": sums})


def list_delays(folder: str | None, data_root: str | None) -> str:
    """Fingerprint of name, size and time of change of every file in the folder, so that a new or replaced one is noticed.

    Raises:
        InsarcastError: the folder is nowhere.
    """
    if folder is None:
        return ""  # the record of what was fetched tells
    place = _folder(folder, data_root)
    states = ((path.relative_to(place).as_posix(), path.stat()) for path in sorted(place.rglob("*")) if path.is_file())
    return fingerprint([(name, state.st_size, state.st_mtime_ns) for name, state in states])


def fetched_delay(date: str) -> str:
    """Name of a date's delay below the folder of a LiCSAR frame that was fetched."""
    return f"epochs/{date}/{date}{_GACOS[0]}"


def _folder(name: str, data_root: str | None) -> Path:
    place = locate(name, data_root)
    if place is None or not place.is_dir():
        where = (
            f"under the data root {data_root}" if data_root else "and no data root is set (config data_root or INSARCAST_DATA)"
        )
        looked = f"There is no folder {name}, which stack.troposphere.folder names"
        raise InsarcastError(
            f"{looked}{'' if Path(name).is_absolute() else f', {where}'}; correct it, or give an absolute folder."
        )
    return place.resolve()


def _fetched(record: Path) -> list[tuple[str, Path]]:
    """Dates of a fetched frame's interferograms that the portal has a delay of, and the files."""
    frame = read_fetched(record)
    dates = sorted({date for pair in frame.pairs for date in pair.split("_")})
    found = [(date, path) for date in dates if (path := Path(frame.folder) / fetched_delay(date)).is_file()]
    if not found:
        raise InsarcastError(
            f"The LiCSAR portal has no delay of GACOS for any of the {len(dates)} dates of {Path(frame.folder).name}; order them at "
            "gacos.net and name their folder in stack.troposphere.folder, or set stack.troposphere.method: none."
        )
    return found


def _gacos(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in folder.rglob("*"):
        date, ending = path.name[:8], path.name[8:]
        if ending in _GACOS and is_date(date) and path.is_file():
            yield date, path


def _era5(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in folder.rglob("*.nc"):
        dates = {"".join(match) for match in re.findall(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)", path.name)}
        dates = {date for date in dates if is_date(date)}
        if len(dates) > 1:
            raise InsarcastError(f"{path} has two dates in its name; give it the one of its fields.")
        for date in dates:
            yield date, path


def _best(date: str, paths: list[Path]) -> list[Path]:
    """The file of a date, and the header of bare numbers."""
    for ending in _GACOS:
        fitting = [path for path in paths if path.name[8:] == ending]
        if len(fitting) > 1:
            raise InsarcastError(f"There are two delays of {date}: {fitting[0]} and {fitting[1]}; leave one of them.")
        if fitting and ending == ".ztd":
            header = fitting[0].with_name(f"{fitting[0].name}.rsc")
            if not header.is_file():
                raise InsarcastError(f"{fitting[0]} has no header {header.name} beside it; fetch it too.")
            return [fitting[0], header]
        if fitting:
            return fitting
    raise LookupError(date)  # only files with one of these endings come here
