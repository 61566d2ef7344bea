"""How far a download is: on a terminal one line that changes, elsewhere a line from time to time."""

from __future__ import annotations

import time
from threading import Lock

from .space import GB
from .teller import Teller, span

_ON_TERMINAL, _ELSEWHERE = 0.5, 10.0  # seconds between lines
_SHORT = 5.0  # seconds that need no line on the screen but the last
_STILL = 15.0  # seconds after which silence is worth a word
_MB = 1e6


class Progress:
    """Files and bytes, done and to come.

    Args:
        what: what is fetched, for the line.
        sizes: name -> bytes of each file that is to come, None where they are not known yet.
        held: files that are there already.
        teller: who is told; by default the standard error alone.
    """

    def __init__(self, what: str, sizes: dict[str, int | None], held: int = 0, teller: Teller | None = None) -> None:
        self._what, self._sizes = what, dict(sizes)
        self._have: dict[str, int] = dict.fromkeys(sizes, 0)
        self._held, self._done, self._left_out = held, 0, 0
        self._elsewhere: set[str] = set()
        self.received = 0
        self._start = self._said = self._came = time.monotonic()
        self._lock = Lock()
        self._teller = teller or Teller()

    def at(self, name: str, have: int, size: int | None) -> None:
        """So many bytes of a file are there, of so many."""
        with self._lock:
            self._have[name] = have
            self._sizes[name] = size if size is not None else self._sizes.get(name)

    def add(self, name: str, received: int) -> None:
        with self._lock:
            self._have[name] += received
            self.received += received
            self._came = time.monotonic()

    def elsewhere(self, name: str, fetched: bool) -> None:
        """Another process fetches a file, and it is waited for; or no longer."""
        with self._lock:
            (self._elsewhere.add if fetched else self._elsewhere.discard)(name)

    def done(self, name: str, skipped: bool = False) -> None:
        with self._lock:
            self._done += not skipped
            self._left_out += skipped
            self._sizes[name] = self._have[name]

    def tick(self) -> None:
        """Say where we are, if it is time."""
        now = time.monotonic()
        if now - self._said >= (_ON_TERMINAL if self._teller.on_terminal() else _ELSEWHERE):
            self._said = now
            self._teller.note(self.line(), changes=True)
        if now - self._start >= _SHORT and self._teller.due():
            self._teller.show(self.line())

    def end(self) -> None:
        """The last line."""
        self._teller.note(self.line())
        if self._done or self.received:
            self._teller.show(self.line())

    def line(self) -> str:
        """One line: files, bytes, rate, time left, or how long nothing came."""
        now = time.monotonic()
        with self._lock:
            have, known = sum(self._have.values()), [size for size in self._sizes.values() if size is not None]
            every, files = len(self._sizes), self._held + len(self._sizes)
            total = sum(known) * every / len(known) if known else 0.0  # files of unknown size are taken for middling ones
            done, left_out, elsewhere = self._held + self._done, self._left_out, len(self._elsewhere)
            finished, still = self._done + left_out == every, now - self._came
        rate = self.received / max(now - self._start, 1e-3)
        said = f"{self._what}: fetched {done} of {files} files"
        if left_out:
            said += f" ({left_out} left out)"
        said += f", {_size(have)}" + (
            "" if finished or not total else f" of {'' if len(known) == every else 'about '}{_size(total)}"
        )
        said += f", {rate / _MB:.1f} MB/s"
        if finished:
            return said
        if still >= _STILL:
            said += f", nothing came for {span(still)}"
        elif rate > 0 and total > have:
            said += f", {span((total - have) / rate)} left"
        return said + (f", {elsewhere} waited for that another run fetches" if elsewhere else "")


def _size(size: float) -> str:
    return f"{size / GB:.2f} GB" if size >= GB else f"{size / _MB:.1f} MB"
