"""Layers in groups of a few dozen, each written once and kept, so that a store grows by what is new alone.

A layer (an interferogram, a loop) has a key: the hash of everything that it was made from. A group is a folder of shards named by the keys of
its layers. The store that a rule leaves is made of links to the groups' files: zarr writes a file beside and renames it, never into one
that is there, so a link is never changed through the other. Growing copies nothing, and a run that is killed loses the group in work.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from insarcast.core import InsarcastError, create_array, give_back_memory, grouped, shard_edge, take_lock, write_json

Block = tuple[slice, slice]

LAYERS = 32  # in a group
EDGE = shard_edge(LAYERS)


@dataclass(frozen=True)
class Group:
    """Consecutive layers of a store.

    Attributes:
        number: of the group in the store.
        keys: of its layers.
        folder: where it is kept.
    """

    number: int
    keys: tuple[str, ...]
    folder: Path

    @property
    def part(self) -> Path:
        """Where it is written before it is complete."""
        return self.folder.with_name(f".part-{self.folder.name}")


class Groups:
    """The groups kept in a folder.

    Args:
        folder: where they are kept.
        shape: rows and columns of the grid.
        names: arrays of a group, float32 (layer, y, x).
        flags: arrays with one bool layer for the whole group.
    """

    def __init__(self, folder: Path, shape: tuple[int, int], names: Sequence[str], flags: Sequence[str] = ()) -> None:
        self._folder, self._shape, self._names, self._flags = folder, shape, names, flags
        self._place: dict[str, tuple[Path, int]] = {}
        self.facts: dict[str, dict[str, Any]] = {}
        self._open: dict[tuple[Path, str], Any] = {}
        for record in sorted(folder.glob("[!.]*/group.json")):
            layers = json.loads(record.read_text(encoding="utf-8"))["layers"]
            for index, (key, facts) in enumerate(layers.items()):
                self._place[key] = (record.parent, index)
                self.facts[key] = facts

    def __contains__(self, key: str) -> bool:
        return key in self._place

    def cut(self, keys: Sequence[str]) -> list[Group]:
        """The groups of a store with these layers, in this order."""
        parts = [tuple(keys[start : start + LAYERS]) for start in range(0, len(keys), LAYERS)]
        return [
            Group(number, part, self._folder / hashlib.sha256("\n".join(part).encode()).hexdigest()[:24])
            for number, part in enumerate(parts)
        ]

    def is_kept(self, group: Group) -> bool:
        return (group.folder / "group.json").is_file()

    def begin(self, group: Group) -> None:
        """Prepare to write a group."""
        shutil.rmtree(group.part, ignore_errors=True)
        group.part.mkdir(parents=True)
        sizes = [(name, np.float32, len(group.keys), LAYERS) for name in self._names] + [
            (name, np.bool_, 1, 1) for name in self._flags
        ]
        for name, kind, layers, most in sizes:
            layout = grouped(most, *self._shape, EDGE)
            array = create_array(group.part, name, (layers, *self._shape), kind, ("layer", "y", "x"), {}, **layout)
            self._open[group.part, name] = array

    def fill(self, group: Group, block: Block, values: Mapping[str, npt.NDArray[Any]]) -> None:
        """Write a block, which begins and ends at shards or at the grid's edge, shard by shard."""
        for name, data in values.items():
            array = self._open[group.part, name]
            for left in range(block[1].start, block[1].stop, EDGE):
                right = min(left + EDGE, block[1].stop)
                array[:, block[0], left:right] = data[..., left - block[1].start : right - block[1].start]

    def read_kept(self, group: Group, name: str, block: Block, out: npt.NDArray[Any]) -> None:
        """Fill those layers of ``out`` (layer, y, x) that are kept in other groups."""
        import zarr

        wanted: dict[Path, list[tuple[int, int]]] = {}
        for index, key in enumerate(group.keys):
            if key in self._place:
                folder, place = self._place[key]
                wanted.setdefault(folder, []).append((index, place))
        for folder, places in wanted.items():
            if (folder, name) not in self._open:
                self._open[folder, name] = zarr.open_array(str(folder / name), mode="r", zarr_format=3)
            for left in range(block[1].start, block[1].stop, EDGE):
                right = min(left + EDGE, block[1].stop)
                data = self._open[folder, name][:, block[0], left:right]
                columns = slice(left - block[1].start, right - block[1].start)
                for index, place in places:
                    out[index, :, columns] = data[place]

    def finish(self, group: Group, facts: Mapping[str, dict[str, Any]]) -> None:
        """Keep a group that is complete, with a few facts of each of its layers."""
        self.facts |= facts
        write_json(group.part / "group.json", {"layers": {key: self.facts[key] for key in group.keys}})
        shutil.rmtree(group.folder, ignore_errors=True)
        group.part.rename(group.folder)
        for name in (*self._names, *self._flags):
            self._open.pop((group.part, name))

    def open(self, group: Group, name: str) -> Any:
        """The array of a kept group, to read."""
        import zarr

        return zarr.open_array(str(group.folder / name), mode="r", zarr_format=3)

    def link(self, groups: Sequence[Group], store: Path) -> None:
        """Put the groups' files into a store whose arrays of these names are empty."""
        copied = False
        for group in groups:
            for name in self._names:
                source = group.folder / name / "c/0"
                for file in sorted(source.glob("*/*")):
                    target = store / name / "c" / str(group.number) / file.relative_to(source)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    copied |= _link(file, target)
        if copied:
            print(f"copied, not linked: {self._folder} and {store} lie on different file systems, or theirs knows no links")

    def drop_others(self, groups: Sequence[Group]) -> None:
        """Delete the groups that no store is made of any more."""
        known = {group.folder.name for group in groups}
        for folder in self._folder.glob("*"):
            if folder.name not in known:
                shutil.rmtree(folder)


