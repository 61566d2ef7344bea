"""Pauses that servers ask for: a host that asked for one gets it from every thread of a call."""

from __future__ import annotations

import time
from threading import Event, Lock

from .part import Halted


class Pauses:
    """When each host wants to be asked again.

    Args:
        longest: most seconds that a host is left alone, whatever it asks for.
        halt: ends all waiting.
    """

    def __init__(self, longest: float, halt: Event) -> None:
        self._longest, self._halt = longest, halt
        self._closed_until: dict[str, float] = {}
        self._lock = Lock()

    def close(self, url: str, wait: float) -> None:
        """The host of a URL asked to be left alone for so many seconds."""
        with self._lock:
            until = time.monotonic() + min(wait, self._longest)
            self._closed_until[_host(url)] = max(until, self._closed_until.get(_host(url), 0.0))

    def wait_for(self, url: str) -> None:
        """Wait until the host of a URL may be asked.

        Raises:
            Halted: everything is to stop.
        """
        with self._lock:
            until = self._closed_until.get(_host(url), 0.0)
        if self._halt.wait(max(0.0, until - time.monotonic())):
            raise Halted


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]
