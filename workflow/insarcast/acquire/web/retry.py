"""How long to wait between attempts, and doing again what may pass."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from .errors import ServiceError
from .settings import WebSettings

BACK_OFF = 1.0  # seconds before the first retry; doubled for each further one
_T = TypeVar("_T")


def asked_wait(retry_after: str | None) -> float:
    """Seconds that a Retry-After header asks for, as seconds or as an HTTP date (RFC 9110, 10.2.3); 0 for anything else."""
    value = (retry_after or "").strip()
    if value.isdecimal():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def pause(failed: int, asked: float, settings: WebSettings) -> float:
    """Seconds to wait after so many failures in a row, or what the server asked for if that is longer; never over the limit."""
    return min(settings.longest_wait, max(asked, BACK_OFF * 2.0 ** min(failed - 1, 30)))


def passing_tried_again(ask: Callable[[], _T], settings: WebSettings, url: str) -> _T:
    """Call ``ask`` until it raises no error that may pass, or the attempts are used up; then that error is raised.

    Args:
        ask: asks once.
        settings: how often, and who is told of long waits.
        url: what is asked, for the line about a wait.
    """
    failed, since = 0, time.monotonic()
    while True:
        try:
            return ask()
        except ServiceError as error:
            failed += 1
            if not error.passing or failed >= settings.attempts:
                raise
            wait = pause(failed, error.wait, settings)
            settings.teller.wait(url, error.reason, wait, since)
            time.sleep(wait)
