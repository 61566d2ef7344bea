"""Tokens and passwords: from the environment or netrc, to the hosts they are for, and into no text that anyone reads."""

from __future__ import annotations

import base64
import json
import netrc
import os
import re
import stat
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote, urlsplit

from insarcast.core import InsarcastError

STARS = "***"
TOKEN = "EARTHDATA_TOKEN"

_hidden: set[str] = set()  # every secret of this process and the forms in which it travels
_SHORTEST = 4  # a shorter secret would take letters out of ordinary words

_TRACES = (
    (re.compile(r"(?<=//)[^/\s@]+@"), f"{STARS}@"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"), rf"\1 {STARS}"),
    (
        re.compile(
            r"(?i)((?:x-amz-[\w-]+|x-goog-[\w-]+|\w*token|signature|sig|policy|key-pair-id|awsaccesskeyid|password|api_?key|code|state)=)[^&\s\"'<>]+"
        ),
        rf"\1{STARS}",
    ),
)


class Secret:
    """A token or a password that shows itself only where it is asked to."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        _remember(value)

    def reveal(self) -> str:
        """The value, for a request's header and nothing else."""
        return self._value

    def __repr__(self) -> str:
        return STARS

    __str__ = __repr__

    def __format__(self, form: str) -> str:
        return STARS

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


@dataclass(frozen=True)
class Credentials:
    """Who asks: a token, or a name and a password that a token is got for.

    Attributes:
        login: address of the login service, e.g. https://urs.earthdata.nasa.gov.
        token: bearer token.
        user: name of the account, where there is no token.
        password: its password.
        source: where they were found, for sentences.
    """

    login: str
    token: Secret | None = None
    user: str | None = None
    password: Secret | None = None
    source: str = "the environment"

    def basic(self) -> str:
        """Value of an Authorization header with name and password."""
        assert self.user is not None
        assert self.password is not None
        pair = base64.b64encode(f"{self.user}:{self.password.reveal()}".encode()).decode()
        _remember(pair)
        return f"Basic {pair}"


def earthdata_credentials(login_url: str) -> Credentials:
    """Find credentials: the environment's EARTHDATA_TOKEN, else the login host's entry in netrc (NETRC, or ~/.netrc).

    Raises:
        InsarcastError: there are none, or what is there cannot be read.
    """
    if token := os.environ.get(TOKEN, "").strip():
        token = re.sub(r"(?i)^bearer\s+", "", token)
        if not re.fullmatch(r"[\x21-\x7e]+", token):
            raise InsarcastError(f"The environment's {TOKEN} holds characters that no token has; copy it again, in one line.")
        return Credentials(login_url, token=Secret(token), source=f"the environment's {TOKEN}")
    host = urlsplit(login_url).hostname or login_url
    path = Path(os.environ.get("NETRC") or "~/.netrc").expanduser()
    entry = _entry(path, host)
    if entry is None:
        where = f"{path} has no entry for {host}" if path.is_file() else f"there is no {path}"
        raise InsarcastError(
            f"No Earthdata credentials were found: {TOKEN} is not set and {where}; make a token at {login_url}/user_tokens "
            f"and set {TOKEN}, or write 'machine {host} login <name> password <password>' into {path}."
        )
    return Credentials(login_url, user=entry[0], password=Secret(entry[1]), source=str(path))


def hide(text: str) -> str:
    """Take signatures, tokens, names with passwords in URLs, and every secret of this process out of a text."""
    for secret in sorted(_hidden, key=len, reverse=True):
        text = text.replace(secret, STARS)
    for pattern, instead in _TRACES:
        text = pattern.sub(instead, text)
    return text


def expired_on(token: Secret) -> str | None:
    """The date (yyyy-mm-dd, UTC) on which a token says that it ended; None if it has not, or does not say.

    Earthdata's tokens are JSON web tokens (RFC 7519), whose middle part holds ``exp``, seconds since 1970.
    """
    try:
        middle = token.reveal().split(".")[1]
        ends = float(json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))["exp"])
    except (ValueError, KeyError, IndexError, TypeError):
        return None
    return time.strftime("%Y-%m-%d", time.gmtime(ends)) if ends < time.time() else None


def shown(url: str) -> str:
    """A URL as a person may see it: without query, fragment, name and password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return hide(url)
    return hide(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl())


def _remember(value: str) -> None:
    _hidden.update(form for form in (value, quote(value, safe="")) if len(form) >= _SHORTEST)


def _entry(path: Path, host: str) -> tuple[str, str] | None:
    """Name and password of a host in a netrc file, None where there is no entry."""
    if not path.is_file():
        return None
    try:
        found = netrc.netrc(str(path)).authenticators(host)
    except netrc.NetrcParseError as error:  # its own words may hold a password
        raise InsarcastError(f"{path} cannot be read as netrc (line {error.lineno}); correct it.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InsarcastError(f"{path} cannot be read ({type(error).__name__}); correct it, or set {TOKEN}.") from None
    if found is None or not found[2]:
        return None
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        print(f"{path} holds a password and others can read it: chmod 600 {path}", file=sys.stderr, flush=True)
    return found[0], found[2]
