"""A file elsewhere, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["any", "zip", "tiff", "text"]


@dataclass(frozen=True)
class Remote:
    """A file elsewhere.

    Attributes:
        url: where it is.
        sha256: SHA-256 that its bytes must have, hexadecimal.
        md5: the same for MD5.
        size: how many bytes it must have.
        kind: what it must be: a zip whose members pass their CRC, a TIFF whose blocks can all be read, text, or any file. None of
            them may be a page of HTML where the name does not end so.
    """

    url: str
    sha256: str | None = None
    md5: str | None = None
    size: int | None = None
    kind: Kind = "any"
