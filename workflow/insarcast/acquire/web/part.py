"""The beginning of a file: `.part` beside its place, what the server said of it in `.part.json`, and one writer at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event
from typing import IO

from insarcast.core import take_lock

_POLL = 0.2  # seconds between looks at a part that another process writes


class Halted(Exception):
    """Another file's failure, or a person, ended it all."""


@dataclass(frozen=True)
class Note:
    """What the server said of the file that the part is the beginning of.

    Attributes:
        url: where it came from, without query and secrets.
        etag: its strong entity tag.
        modified: its Last-Modified, where that is as good as a tag.
        size: bytes of the whole file.
    """

    url: str
    etag: str | None = None
    modified: str | None = None
    size: int | None = None

    @property
    def validator(self) -> str | None:
        """Value for If-Range (RFC 9110, 13.1.5)."""
        return self.etag or self.modified


class Part:
    """A part that this process alone may write. What is written is handed to the system at once: a killed run keeps it."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path = part_of(path)
        self._final, self._file = path, file
        self._note = note_of(path)

    @property
    def size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    @property
    def note(self) -> Note | None:
        """None where there is none, or none that can be read: then the part is worth nothing without a checksum."""
        try:
            return Note(**json.loads(self._note.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def restart(self, note: Note | None = None) -> None:
        """Throw away what is there; what follows is of the file that the note tells of."""
        self._file.truncate(0)  # first, so that no note ever tells of another file's bytes
        self._note.unlink(missing_ok=True)
        if note is not None:
            self._note.write_text(json.dumps(asdict(note)), encoding="utf-8")

    def write(self, block: bytes) -> None:
        view = memoryview(block)
        while view:
            view = view[os.write(self._file.fileno(), view) :]

    def finish(self) -> None:
        """Under its own name, and safe from a power cut."""
        os.fsync(self._file.fileno())
        os.replace(self.path, self._final)
        sync_folder(self._final.parent)
        self._note.unlink(missing_ok=True)


@contextmanager
def claimed(path: Path, halt: Event, busy: Callable[[], None] | None = None) -> Iterator[Part]:
    """Hold the part of a file, waiting for another process that does.

    The lock is on the part itself, so a part that was renamed meanwhile is no part any more: then a new one is opened.

    Args:
        path: the file.
        halt: ends the waiting.
        busy: called where another process holds the part.

    Raises:
        Halted: while waiting.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    place = part_of(path)
    while True:
        file = open(place, "ab", buffering=0)  # noqa: SIM115 (closed below, or kept for the caller)
        try:
            lock(file, halt, busy)
            if is_still(file, place):
                break
        except BaseException:
            file.close()
            raise
        file.close()
    try:
        yield Part(path, file)
    finally:
        if is_still(file, place) and os.fstat(file.fileno()).st_size == 0:
            place.unlink()  # nothing came: leave nothing
            note_of(path).unlink(missing_ok=True)
        file.close()


def part_of(path: Path) -> Path:
    """The place of a file's part."""
    return path.with_name(path.name + ".part")


def note_of(path: Path) -> Path:
    """The place of the note beside it."""
    return path.with_name(path.name + ".part.json")


def tidy(folder: Path) -> None:
    """Remove notes without a part, which runs left that were killed right after a rename; nobody else may fetch into the folder now."""
    for note in folder.rglob(note_of(Path("*")).name):
        if not note.with_suffix("").exists():
            note.unlink()


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder last through a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def lock(file: IO[bytes], halt: Event, busy: Callable[[], None] | None = None) -> None:
    """Wait until no other process holds the file.

    Raises:
        Halted: while waiting.
    """
    while not take_lock(file):
        if busy is not None:
            busy()
        if halt.wait(_POLL):
            raise Halted


def is_still(file: IO[bytes], place: Path) -> bool:
    """True if the name still leads to the open file: another process may have renamed or removed it."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(place))
    except FileNotFoundError:
        return False