def _link(file: Path, target: Path) -> bool:
    """Link a file; copy it where that cannot be. Returns whether it was copied."""
    try:
        os.link(file, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS):
            raise
        shutil.copyfile(file, target)
        return True
    return False


@contextmanager
def kept(cache: str | Path | None, beside: Path) -> Iterator[Path]:
    """The folder that groups are kept in, held by one run at a time; without a cache, one beside the output that is deleted afterwards."""
    give_back_memory()
    folder = Path(cache) if cache else beside.with_name(f".groups-{beside.name}")
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        if not take_lock(lock):
            raise InsarcastError(
                f"{folder} is in use by another run; wait for it, or give this run another cache (--config cache=...)."
            )
        try:
            yield folder
        finally:
            if not cache:
                shutil.rmtree(folder)


def windows(shape: tuple[int, int], bytes_per_pixel: int, most: int) -> Iterator[Block]:
    """Windows of whole shards, as wide as ``most`` bytes allow: rows of a file are packed whole, so a wide window unpacks less."""
    ny, nx = shape
    wide = EDGE * max(1, most // (bytes_per_pixel * EDGE * EDGE))
    for top in range(0, ny, EDGE):
        for left in range(0, nx, wide):
            yield slice(top, min(top + EDGE, ny)), slice(left, min(left + wide, nx))


def room(mem_mb: int, parts: int) -> int:
    """Bytes that each of ``parts`` arrays of a block may take, so that a rule of ``mem_mb`` also holds its libraries."""
    return max(mem_mb - _LIBRARIES, mem_mb // 4) * 2**20 // parts


_LIBRARIES = 400  # MB of the interpreter, the libraries, GDAL's cache and what the allocator holds back


def key_of(*facts: Any) -> str:
    """Key of a layer: hash of what it is made from."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=float).encode()).hexdigest()[:24]


def as_number(value: Any) -> float:
    """A fact of a layer as a number: NaN is null in JSON."""
    return float(np.nan if value is None else value)
