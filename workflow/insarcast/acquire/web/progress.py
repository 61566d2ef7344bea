"""How far a download is: on a terminal one line that changes, elsewhere a line from time to time."""

from __future__ import annotations

import sys
import time
from threading import Lock

from .space import GB

_ON_TERMINAL, _ELSEWHERE = 0.5, 10.0  # seconds between lines
_MB = 1e6


class Progress:
    """Files and bytes, done and to come.

    Args:
        what: what is fetched, for the line.
        sizes: name -> bytes of each file that is to come, None where they are not known yet.
        held: files that are there already.
    """

    def __init__(self, what: str, sizes: dict[str, int | None], held: int = 0) -> None:
        self._what, self._sizes = what, dict(sizes)
        self._have: dict[str, int] = dict.fromkeys(sizes, 0)
        self._held, self._done, self._left_out = held, 0, 0
        self.received = 0
        self._start = self._said = time.monotonic()
        self._lock = Lock()
        self._terminal = sys.stderr.isatty()

    def at(self, name: str, have: int, size: int | None) -> None:
        """So many bytes of a file are there, of so many."""
        with self._lock:
            self._have[name] = have
            self._sizes[name] = size if size is not None else self._sizes.get(name)

    def add(self, name: str, received: int) -> None:
        with self._lock:
            self._have[name] += received
            self.received += received

    def done(self, name: str, skipped: bool = False) -> None:
        with self._lock:
            self._done += not skipped
            self._left_out += skipped
            self._sizes[name] = self._have[name]

    def tick(self) -> None:
        """Say where we are, if it is time."""
        now = time.monotonic()
        if now - self._said >= (_ON_TERMINAL if self._terminal else _ELSEWHERE):
            self._said = now
            line = self.line()
            print(f"\r{line}\x1b[K" if self._terminal else line, file=sys.stderr, end="" if self._terminal else "\n", flush=True)

    def end(self) -> None:
        """The last line."""
        print(f"\r{self.line()}\x1b[K" if self._terminal else self.line(), file=sys.stderr, flush=True)

    def line(self) -> str:
        """One line: files, bytes, rate, time left."""
        with self._lock:
            have, known = sum(self._have.values()), [size for size in self._sizes.values() if size is not None]
            every, files = len(self._sizes), self._held + len(self._sizes)
            total = sum(known) * every / len(known) if known else 0.0  # files of unknown size are taken for middling ones
            done, left_out = self._held + self._done, self._left_out
        rate = self.received / max(time.monotonic() - self._start, 1e-3)
        said = f"{self._what}: fetched {done} of {files} files"
        if left_out:
            said += f" ({left_out} left out)"
        finished = self._done + left_out == every
        said += f", {_size(have)}" + (
            "" if finished or not total else f" of {'' if len(known) == every else 'about '}{_size(total)}"
        )
        said += f", {rate / _MB:.1f} MB/s"
        if not finished and rate > 0 and total > have:
            said += f", {_span((total - have) / rate)} left"
        return said


def _size(size: float) -> str:
    return f"{size / GB:.2f} GB" if size >= GB else f"{size / _MB:.1f} MB"


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
