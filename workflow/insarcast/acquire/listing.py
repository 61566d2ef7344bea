"""What lies in a cube's folders right now, so that a new or replaced file is noticed when the workflow is planned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from insarcast.core import InsarcastError, fingerprint, read_manifest

from .patterns import find


def list_files(products: dict[str, Any], gnss: dict[str, Any], data_root: str | None, series: Sequence[str] | None = None) -> str:
    """Fingerprint of name, size and time of change of every file that the study's patterns fit, or of all where it names none.

    Nothing is opened, and a folder that is not there is no error: the job says that in its sentence, or fetches the original.

    Args:
        products: the study's ``products``.
        gnss: the study's ``gnss``.
        data_root: folder that relative names lie under, or None.
        series: names of a ready series' files, the study's ``series.files``.
    """
    patterns = [
        *(series or ()),
        products["unwrapped"] or ("**" if not series else None),
        products["coherence"],
        products["dem"],
        products["baselines"],
        *(products["los"] or {}).values(),
    ]
    found = []
    for name, wanted in ((products["folder"], patterns), (gnss["folder"], gnss["files"])):
        folder = locate(name, data_root) if name else None
        if folder is not None and folder.is_dir():
            for path in _fitting(folder, [pattern for pattern in wanted if pattern]):
                state = path.stat()
                found.append((path.relative_to(folder).as_posix(), state.st_size, state.st_mtime_ns))
    return fingerprint(found)


def _fitting(folder: Path, patterns: Sequence[str]) -> list[Path]:
    found = {path for pattern in patterns if pattern != "**" and ".." not in pattern for path in find(folder, pattern)}
    if "**" in patterns:  # a source with names of its own, such as hyp3
        found |= {path for path in folder.rglob("*") if path.is_file()}
    return sorted(found)


def locate(name: str, data_root: str | None) -> Path | None:
    """Where a folder that a study names would lie: absolute, or under the data root; None without a root."""
    wanted = Path(name).expanduser()
    return wanted if wanted.is_absolute() else Path(data_root).expanduser() / wanted if data_root else None


def needed_root(products: dict[str, Any], gnss: dict[str, Any], data_root: str | None, area: str | None = None) -> str | None:
    """The data root as an absolute path if a folder of the cube lies under it, else None: what is not used reruns nothing.

    Args:
        products: the study's ``products``.
        gnss: the study's ``gnss``.
        data_root: folder that relative names lie under, or None.
        area: name of the file that the study's ``area`` is, if it is one.
    """
    wanted = (products["folder"], gnss["folder"], area)
    names = [name for name in wanted if name and not Path(name).expanduser().is_absolute()]
    return str(Path(data_root).expanduser().absolute()) if names and data_root else None


def check_still_there(manifest: Path, folder: str | None, data_root: str | None, cache: str) -> str:
    """Refuse to look anew for what an earlier run found and is out of sight now: the job would fail, and its manifest be deleted.

    Returns:
        "gone" where simulated products were deleted with the cache, so that they are made again; else "".

    Args:
        manifest: the manifest of an earlier run, if there was one.
        folder: the study's ``products.folder``; None for what is simulated, which can be made again.
        data_root: folder that relative names lie under, or None.
        cache: folder of what is fetched; files found there need no data root.

    Raises:
        InsarcastError: the manifest's files are in sight no more; the sentence says what to do.
    """
    place = locate(folder, data_root) if folder else None
    if not manifest.is_file() or (place is not None and place.is_dir()):
        return ""
    found = read_manifest(manifest)
    files = [pair.unwrapped for pair in found.pairs] or found.static.get("series", [])
    if folder is None:
        return "" if all(Path(file).is_file() for file in files) else "gone"
    if files and not Path(files[0]).absolute().is_relative_to(Path(cache).absolute()):
        raise InsarcastError(
            f"The products of {manifest} lay in {Path(files[0]).parent}, but '{folder}' is not there now (data root: "
            f"{data_root or 'not set'}); set INSARCAST_DATA or config data_root, or delete the manifest to look anew."
        )
    return ""
