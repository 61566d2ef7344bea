"""Words of a server in our sentences: of one line, of letters that a terminal only shows, and without secrets."""

from __future__ import annotations

from ...web.secrets import hide


def plain(text: str, longest: int = 120) -> str:
    """What a person may see of a text that came from outside: so many letters of it."""
    letters = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
    return hide(letters)[:longest]
