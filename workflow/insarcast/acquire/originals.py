"""Public originals: tables of files with URL and sha256, and fetching them once into the cache."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from insarcast.core import InsarcastError

from .web.download import fetch_all
from .web.errors import ServiceError
from .web.remote import Remote
from .web.settings import WebSettings


@dataclass(frozen=True)
class Original:
    """A table of config/originals.

    Attributes:
        name: the table's name.
        credits: citation and licence, for the report.
        files: name below the folder -> where it is and its checksum.
    """

    name: str
    credits: list[str]
    files: dict[str, Remote]


def read_original(name: str, folder: Path) -> Original:
    """Read a table ``<folder>/<name>.yaml``: base (URL), licence, citation, files: {name: {path, sha256}}.

    Raises:
        InsarcastError: there is no such table, or it is not one.
    """
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in known:
        raise InsarcastError(f"There is no table '{name}' of a public original; {folder} holds {', '.join(known) or 'none'}.")
    path = folder / f"{name}.yaml"
    try:
        table: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        base = table["base"].rstrip("/")
        files = {file: Remote(f"{base}/{entry['path']}", entry["sha256"]) for file, entry in table["files"].items()}
        credits = [f"{table['citation']}. Licence: {table['licence']}."]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise InsarcastError(
            f"{path} is no table of a public original ({error!r}); it needs base, licence, citation and files."
        ) from None
    for file in files:
        if Path(file).is_absolute() or ".." in Path(file).parts:
            raise InsarcastError(f"{path} names the file '{file}', which would lie outside its folder; correct it.")
    return Original(name, credits, files)


def original_credits(name: str, folder: Path) -> list[str]:
    """Citation and licence of a table."""
    return read_original(name, folder).credits


def fetch_original(name: str, folder: Path, cache: Path, settings: WebSettings | None = None) -> Path:
    """Fetch every file of a table that the cache does not hold yet.

    Args:
        name: the table's name.
        folder: folder of the tables.
        cache: the cache.
        settings: limits, time-outs and retries.

    Returns:
        ``<cache>/originals/<name>`` with all files in it, each with the right checksum.

    Raises:
        InsarcastError: unknown table, no network, no space, or a file that is not what the table says.
    """
    original = read_original(name, folder)
    place = cache / "originals" / name
    try:
        fetch_all(original.files, place, settings, what=f"config/originals/{name}.yaml")
    except ServiceError as error:
        raise InsarcastError(f"{str(error).rstrip('.')}; or use a data root that holds the folder.") from None
    return place
