"""One attempt at one file: ask for what is missing, write it to the part, check the whole, rename."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from threading import Event
from typing import TYPE_CHECKING

from .answers import failure_of, problem_of
from .checks import Spoilt, check_start, check_whole
from .errors import ServiceError
from .login import expired_on
from .part import Halted, Note, Part
from .progress import Progress
from .remote import Remote
from .secrets import shown
from .space import Space

if TYPE_CHECKING:
    import requests

    from .client import WebSession

_BLOCK = 1 << 20
_TOO_EARLY = "the connection ended too early"


@dataclass
class Surroundings:
    """What the files of one call share."""

    space: Space
    progress: Progress
    halt: Event


def attempt(session: WebSession, name: str, remote: Remote, part: Part, around: Surroundings) -> None:
    """Bring the part to its end, and the file under its own name.

    Raises:
        ServiceError: no; ``passing`` says whether to try again.
        Spoilt: the bytes that came are no good; the part is empty again.
        NoSpace: the disk is too small.
        Halted: everything is to stop.
    """
    note, endless = _usable(part, remote), False
    if not (part.size and part.size == _expected(remote, note)):  # else only the check and the rename are missing
        endless = _receive(session, name, remote, part, note, around)
    if endless and not _is_checked(remote):
        _confirm_end(session, remote, part)
    try:
        check_whole(part.path, remote)
    except Spoilt:
        if endless:
            _confirm_end(session, remote, part)
        part.restart()
        raise
    part.finish()
    around.space.ask(name, 0)


def _usable(part: Part, remote: Remote) -> Note | None:
    """The note of a part that may be continued; a part that may not is emptied.

    It may if the server can be told which file we mean (If-Range), or if a checksum will tell afterwards: never may the end of a
    new file be joined to the beginning of an old one.
    """
    note = part.note
    fits = note is not None and note.url == shown(remote.url) and remote.size in (None, note.size or remote.size)
    size = _expected(remote, note)
    if part.size and (
        not (_will_tell(remote) or (fits and note is not None and note.validator)) or (size is not None and part.size > size)
    ):
        part.restart()
    return note if fits and part.size else None


def _will_tell(remote: Remote) -> bool:
    """True if a file made of two would be found out."""
    return remote.sha256 is not None or remote.md5 is not None or remote.kind == "zip"


def _is_checked(remote: Remote) -> bool:
    """True if a file without its end would be found out."""
    return _will_tell(remote) or remote.size is not None or remote.kind == "tiff"


def _expected(remote: Remote, note: Note | None) -> int | None:
    return remote.size if remote.size is not None else note.size if note else None


def _receive(session: WebSession, name: str, remote: Remote, part: Part, note: Note | None, around: Surroundings) -> bool:
    """Ask for what is missing and write it; True if nothing but the end of the connection says that it ended."""
    have = part.size
    # Bytes as they are on the server: a compressed answer could be neither resumed nor compared by length.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if note and note.validator:
            headers["If-Range"] = note.validator
    with session.get(remote.url, headers=headers, stream=True) as answer:
        if answer.status_code == 416 and have:
            if _total(answer, have) == have:
                return False  # all there is: the check will say
            part.restart()
            raise ServiceError("", passing=True, reason="the part of an earlier attempt is longer than the file")
        if answer.status_code not in (200, 206):
            raise _problem(session, answer)
        start = _continued(answer, have, note) if answer.status_code == 206 else 0
        if start is None:
            part.restart()
            raise ServiceError("", passing=True, reason="the server continued another file, or from a later place")
        total, resumed = _total(answer, have), answer.status_code == 206
        around.progress.at(name, have if resumed else 0, total)
        wrong = Spoilt(f"the server says that it has {total} bytes instead of {remote.size}", f"size {total}")
        other = remote.size is not None and total not in (None, remote.size)
        if other and total is not None and total > _BLOCK:
            raise wrong  # unread; what is smaller may be a page that says more than its size
        blocks = _blocks(session, answer, remote, have - start if resumed else 0)
        first = next(blocks, b"")
        if not resumed:
            check_start(answer, first, remote, name)
        if other:
            raise wrong
        if total is not None:
            around.space.ask(name, total - (have if resumed else 0))
        if not resumed:
            part.restart(_note(answer, remote, total))
        _write(part, name, first, blocks, around)
    expected = remote.size if total is None else total
    if expected is not None and part.size < expected:
        raise ServiceError("", passing=True, reason=_TOO_EARLY)
    return expected is None and "chunked" not in answer.headers.get("Transfer-Encoding", "").lower()


def _confirm_end(session: WebSession, remote: Remote, part: Part) -> None:
    """Ask for a byte more, where a server told no length: a connection that was cut looks like one that ended.

    Raises:
        ServiceError: there is more, or no telling now; the next attempt continues.
    """
    note = part.note
    if note is None or not note.validator:
        return
    headers = {"Accept-Encoding": "identity", "Range": f"bytes={part.size}-", "If-Range": note.validator}
    with session.get(remote.url, headers=headers, stream=True) as answer:
        if answer.status_code not in (200, 206, 416):
            raise _problem(session, answer)
        total = _total(answer, part.size)
    if total not in (None, part.size):
        raise ServiceError("", passing=True, reason=_TOO_EARLY)


def _write(part: Part, name: str, first: bytes, blocks: Iterator[bytes], around: Surroundings) -> None:
    block: bytes | None = first
    while block:
        if around.halt.is_set():
            raise Halted
        part.write(block)
        around.progress.add(name, len(block))
        block = next(blocks, None)


def _blocks(session: WebSession, answer: requests.Response, remote: Remote, skip: int) -> Iterator[bytes]:
    """The body as it comes, less what we have already: what a broken connection brought is kept."""
    from urllib3.exceptions import HTTPError

    coded = answer.headers.get("Content-Encoding", "identity").lower() != "identity" and not shown(remote.url).endswith("gz")
    while True:
        try:
            block: bytes = answer.raw.read1(_BLOCK, decode_content=coded)
        except (HTTPError, HTTPException, OSError) as error:
            raise failure_of(error, remote.url, session.settings) from None
        if not block:
            return
        if len(block) > skip:
            yield block[skip:]
        skip = max(0, skip - len(block))


def _problem(session: WebSession, answer: requests.Response) -> ServiceError:
    source = ended = None
    if session.access and "Authorization" in answer.request.headers:
        source, token = session.access.credentials.source, session.access.credentials.token
        ended = expired_on(token) if token else None
    return problem_of(answer, source=source, ended=ended)


def _continued(answer: requests.Response, have: int, note: Note | None) -> int | None:
    """Where a partial answer begins; None if that leaves a gap, or if it is of another file: some servers know no If-Range."""
    place = re.match(r"bytes (\d+)-(\d+)/(\d+|\*)$", answer.headers.get("Content-Range", ""))
    if place is None or int(place[1]) > have:
        return None
    now = _note(answer, None, None if place[3] == "*" else int(place[3]))
    told = ((note.etag, now.etag), (note.modified, now.modified), (note.size, now.size)) if note else ()
    same = all(before is None or after is None or before == after for before, after in told)
    return int(place[1]) if same else None


def _total(answer: requests.Response, have: int) -> int | None:
    """Bytes of the whole file, as far as the answer says."""
    if answer.status_code in (206, 416):
        total = answer.headers.get("Content-Range", "").rpartition("/")[2]
        return int(total) if total.isdecimal() else None
    length = answer.headers.get("Content-Length", "")
    plain = answer.headers.get("Content-Encoding", "identity").lower() == "identity"
    return int(length) if length.isdecimal() and plain else None


def _note(answer: requests.Response, remote: Remote | None, total: int | None) -> Note:
    etag = answer.headers.get("ETag")
    return Note(
        url=shown(remote.url) if remote else "",
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
