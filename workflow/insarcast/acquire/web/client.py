"""One HTTP client for files and services: proxies and certificates of the environment, credentials to named hosts only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from insarcast import __version__

from .access import Auth
from .answers import failure_of
from .errors import Refused
from .secrets import Secret, expired_on, shown
from .settings import WebSettings
from .trust import certificates

AGENT = f"insarcast/{__version__}"
_LONGEST_CONNECT = 10.0


class WebSession(requests.Session):
    """A session with a time-out on every request, which gives credentials to the named hosts only, wherever redirects lead.

    Neither netrc nor cookies do anything behind the caller's back: requests would send netrc's passwords to any host that has an
    entry, in place of the token.

    Args:
        settings: time-out and retries.
        auth: credentials and the hosts that may see them.
        token: what turns name and password into a token, asked for once, at the first request that needs it.
        instead: ``{"https://host": "http://other:port"}``: requests to the first go to the second.
    """

    def __init__(
        self,
        settings: WebSettings,
        auth: Auth | None = None,
        token: Callable[[], Secret] | None = None,
        instead: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.access = auth
        self.instead = {key.rstrip("/"): value.rstrip("/") for key, value in (instead or {}).items()}
        self.headers["User-Agent"] = AGENT
        self.verify = certificates()
        self.auth = self._authorize  # set, so that requests does not look into netrc
        self._token = token
        allowed = [urlsplit(f"//{host}").hostname or "" for host in auth.hosts] if auth else []
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=allowed))
        for scheme in ("https://", "http://"):
            self.mount(scheme, HTTPAdapter(pool_maxsize=settings.at_once, max_retries=0))

    def request(self, method: str | bytes, url: str | bytes, *arguments: Any, **options: Any) -> requests.Response:
        """As requests has it, with our time-outs, whatever the caller says: the study's setting rules.

        Raises:
            ServiceError: no answer came; requests' own error would show the whole URL.
        """
        options["timeout"] = (min(_LONGEST_CONNECT, self.settings.timeout), self.settings.timeout)
        place = self.replaced(str(url))
        try:
            return super().request(method, place, *arguments, **options)
        except (requests.RequestException, HTTPError, ValueError) as error:
            raise failure_of(error, place, self.settings) from None

    def replaced(self, url: str) -> str:
        """The URL at the host that stands in for its own."""
        for origin, other in self.instead.items():
            if url == origin or url.startswith((f"{origin}/", f"{origin}?")):
                return other + url[len(origin) :]
        return url

    def whose(self, answer: requests.Response) -> tuple[str | None, str | None]:
        """Where the credentials come from that were sent on the way to an answer, and when their token ended; None: not."""
        sent = any("Authorization" in step.request.headers for step in (answer, *answer.history))
        if not sent or self.access is None or self._token is None:
            return None, None
        return self.access.credentials.source, expired_on(self._token())

    def get_redirect_target(self, response: requests.Response) -> str | None:
        target = super().get_redirect_target(response)
        return None if target is None else self.replaced(target)

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """After a redirect: the next host gets credentials if it was named, and none over a connection that can be read."""
        url = str(prepared_request.url)
        prepared_request.headers.pop("Authorization", None)
        if self.access and self.access.names(url) and not self.access.covers(url):
            raise Refused(
                f"{shown(str(response.url))} leads to {shown(url)}, where credentials would be sent unencrypted; refused."
            )
        self._authorize(prepared_request)

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None and self.access is not None and self.access.covers(str(request.url)):
            request.headers["Authorization"] = f"Bearer {self._token().reveal()}"
        return request
