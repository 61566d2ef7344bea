"""Which host gets credentials: those that the caller named, and no other, wherever a redirect leads."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from .secrets import Credentials

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Auth:
    """Credentials and the hosts that may see them.

    Attributes:
        credentials: a token, or a name and a password.
        hosts: ``host`` (on the scheme's own port), ``host:port``, or ``.domain`` for every host below a domain.
    """

    credentials: Credentials
    hosts: Sequence[str]

    def covers(self, url: str) -> bool:
        """True if a request to this URL may carry the credentials: a named host, over https or within this machine."""
        parts = urlsplit(url)
        return self.names(url) and (parts.scheme == "https" or _loopback(parts.hostname or ""))

    def names(self, url: str) -> bool:
        """True if the caller named the URL's host, however it is reached."""
        parts = urlsplit(url)
        return any(_matches(host.lower(), parts) for host in self.hosts)


def _matches(host: str, parts: SplitResult) -> bool:
    name, port = (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)
    if host.startswith("."):
        return name.endswith(host) and port == _PORTS.get(parts.scheme)
    wanted = urlsplit(f"//{host}")
    return name == wanted.hostname and port == (wanted.port or _PORTS.get(parts.scheme))


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
