"""Checksums of many and large files: several at a time, and none twice while a file is the one that it was."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from .code import fingerprint
from .files import file_sha256

_YOUNG_NS = 2_000_000_000  # clocks of file systems may be this coarse: a file as young may change and look the same
_KEEP_BYTES = 4 * 2**30  # read between two notes: what a killed run loses

Facts = dict[str, list[int | str]]  # file -> size, its content's time of change and its own in ns, inode, checksum


def files_sha256(paths: Iterable[str], threads: int = 1, notes: Path | None = None) -> dict[str, str]:
    """SHA-256 of files, in the order in which they are given.

    A file is not read again while its size, times of change and inode are those that were noted with its checksum. The time of change of
    the content can be set back, as restoring a copy does; that of the inode cannot. hashlib lets other threads run, so that several files
    are read at a time.

    Args:
        paths: the files; each once in the result.
        threads: files that are read at a time.
        notes: folder of the cache that checksums are noted in, a file for each folder of files; None: nothing is noted.
    """
    wanted = list(dict.fromkeys(paths))
    known: dict[Path, Facts] = {}
    sums: dict[str, str] = {}
    left: dict[str, os.stat_result] = {}
    for name in wanted:
        state, place = os.stat(name), _place(name, notes)
        facts = known.setdefault(place, _read(place)) if place else {}
        if (old := facts.get(name)) and old[:-1] == _look(state):
            sums[name] = str(old[-1])
        else:
            left[name] = state
    unkept = 0
    with ThreadPoolExecutor(max(1, threads)) as pool:
        jobs = {pool.submit(file_sha256, Path(name)): name for name in left}
        try:
            for job in as_completed(jobs):
                name = jobs[job]
                sums[name], state = job.result(), left[name]
                if (place := _place(name, notes)) and _look(os.stat(name)) == _look(state) and _old(state):
                    known[place][name] = [*_look(state), sums[name]]
                unkept += state.st_size
                if unkept > _KEEP_BYTES:
                    unkept = 0
                    _write(known)
        finally:
            for job in jobs:
                job.cancel()
            if left:
                _write(known)
    return {name: sums[name] for name in wanted}


def _look(state: os.stat_result) -> list[int | str]:
    return [state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino]


def _old(state: os.stat_result) -> bool:
    return time.time_ns() - max(state.st_mtime_ns, state.st_ctime_ns) > _YOUNG_NS


def _place(name: str, notes: Path | None) -> Path | None:
    """Where the checksums of a file's folder are noted."""
    return notes / f"{fingerprint(str(Path(name).absolute().parent))}.json" if notes else None


def _read(place: Path) -> Facts:
    """What is noted there; nothing where it is broken, for then files are read again."""
    try:
        noted = json.loads(place.read_text(encoding="utf-8"))
        return {str(name): list(facts) for name, facts in noted.items() if len(facts) == 5}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write(known: Mapping[Path, Facts]) -> None:
    """Note them, beside and renamed; what another run noted meanwhile is kept. A full disk is no reason to stop: they are read again then."""
    for place, facts in known.items():
        with contextlib.suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            beside = place.with_name(f".{place.name}.{os.getpid()}")
            beside.write_text(json.dumps(_read(place) | facts, indent=1) + "\n", encoding="utf-8")
            beside.replace(place)
