"""A bearer token for a name and a password, from Earthdata Login."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from .access import Auth
from .answers import own_words, passes
from .errors import Refused, ServiceError
from .retry import passing_tried_again
from .secrets import Credentials, Secret, shown
from .settings import WebSettings

_PATH = "/api/users/find_or_create_token"


def token_of(auth: Auth | None, settings: WebSettings) -> Callable[[], Secret] | None:
    """What gives the token of credentials, asking the login service at most once; None without credentials."""
    if auth is None:
        return None
    found: list[Secret] = []
    lock = Lock()

    def token() -> Secret:
        with lock:
            if not found:
                found.append(auth.credentials.token or _log_in(auth.credentials, settings))
            return found[0]

    return token


def _log_in(credentials: Credentials, settings: WebSettings) -> Secret:
    """Ask for the account's token, or a new one where it has none (the service keeps at most two).

    Source: Earthdata Login's API for users, ``POST /api/users/find_or_create_token`` with the name and the password.

    Raises:
        Refused: the name or the password is wrong.
        ServiceError: the login service cannot be reached, or answers something else.
    """
    import requests

    from .client import WebSession

    url = credentials.login.rstrip("/") + _PATH

    def ask() -> requests.Response:
        with WebSession(settings) as session:

            def signed(request: requests.PreparedRequest) -> requests.PreparedRequest:
                request.headers["Authorization"] = credentials.basic()
                return request

            answer = session.post(url, auth=signed, allow_redirects=False)
        if answer.status_code in (401, 403):
            raise Refused(
                f"{shown(url)} does not accept the name and password of {credentials.source} (the server answered "
                f"{answer.status_code}{own_words(answer)}); correct them there, or set EARTHDATA_TOKEN.",
                status=answer.status_code,
            )
        if answer.status_code not in (200, 201):
            raise ServiceError(
                f"{shown(url)} gave no token (the server answered {answer.status_code}{own_words(answer)}); "
                "try again later, or set EARTHDATA_TOKEN.",
                status=answer.status_code,
                passing=passes(answer.status_code),
            )
        return answer

    answer = passing_tried_again(ask, settings, url)
    try:
        return Secret(str(answer.json()["access_token"]))
    except (ValueError, KeyError, TypeError):
        raise ServiceError(f"{shown(url)} gave no token but something else; set EARTHDATA_TOKEN.") from None
