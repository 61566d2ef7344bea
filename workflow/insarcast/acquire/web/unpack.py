"""Unpack a zip: beside and renamed, and nothing outside its folder."""

from __future__ import annotations

from pathlib import Path

from .settings import WebSettings


def unpack(archive: Path, into: Path, *, settings: WebSettings) -> Path:
    """Unpack; the product folder."""
    raise NotImplementedError
