"""Sizes of the files of a fetched frame, noted beside them, so that one that was emptied or cut off is no longer taken for whole."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from insarcast.core import write_json

_NOTED = "sizes.json"  # in the frame's folder: file -> bytes


def read_sizes(folder: Path) -> dict[str, int]:
    """Bytes of the files below a frame's folder, as they were when they had come; nothing where that is not noted or cannot be read."""
    try:
        noted = json.loads((folder / _NOTED).read_text(encoding="utf-8"))
        return {str(name): int(size) for name, size in noted.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def note_sizes(folder: Path, names: Iterable[str]) -> None:
    """Note the sizes of files that came, and of those noted before by other cubes that are still there.

    Args:
        folder: the frame's; no other job may write there now.
        names: below the folder; those that are not there are passed over.
    """
    every = sorted({*names, *read_sizes(folder)})
    sizes = {name: size for name in every if (size := _size(folder, name)) is not None}
    part = folder / f".part-{_NOTED}"
    write_json(part, sizes)
    part.replace(folder / _NOTED)


def is_whole(folder: Path, name: str, sizes: Mapping[str, int]) -> bool:
    """Whether a file is there, in the size that was noted, if one was."""
    size = _size(folder, name)
    return size is not None and size == sizes.get(name, size)


def remove_broken(folder: Path) -> list[str]:
    """Delete files that are there in another size than was noted, so that they are fetched again; returns their names."""
    sizes = read_sizes(folder)
    broken = [name for name in sizes if _size(folder, name) is not None and not is_whole(folder, name, sizes)]
    for name in broken:
        (folder / name).unlink()
    return broken


def _size(folder: Path, name: str) -> int | None:
    try:
        return os.stat(folder / name).st_size
    except OSError:
        return None
