"""What can go wrong between a URL and a file, as sentences that callers can tell apart."""

from __future__ import annotations

from insarcast.core import InsarcastError


class ServiceError(InsarcastError):
    """A service did not do what it was asked.

    Attributes:
        status: HTTP status of the answer, or None where none came.
        passing: the same request may succeed later: busy, broken connection, server fault.
        detail: the service's own words, secrets taken out, or "".
        reason: what happened, in a few words, for a sentence of the caller's own.
        wait: seconds that the server asked to wait before the next attempt.
    """

    def __init__(
        self,
        sentence: str,
        *,
        status: int | None = None,
        passing: bool = False,
        detail: str = "",
        reason: str = "",
        wait: float = 0.0,
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.passing = passing
        self.detail = detail
        self.reason = reason or sentence.rstrip(".")
        self.wait = wait


class NotThere(ServiceError):
    """What a URL names does not exist (404, 410), or can no longer be had from this URL (an expired link)."""


class Broken(ServiceError):
    """The server's own file is no good: the same wrong bytes came twice."""


class Refused(ServiceError):
    """The server wants other credentials, or an agreement, first (401, 403, a login page)."""
