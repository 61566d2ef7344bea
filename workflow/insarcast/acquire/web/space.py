"""Disk space, asked before it is used."""

from __future__ import annotations

import shutil
from pathlib import Path
from threading import Lock

from insarcast.core import InsarcastError

GB = 1e9


class NoSpace(InsarcastError):
    """The disk is too small for what is still to come."""


class Space:
    """What the running downloads will still write to one disk.

    Args:
        folder: a folder on it that exists.
        spare_gb: what must stay free, in GB.
    """

    def __init__(self, folder: Path, spare_gb: float) -> None:
        self._folder, self._spare = folder, spare_gb * GB
        self._coming: dict[str, int] = {}
        self._lock = Lock()

    def ask(self, name: str, size: int) -> None:
        """Announce what is still to come of a file.

        Raises:
            NoSpace: everything that was announced does not fit.
        """
        with self._lock:
            self._coming[name] = size
            self.check(sum(self._coming.values()))

    def came(self, name: str, size: int) -> None:
        """So many bytes of it go to the disk now, and count as used there."""
        with self._lock:
            self._coming[name] = max(0, self._coming.get(name, 0) - size)

    def forget(self, name: str) -> None:
        """No more will come of it."""
        with self._lock:
            self._coming.pop(name, None)

    def check(self, coming: int) -> None:
        """The same for a number of bytes.

        Raises:
            NoSpace: it does not fit.
        """
        free = shutil.disk_usage(self._folder).free
        if coming + self._spare > free:
            raise NoSpace(
                f"The disk of {self._folder} has {free / GB:.2f} GB free, but {coming / GB:.2f} GB are still to come and "
                f"{self._spare / GB:g} GB must stay free (downloads.spare_gb); free some, then run again: what has come is kept."
            )


def full(folder: Path) -> NoSpace:
    """The error for a disk that filled up meanwhile."""
    return NoSpace(f"There is no space left on the disk of {folder}; free some, then run again: what has come is kept.")
