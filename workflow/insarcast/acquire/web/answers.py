"""What an answer, or the lack of one, means: one sentence, and whether it may pass."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .errors import NotThere, Refused, ServiceError
from .retry import asked_wait
from .secrets import hide, shown
from .settings import WebSettings

if TYPE_CHECKING:
    import requests

PASSING = (408, 425, 429)
_WORDS = ("detail", "errors", "error_description", "error", "message", "title", "reason")
# A form for a password, Earthdata's own pages, an agreement to accept; a link to a login stands on every other page of a portal.
_LOGIN = re.compile(rb"(?i)type\s*=\s*[\"']?password|/oauth/authorize|urs\.earthdata|earthdata login|\beula\b")


def passes(status: int) -> bool:
    """True for a status after which the same request may succeed."""
    return status in PASSING or status >= 500


def is_html(content_type: str | None, first: bytes) -> bool:
    """True for a page: by its first bytes, or by what the server calls it."""
    start = first.lstrip(b"\xef\xbb\xbf \t\r\n")[:64].lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or "html" in (content_type or "").lower()


def is_login(first: bytes) -> bool:
    """True for a page or an error that asks for a login or for an agreement."""
    return _LOGIN.search(first) is not None


def own_words(answer: requests.Response, most: int = 300) -> str:
    """The service's own words in a JSON or S3 error, as ``: words`` without secrets; "" where it has none."""
    words = ""
    try:
        body = answer.content[:65536]
    except Exception:  # the body of an error is a courtesy: without it the status speaks alone
        return ""
    if "json" in answer.headers.get("Content-Type", "") or body.lstrip()[:1] in (b"{", b"["):
        try:
            words = _text(json.loads(answer.content))
        except ValueError:
            words = ""
    elif code := re.search(rb"<Code>\s*([^<]+)</Code>", body):
        message = re.search(rb"<Message>\s*([^<]+)</Message>", body)
        words = b": ".join(part.group(1).strip() for part in (code, message) if part).decode(errors="replace")
    words = " ".join(hide(words).split())
    return f": {words[:most]}" if words else ""


def _text(value: Any) -> str:
    """The words in a JSON error of one of the usual forms."""
    if isinstance(value, dict):
        return next((found for key in _WORDS if key in value and (found := _text(value[key]))), "")
    if isinstance(value, list):
        return "; ".join(filter(None, map(_text, value)))
    return str(value) if isinstance(value, str | int | float) else ""


def problem_of(answer: requests.Response, source: str | None = None, ended: str | None = None) -> ServiceError:
    """The error for an answer whose status is no success.

    Args:
        answer: the answer, its body not read yet.
        source: where the credentials that were sent come from; None: none were sent.
        ended: the date on which the token says that it ended.
    """
    status, url = answer.status_code, shown(str(answer.url))
    words = own_words(answer)
    said = f"the server answered {status}{words}"
    known: dict[str, Any] = {"status": status, "detail": words.removeprefix(": "), "reason": said}
    if status in (404, 410):
        return NotThere(f"{url} is not there ({said}).", **known)
    if status == 403 and re.search(r"(?i)expired", words):
        return NotThere(f"{url} is a link that has expired ({said}); ask for a new one.", **known)
    if status == 403 and _is_s3(answer):
        return NotThere(f"{url} is not there, or no longer open to this link ({said}).", **known)
    if status in (401, 403):
        return Refused(f"{url} refuses access ({said}): {_why(status, source, ended)}.", **known)
    if status == 407:
        return ServiceError(f"The proxy refuses {url} ({said}); HTTPS_PROXY takes http://name:password@host:port.", **known)
    if passes(status):
        wait = asked_wait(answer.headers.get("Retry-After"))
        sentence = f"{url} cannot answer now ({said}); try again later: what is done is kept."
        return ServiceError(sentence, passing=True, wait=wait, **known)
    return ServiceError(f"{url} does not do what it was asked ({said}).", **known)


def _is_s3(answer: requests.Response) -> bool:
    """True for an error of S3 or CloudFront, which knows signed links and no accounts."""
    return "xml" in answer.headers.get("Content-Type", "") and b"<Code>" in answer.content[:4096]


def _why(status: int, source: str | None, ended: str | None) -> str:
    if source is None:
        return "it wants credentials, and none were sent; set EARTHDATA_TOKEN, or write the host's login into ~/.netrc"
    if ended is not None:
        return f"the token of {source} ended on {ended}; make a new one"
    if status == 401:
        return f"the credentials of {source} are wrong or have expired; renew them"
    return f"the account of {source} may not have this, or has not accepted its agreement (EULA); log in there once and accept it"


def failure_of(error: Exception, url: str, settings: WebSettings) -> ServiceError:
    """The error for a request that got no answer; requests' own words hold the whole URL, so they are not shown."""
    import requests

    place, causes = shown(url), list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes) or "CERTIFICATE_VERIFY_FAILED" in str(error):
        return ServiceError(
            f"The certificate of {urlsplit(place).netloc} is not trusted; if your network has its own certificates, set "
            "REQUESTS_CA_BUNDLE or SSL_CERT_FILE to their file."
        )
    if isinstance(error, ValueError):  # InvalidURL, InvalidSchema, LocationParseError, UnicodeError and others
        if _is_address(url) and requests.utils.get_environ_proxies(url, no_proxy=None):
            return ServiceError(
                f"{place} cannot be reached through the environment's proxy (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY), which is no "
                "address of the form http://host:port; correct it."
            )
        return ServiceError(f"{place} is no address that can be fetched.")
    if isinstance(error, requests.TooManyRedirects):
        return ServiceError(f"{place} leads from one address to the next without end.")
    reason = _reason(error, causes, settings)
    sentence = f"{place} cannot be reached ({reason}); check the network and run again: what is done is kept."
    return ServiceError(sentence, passing=True, reason=reason)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _reason(error: Exception, causes: list[BaseException], settings: WebSettings) -> str:
    import requests
    from urllib3.exceptions import NameResolutionError, ProxyError

    if isinstance(error, requests.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"no further byte for {settings.timeout:g} s"
    if any(isinstance(cause, NameResolutionError) for cause in causes):
        return "the host's name is not known"
    if any(isinstance(cause, ProxyError) for cause in causes):
        return "the proxy does not let it through"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "the connection was refused"
    return "the connection broke"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and everything it was made from; requests and urllib3 hide the cause in arguments and attributes."""
    todo: list[Any] = [error]
    seen: set[int] = set()
    while todo:
        cause = todo.pop()
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            todo += [*cause.args, cause.__cause__, cause.__context__, getattr(cause, "reason", None)]
