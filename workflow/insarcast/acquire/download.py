"""Fetch files over HTTP: checked, resumed, retried, a few at once, and never half a file under its own name."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from insarcast.core import InsarcastError, file_sha256

if TYPE_CHECKING:
    import httpx
    from tenacity import RetryCallState

AT_ONCE = 4
ATTEMPTS = 5
BACK_OFF = 1.0  # seconds before the first retry; doubled for each further one
LONGEST_WAIT = 60.0
_TIMEOUT = 30.0


@dataclass(frozen=True)
class Remote:
    """A file elsewhere: its URL and the SHA-256 that its bytes must have."""

    url: str
    sha256: str


class _Again(Exception):
    """A failure that may pass: the server is busy, the connection broke, the part on disk was no good."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


def fetch_all(files: Mapping[str, Remote], folder: Path) -> None:
    """Fetch what a folder does not hold yet.

    Args:
        files: name below the folder -> remote file.
        folder: where they go. A file is written as ``.part`` beside its place, checked, and renamed; one that has the right
            checksum already is not fetched again, and a ``.part`` of an earlier run is resumed.

    Raises:
        InsarcastError: the first file that could not be fetched, with its URL and the reason.
    """
    missing = {name: remote for name, remote in files.items() if not _holds(folder / name, remote)}
    if not missing:
        return
    import httpx

    done, halt = len(files) - len(missing), Event()
    with httpx.Client(follow_redirects=True, timeout=_TIMEOUT) as client, ThreadPoolExecutor(AT_ONCE) as pool:
        running = {pool.submit(_fetch, client, remote, folder / name, halt): name for name, remote in missing.items()}
        for future in as_completed(running):
            if error := future.exception():
                halt.set()  # the others stop at their next attempt
                pool.shutdown(cancel_futures=True)
                raise error
            done += 1
            print(f"fetched {done} of {len(files)}: {running[future]}", file=sys.stderr, flush=True)


def _holds(path: Path, remote: Remote) -> bool:
    return path.is_file() and file_sha256(path) == remote.sha256


def _fetch(client: httpx.Client, remote: Remote, path: Path, halt: Event) -> None:
    """Fetch one file with retries, unless another file's failure has ended it all."""
    import tenacity

    if halt.is_set():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(ATTEMPTS) | tenacity.stop_when_event_set(halt),
        wait=_pause,
        sleep=tenacity.sleep_using_event(halt),
        retry=tenacity.retry_if_exception_type(_Again),
        reraise=True,
    )
    try:
        retrying(_attempt, client, remote, path)
    except _Again as error:
        raise InsarcastError(
            f"{remote.url} could not be fetched in {ATTEMPTS} attempts ({error}); check the network, "
            "or use a data root that holds the folder."
        ) from None


def _pause(state: RetryCallState) -> float:
    """Seconds before the next attempt: doubled each time, or what the server asked for."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, _Again) else 0.0
    return min(LONGEST_WAIT, max(asked, BACK_OFF * 2.0 ** (state.attempt_number - 1)))


def _attempt(client: httpx.Client, remote: Remote, path: Path) -> None:
    """One attempt: continue the part that is there, check, rename."""
    part = path.with_name(path.name + ".part")
    whole = _receive(client, remote, part)
    found = file_sha256(part)
    if found == remote.sha256:
        os.replace(part, path)
        return
    part.unlink()
    if not whole:
        raise _Again("the part of an earlier attempt did not fit what followed")
    raise InsarcastError(
        f"{remote.url} has the checksum {found}, but config/originals says {remote.sha256}: the public file has changed; "
        "look at it, then correct the table, or use a data root that holds the folder."
    )


def _receive(client: httpx.Client, remote: Remote, part: Path) -> bool:
    """Append the missing bytes to ``part``; True when the whole file came in this one answer."""
    import httpx

    have = part.stat().st_size if part.exists() else 0
    # Bytes as they are on the server: a compressed answer could be neither resumed nor compared by length.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with client.stream("GET", remote.url, headers=headers) as answer:
            if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                return False  # nothing is missing, or the part is too long: the checksum will say
            _judge(answer, remote)
            resumed = answer.status_code == httpx.codes.PARTIAL_CONTENT and _starts_at(answer, have)
            if have and answer.status_code == httpx.codes.PARTIAL_CONTENT and not resumed:
                part.unlink()
                raise _Again("the server continued from another place")
            with open(part, "ab" if resumed else "wb") as file:
                for block in answer.iter_raw():  # as it comes: what a broken connection brought is kept
                    file.write(block)
            return not resumed
    except httpx.TransportError as error:
        raise _Again(f"{type(error).__name__}: {error}") from None
    except (httpx.InvalidURL, httpx.TooManyRedirects) as error:
        raise InsarcastError(
            f"{remote.url} is no address that can be fetched ({error}); correct it in config/originals."
        ) from None


def _starts_at(answer: httpx.Response, have: int) -> bool:
    return str(answer.headers.get("Content-Range", "")).startswith(f"bytes {have}-")


def _judge(answer: httpx.Response, remote: Remote) -> None:
    """Raise for a status that is no success: what may pass is tried again."""
    status = answer.status_code
    if status in (408, 425, 429) or status >= 500:
        asked = answer.headers.get("Retry-After", "")
        raise _Again(f"the server answered {status}", float(asked) if asked.isdigit() else 0.0)
    if status not in (200, 206):
        raise InsarcastError(
            f"{remote.url} is not there (the server answered {status}); correct it in config/originals, "
            "or use a data root that holds the folder."
        )
