"""The session that services are asked through: hyp3_sdk and asf_search take it for their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import requests

from .access import Auth
from .answers import is_html, is_login, problem_of
from .client import WebSession
from .errors import Refused, ServiceError
from .login import token_of
from .retry import passing_tried_again
from .secrets import Credentials, shown
from .settings import WebSettings

__all__ = ["ServiceError", "ServiceSession", "service_session"]
_REPEATABLE = ("GET", "HEAD", "OPTIONS")


class ServiceSession(WebSession):
    """A session for APIs that speak JSON.

    GET is tried again after 408, 425, 429, 5xx, a broken or silent connection, with back-off and Retry-After; POST and the like only
    where the caller says that doing it twice does no harm: ``session.idempotent = True``, or ``post(..., idempotent=True)``. Every
    status from 400 on is raised as a `ServiceError` (401 and 403: `Refused`, 404: `NotThere`), so that no SDK has to read a body
    that is not what it expects. Where JSON is expected, a page of HTML is refused.

    Attributes:
        idempotent: every request of this session may be sent twice (a search by POST).
        expects_json: refuse pages; set it to False for a session that reads anything else.
    """

    idempotent = False
    expects_json = True

    def request(self, method: str | bytes, url: str | bytes, *arguments: Any, **options: Any) -> requests.Response:
        """As requests has it; ``idempotent=True`` lets any method be tried again.

        Raises:
            ServiceError: no answer, an answer that is no success, or a page instead of JSON.
        """
        again = options.pop("idempotent", self.idempotent) or str(method).upper() in _REPEATABLE

        def ask() -> requests.Response:
            answer = super(ServiceSession, self).request(method, url, *arguments, **options)
            self._judge(answer)
            return answer

        return passing_tried_again(ask, self.settings, self.replaced(str(url))) if again else ask()

    def _judge(self, answer: requests.Response) -> None:
        if answer.status_code >= 400:
            raise problem_of(answer, *self.whose(answer))
        if self.expects_json and answer.status_code != 204:
            _read_json(answer)


def _read_json(answer: requests.Response) -> None:
    """Raise unless the answer is JSON: a page is a login or a gateway's excuse, anything else was cut off on the way."""
    host, status = urlsplit(shown(str(answer.url))).netloc, answer.status_code
    try:
        answer.json()
    except ValueError:
        page = is_html(answer.headers.get("Content-Type"), answer.content[:512])
    else:
        return
    if page and is_login(answer.content[:65536]):
        raise Refused(
            f"{host} answered {status} with a login page: the credentials are missing or have expired, or an agreement (EULA) is "
            "not accepted yet; log in there once, and renew EARTHDATA_TOKEN or ~/.netrc.",
            status=status,
        )
    found = "a web page" if page else "something that ends too early or is no JSON"
    reason = f"{found} instead of data"
    sentence = f"{host} answered {status} with {reason}; try again later: what is done is kept."
    raise ServiceError(sentence, status=status, passing=True, reason=reason)


def service_session(
    settings: WebSettings,
    *,
    credentials: Credentials | None = None,
    hosts: Sequence[str] = (),
    instead: Mapping[str, str] | None = None,
) -> ServiceSession:
    """A session for one service.

    Args:
        settings: time-outs and retries.
        credentials: who asks; a name and a password are turned into a token at the first request that needs it.
        hosts: the only hosts that see the credentials: ``host``, ``host:port`` or ``.domain``.
        instead: ``{"https://cmr.earthdata.nasa.gov": "http://127.0.0.1:1234"}``: requests to the first go to the second (asf_search
            makes ``https://<host>/...`` itself).
    """
    auth = Auth(credentials, tuple(hosts)) if credentials is not None else None
    return ServiceSession(settings, auth, token_of(auth, settings), instead)
