"""Which version of a file: may a part be continued, does an answer continue it, how long is the whole."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from .part import Note, Part
from .remote import Remote
from .secrets import shown

if TYPE_CHECKING:
    import requests


def usable(part: Part, remote: Remote) -> Note | None:
    """The note of a part that may be continued; a part that may not is emptied.

    It may if the server can be told which file we mean (If-Range), or if a checksum will tell afterwards: never may the end of a
    new file be joined to the beginning of an old one.
    """
    note = part.note
    fits = note is not None and note.url == shown(remote.url) and remote.size in (None, note.size or remote.size)
    size = expected_size(remote, note)
    if part.size and (
        not (will_tell(remote) or (fits and note is not None and note.validator)) or (size is not None and part.size > size)
    ):
        part.restart()
    return note if fits and part.size else None


def will_tell(remote: Remote) -> bool:
    """True if a file made of two would be found out."""
    return remote.sha256 is not None or remote.md5 is not None or remote.kind == "zip"


def is_checked(remote: Remote) -> bool:
    """True if a file without its end would be found out."""
    return will_tell(remote) or remote.size is not None or remote.kind == "tiff"


def expected_size(remote: Remote, note: Note | None) -> int | None:
    """Bytes of the whole file, as far as they are known before asking."""
    return remote.size if remote.size is not None else note.size if note else None


def continued(answer: requests.Response, have: int, note: Note | None) -> int | None:
    """Where a partial answer begins; None if that leaves a gap, or if it is of another file: some servers know no If-Range."""
    place = re.match(r"bytes (\d+)-(\d+)/(\d+|\*)$", answer.headers.get("Content-Range", ""))
    if place is None or int(place[1]) > have:
        return None
    now = note_of_answer(answer, "", None if place[3] == "*" else int(place[3]))
    told = ((note.etag, now.etag), (note.modified, now.modified), (note.size, now.size)) if note else ()
    same = all(before is None or after is None or before == after for before, after in told)
    return int(place[1]) if same else None


def total_size(answer: requests.Response) -> int | None:
    """Bytes of the whole file, as far as the answer says."""
    if answer.status_code in (206, 416):
        total = answer.headers.get("Content-Range", "").rpartition("/")[2]
        return int(total) if total.isdecimal() else None
    length = answer.headers.get("Content-Length", "")
    plain = answer.headers.get("Content-Encoding", "identity").lower() == "identity"
    return int(length) if length.isdecimal() and plain else None


def note_of_answer(answer: requests.Response, url: str, total: int | None) -> Note:
    """What an answer says of the version that it is of."""
    etag = answer.headers.get("ETag")
    return Note(
        url=shown(url),
        etag=etag if etag and etag.startswith('"') else None,  # a weak tag allows other bytes
        modified=_strong_date(answer),
        size=total,
    )


def _strong_date(answer: requests.Response) -> str | None:
    """Last-Modified where it names one version only: at least a second before Date (RFC 9110, 8.8.2.2)."""
    modified = answer.headers.get("Last-Modified")
    try:
        age = parsedate_to_datetime(answer.headers["Date"]) - parsedate_to_datetime(modified or "")
    except (KeyError, ValueError, TypeError):
        return None
    return modified if age.total_seconds() >= 1 else None
