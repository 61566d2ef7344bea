"""One attempt at one file: ask for what is missing, write it to the part, check the whole, rename."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from threading import Event
from typing import TYPE_CHECKING

from .answers import failure_of, problem_of
from .checks import Spoilt, check_start, check_whole
from .errors import ServiceError
from .part import Halted, Note, Part
from .progress import Progress
from .remote import Remote
from .secrets import shown
from .space import Space
from .versions import continued, expected_size, is_checked, note_of_answer, total_size, usable

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
    note, endless = usable(part, remote), False
    if not (part.size and part.size == expected_size(remote, note)):  # else only the check and the rename are missing
        endless = _receive(session, name, remote, part, note, around)
    if endless and not is_checked(remote):
        _confirm_end(session, remote, part)
    try:
        check_whole(part.path, remote)
    except Spoilt:
        if endless:
            _confirm_end(session, remote, part)
        part.restart()
        raise
    part.finish()


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
            _at_the_end(answer, part, note)
            return False
        if answer.status_code not in (200, 206):
            raise problem_of(answer, *session.whose(answer))
        if answer.status_code == 200:
            have, start = 0, 0
        elif (place := continued(answer, have, note)) is None:
            part.restart()
            raise ServiceError("", passing=True, reason="the server continued another file, or from a later place")
        else:
            start = place
        total = total_size(answer)
        around.progress.at(name, have, total)
        blocks = _blocks(session, answer, remote, have - start)
        first = _first(answer, blocks, name, remote, total, fresh=not have)
        if total is not None:
            around.space.ask(name, total - have)
        if not have:
            part.restart(note_of_answer(answer, remote.url, total))
        _write(part, name, first, blocks, around)
    end = remote.size if total is None else total
    if end is not None and part.size < end:
        raise ServiceError("", passing=True, reason=_TOO_EARLY)
    return end is None and "chunked" not in answer.headers.get("Transfer-Encoding", "").lower()


def _at_the_end(answer: requests.Response, part: Part, note: Note | None) -> None:
    """The server has nothing after the part: it is whole, or of a longer file that is no more."""
    total = total_size(answer)
    if total != part.size or (note is not None and note.size not in (None, total)):
        part.restart()
        raise ServiceError("", passing=True, reason="the part of an earlier attempt is longer than the file")


def _first(
    answer: requests.Response, blocks: Iterator[bytes], name: str, remote: Remote, total: int | None, fresh: bool
) -> bytes:
    """The first block, judged before an earlier part is given up for it."""
    wrong = Spoilt(f"the server says that it has {total} bytes instead of {remote.size}", f"size {total}")
    other = total is not None and remote.size not in (None, total)
    if other and total is not None and total > _BLOCK:
        raise wrong  # unread; what is smaller may be a page that says more than its size
    first = next(blocks, b"")
    if fresh:
        check_start(answer, first, remote, name)
    if other:
        raise wrong
    return first


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
            raise problem_of(answer, *session.whose(answer))
        total = total_size(answer)
    if total not in (None, part.size):
        raise ServiceError("", passing=True, reason=_TOO_EARLY)


def _write(part: Part, name: str, first: bytes, blocks: Iterator[bytes], around: Surroundings) -> None:
    block: bytes | None = first
    while block:
        if around.halt.is_set():
            raise Halted
        around.space.came(name, len(block))
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
