"""Index pages of portals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import NotThere
from .settings import WebSettings

if TYPE_CHECKING:
    from .session import ServiceSession

__all__ = ["NotThere", "page_session", "read_page"]


def read_page(url: str, settings: WebSettings, session: ServiceSession | None = None) -> str:
    """The text of a page, asked for again like a download.

    Args:
        url: the page.
        settings: time-out and retries.
        session: one to ask through, so that many pages of one host share a connection (not among threads).

    Raises:
        NotThere: there is no such page (404, 410).
        ServiceError: it cannot be had.
    """
    if session is None:
        with page_session(settings) as own:
            return read_page(url, settings, own)
    answer = session.get(url)
    if "charset" not in answer.headers.get("Content-Type", "").lower():
        answer.encoding = "utf-8"  # requests would take a page that does not say for Latin-1
    return answer.text


def page_session(settings: WebSettings) -> ServiceSession:
    """A session for pages of HTML."""
    from .session import ServiceSession

    session = ServiceSession(settings)
    session.expects_json = False
    return session
