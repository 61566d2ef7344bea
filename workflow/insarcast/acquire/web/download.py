"""Fetch files over HTTP: checked, resumed, retried, a few at once, and never half a file under its own name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from .access import Auth
from .remote import Remote
from .settings import WebSettings


@dataclass
class Report:
    """What was done.

    Attributes:
        fetched: names that came in this run.
        held: names that were there already.
        skipped: name -> why it cannot be had.
        received: bytes that came in this run.
    """

    fetched: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    received: int = 0


def fetch_all(
    files: Mapping[str, Remote],
    folder: Path,
    settings: WebSettings | None = None,
    *,
    auth: Auth | None = None,
    on_missing: Literal["stop", "list"] = "stop",
    what: str = "config/originals",
) -> Report:
    """Fetch what a folder does not hold yet."""
    from .workers import Workers

    return Workers(files, folder, settings or WebSettings(), auth, on_missing, what).run()
