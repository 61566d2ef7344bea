"""What lies in a cube's folders right now, so that a new or replaced file is noticed when the workflow is planned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from insarcast.core import InsarcastError, fingerprint, read_manifest

from .patterns import find


def list_files(products: dict[str, Any], gnss: dict[str, Any], data_root: str | None) -> str:
    """Fingerprint of name, size and time of change of every file that the study's patterns fit.

    Nothing is opened, and a folder that is not there is no error: the job says that in its sentence, or fetches the original.

    Args:
        products: the study's ``products``.
        gnss: the study's ``gnss``.
        data_root: folder that relative names lie under, or None.
    """
    patterns = [
        products["unwrapped"],
        products["coherence"],
        products["dem"],
        products["baselines"],
        *(products["los"] or {}).values(),
    ]
    found = []
    for name, wanted in ((products["folder"], patterns), (gnss["folder"], gnss["files"])):
        folder = locate(name, data_root) if name else None
        if folder is not None and folder.is_dir():
            for path in sorted({path for pattern in wanted if pattern and ".." not in pattern for path in find(folder, pattern)}):
                state = path.stat()
                found.append((path.relative_to(folder).as_posix(), state.st_size, state.st_mtime_ns))
    return fingerprint(found)


def locate(name: str, data_root: str | None) -> Path | None:
    """Where a folder that a study names would lie: absolute, or under the data root; None without a root."""
    wanted = Path(name).expanduser()
    return wanted if wanted.is_absolute() else Path(data_root).expanduser() / wanted if data_root else None


def needed_root(products: dict[str, Any], gnss: dict[str, Any], data_root: str | None) -> str | None:
    """The data root as an absolute path if a folder of the cube lies under it, else None: what is not used reruns nothing."""
    names = [name for name in (products["folder"], gnss["folder"]) if name and not Path(name).expanduser().is_absolute()]
    return str(Path(data_root).expanduser().absolute()) if names and data_root else None


def check_still_there(manifest: Path, folder: str, data_root: str | None, cache: str) -> None:
    """Refuse to look anew for what an earlier run found and is out of sight now: the job would fail, and its manifest be deleted.

    Args:
        manifest: the manifest of an earlier run, if there was one.
        folder: the study's ``products.folder``.
        data_root: folder that relative names lie under, or None.
        cache: folder of what is fetched; files found there need no data root.

    Raises:
        InsarcastError: the manifest's files are in sight no more; the sentence says what to do.
    """
    place = locate(folder, data_root)
    if not manifest.is_file() or (place is not None and place.is_dir()):
        return
    pairs = read_manifest(manifest).pairs
    if pairs and not Path(pairs[0].unwrapped).absolute().is_relative_to(Path(cache).absolute()):
        raise InsarcastError(
            f"The products of {manifest} lay in {Path(pairs[0].unwrapped).parent}, but '{folder}' is not there now (data root: "
            f"{data_root or 'not set'}); set INSARCAST_DATA or config data_root, or delete the manifest to look anew."
        )
