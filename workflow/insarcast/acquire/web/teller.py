"""What a person is told while files and services are waited for: into the log, and onto the screen beside it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from threading import Lock
from urllib.parse import urlsplit

from .secrets import hide, shown

Show = Callable[[str], None]

_OFTEN, _SELDOM = 10.0, 300.0  # seconds between two lines: at first, and after an hour
_LONG = 10.0  # seconds without any progress that a person should know of
_OVER = 600.0  # seconds after which a host's trouble counts as another


class Rhythm:
    """When there is a line to say again: after a tenth of the time that has passed since the first, within bounds.

    Args:
        least: seconds between two lines, at least.
        most: the same, at most.
        at_once: the first line is due now, and not only after ``least``.
    """

    def __init__(self, least: float = _OFTEN, most: float = _SELDOM, *, at_once: bool = False) -> None:
        self._least, self._most = least, most
        self._began = time.monotonic()
        self._said = self._began - (least if at_once else 0.0)

    def due(self) -> bool:
        """Whether it is time; then the next is due later."""
        now = time.monotonic()
        if now - self._said < min(self._most, max(self._least, (now - self._began) / 10)):
            return False
        self._said = now
        return True

    def said(self) -> None:
        """A line was said, though it was not due."""
        self._said = time.monotonic()


class Teller:
    """Tells a person how far it is and what is waited for.

    What is said goes to the standard error, which is the log of a job. A terminal there gets one line that changes; beside a log,
    ``show`` puts lines on the screen of whoever waits, the rarer the longer it takes.

    Args:
        show: shows a line on the screen; None: there is none beside the standard error.
    """

    def __init__(self, show: Show | None = None) -> None:
        self._show = show
        self._lock = Lock()
        self._rhythm = Rhythm()
        self._troubles: dict[str, tuple[Rhythm, float]] = {}  # host -> its lines, and when it last was in trouble

    @staticmethod
    def on_terminal() -> bool:
        """Whether a line can change in its place."""
        return sys.stderr.isatty()

    def note(self, text: str, *, changes: bool = False) -> None:
        """A line into the log; one that ``changes`` is written over by the next, where that can be."""
        if self.on_terminal():
            print(f"\r{text}\x1b[K", end="" if changes else "\n", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr, flush=True)

    def show(self, text: str) -> None:
        """A line onto the screen beside the log."""
        if self._show is not None:
            self._show(text)
        self._rhythm.said()

    def say(self, text: str) -> None:
        """A line into the log and onto the screen, at once."""
        self.note(text)
        self.show(text)

    def due(self) -> bool:
        """Whether the screen should hear again how far it is: every ten seconds at first, then ever rarer."""
        with self._lock:
            return self._rhythm.due()

    def step(self, text: str) -> None:
        """How far it is: into the log, and onto the screen where that should hear of it."""
        self.note(text)
        if self.due():
            self.show(text)

    def wait(self, url: str, reason: str, seconds: float, since: float) -> None:
        """Say that a host is asked again later, if that takes long; of a host that stays in trouble ever rarer.

        Args:
            url: what was asked for; only its host is said.
            reason: what happened.
            seconds: the pause that is made now.
            since: when nothing went wrong yet, on the clock of ``time.monotonic``.
        """
        now = time.monotonic()
        if max(seconds, now - since) < _LONG:
            return
        host = urlsplit(shown(url)).netloc
        with self._lock:
            lines, last = self._troubles.get(host, (None, now))
            if lines is None or now - last > _OVER:
                lines = Rhythm(at_once=True)
            self._troubles[host] = (lines, now)
            due = lines.due()
        if due:
            self.say(f"{host}: {hide(reason)}; asked again {f'in {span(seconds)}' if seconds >= 1 else 'now'}")


def span(seconds: float) -> str:
    """A span of time in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
