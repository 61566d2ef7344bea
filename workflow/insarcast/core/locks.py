"""Locks between processes, also where a file system has none: then a run goes on as if it were alone, and says so."""

from __future__ import annotations

import errno
import fcntl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

_NONE = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # some cluster file systems have no locks


def take_lock(file: int | IO[Any], *, wait: bool = False, lacking: Callable[[], None] | None = None) -> bool:
    """Hold an open file against other processes until it is closed.

    Args:
        file: the file, or its number.
        wait: wait for a process that holds it.
        lacking: called where the file system has no locks.

    Returns:
        False where another process holds it; True where none does, or where the file system has no locks and cannot say.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NONE:
            raise
        if lacking is not None:
            lacking()
    return True


@contextmanager
def locked(place: Path, busy: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold a lock file, waiting for another process that does.

    Where the file system has no locks, that is said to whoever reads the log, and nothing is waited for.

    Args:
        place: the file, made where it is not there.
        busy: called before waiting.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    with open(place, "w") as file:
        if not take_lock(file, lacking=lambda: _say_none(place.parent)):
            if busy is not None:
                busy()
            take_lock(file, wait=True)
        yield


def _say_none(folder: Path) -> None:
    print(f"{folder} has no locks: do not run twice at once there", file=sys.stderr, flush=True)
