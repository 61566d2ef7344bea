"""Who fetches what: two cubes that ordered the same at one moment share the work instead of fetching all of it twice."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from insarcast.core import take_lock

CLAIMS = ".fetching"  # beside the folders of the projects


@contextmanager
def hold_products(folder: Path, keys: Sequence[str]) -> Iterator[set[str]]:
    """Hold the products of jobs against other projects of one cache.

    Products that another run holds are left to it; where it holds all of them, the first that it gives back is waited for. On a file
    system without locks all are held, as if there were no other run.

    Args:
        folder: where the locks lie.
        keys: of the jobs, at least one.

    Yields:
        Those that are held, at least one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        mine = {key for key in keys if _hold(folder / key, held)}
        if not mine:
            print("another run fetches the same products; waiting for it", file=sys.stderr, flush=True)
            _hold(folder / keys[0], held, wait=True)
            mine = {keys[0]}
        yield mine


def _hold(lock: Path, held: ExitStack, *, wait: bool = False) -> bool:
    """Hold a lock until the stack is left; False: another run does."""
    while True:
        file = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            mine = take_lock(file, wait=wait)
        except OSError:
            os.close(file)
            raise
        if not mine:
            os.close(file)
            return False
        if _is(lock, file):
            held.callback(_give_back, lock, file)
            return True
        os.close(file)  # whoever held it has deleted it since it was opened


def _is(lock: Path, file: int) -> bool:
    try:
        return os.path.samestat(lock.stat(), os.fstat(file))
    except FileNotFoundError:
        return False


def _give_back(lock: Path, file: int) -> None:
    lock.unlink(missing_ok=True)
    os.close(file)
