"""The threads that fetch the files of one call: attempt after attempt, pauses that the server asks for, when to give up."""

from __future__ import annotations

import errno
import time
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING

from .access import Auth
from .attempt import Surroundings, attempt
from .checks import Spoilt, holds
from .errors import Broken, NotThere, Refused, ServiceError
from .login import token_of
from .part import Halted, claimed, part_of
from .pauses import Pauses
from .progress import Progress
from .remote import Remote
from .report import Report
from .retry import pause
from .secrets import Secret, hide, shown
from .settings import WebSettings
from .space import Space, full

if TYPE_CHECKING:
    from collections.abc import Callable

    from .client import WebSession

_LAST_WORDS = 3.0  # seconds that the other downloads get to stop


class Crew:
    """The files of one call, and the threads that fetch them."""

    def __init__(
        self,
        files: dict[str, Remote],
        folder: Path,
        settings: WebSettings,
        auth: Auth | None,
        listing: bool,
        what: str,
        report: Report,
    ) -> None:
        self._files, self._folder, self._settings, self._auth = files, folder, settings, auth
        self._listing, self._what, self._report = listing, what, report
        self._token: Callable[[], Secret] | None = token_of(auth, settings)
        sizes = {name: remote.size for name, remote in files.items()}
        self._around = Surroundings(
            Space(folder, settings.spare_gb), Progress(what, sizes, len(report.held), settings.teller), Event()
        )
        self._todo: Queue[str] = Queue()
        self._ended: Queue[tuple[str, Exception | None]] = Queue()
        self._pauses = Pauses(settings.longest_wait, self._around.halt)

    def run(self) -> None:
        halt, progress = self._around.halt, self._around.progress
        self._around.space.check(sum(self._missing_bytes(name) for name in self._files))
        for name in self._files:
            self._todo.put(name)
        # Daemons, so that a person's Ctrl-C does not wait for a silent server; what they wrote is a part that can be continued.
        threads = [Thread(target=self._work, daemon=True) for _ in range(min(self._settings.at_once, len(self._files)))]
        for thread in threads:
            thread.start()
        try:
            self._watch()
        finally:
            halt.set()
            ends = time.monotonic() + _LAST_WORDS
            for thread in threads:
                thread.join(max(0.0, ends - time.monotonic()))
            self._report.received = progress.received
            progress.end()

    def _watch(self) -> None:
        """Until every file has ended: count, list or raise."""
        failures: list[Exception] = []
        in_a_row = 0
        for _ in self._files:
            name, error = self._next()
            if error is None:
                self._report.fetched.append(name)
                in_a_row = 0
            elif self._listing and isinstance(error, NotThere | Broken):
                self._report.skipped[name] = str(error)
                in_a_row = 0
            else:
                failures.append(error)
                in_a_row += 1
                # One broken file is no reason to leave the others; a server that is down is.
                if _ends_it_all(error) or in_a_row >= max(2, self._settings.at_once):
                    break
            self._around.progress.done(name, skipped=error is not None)
        self._report.fetched.sort()
        self._report.skipped = dict(sorted(self._report.skipped.items()))
        if failures:
            raise failures[0]

    def _next(self) -> tuple[str, Exception | None]:
        while True:
            self._around.progress.tick()
            try:
                return self._ended.get(timeout=0.2)
            except Empty:
                continue

    def _work(self) -> None:
        """One thread: file after file, over one session."""
        try:
            from .client import WebSession

            with WebSession(self._settings, self._auth, self._token) as session:
                while not self._around.halt.is_set():
                    try:
                        name = self._todo.get_nowait()
                    except Empty:
                        return
                    error = self._outcome(session, name)
                    self._ended.put((name, error))
                    if _ends_it_all(error):
                        self._around.halt.set()  # at once; the watcher finds the reason before what it does to the others
        except Exception as error:  # no session at all: certificates or proxy of the environment
            self._ended.put(("", error))

    def _outcome(self, session: WebSession, name: str) -> Exception | None:
        try:
            self._fetch(session, name, self._files[name], self._folder / name)
        except OSError as error:
            return full(self._folder) if error.errno in (errno.ENOSPC, errno.EDQUOT) else error
        except Exception as error:
            return error
        finally:
            self._around.space.forget(name)
        return None

    def _fetch(self, session: WebSession, name: str, remote: Remote, path: Path) -> None:
        """One file, attempt after attempt."""
        halt, progress = self._around.halt, self._around.progress
        with claimed(path, halt, lambda: progress.elsewhere(name, True)) as part:
            progress.elsewhere(name, False)
            if holds(path, remote):
                return  # another process was faster
            failed, best, mark, since = 0, part.size, "", time.monotonic()
            while True:
                self._pauses.wait_for(remote.url)
                try:
                    attempt(session, name, remote, part, self._around)
                    return
                except Spoilt as error:
                    if error.mark == mark:
                        raise Broken(
                            f"{shown(remote.url)} is no good: {error}, and the same came twice; the file there has changed or is "
                            f"broken: look at it, and at {self._what}."
                        ) from None
                    mark, reason, wait, failed = error.mark, str(error), 0.0, failed + 1
                except ServiceError as error:
                    if not error.passing:
                        if error.status in (404, 410):
                            part.restart()
                        raise
                    reason, wait = error.reason, error.wait
                    if part.size > best:
                        failed, since = 0, time.monotonic()
                    else:
                        failed += 1
                    self._pauses.close(remote.url, wait)
                best = max(best, part.size)
                if failed >= self._settings.attempts:
                    raise ServiceError(
                        f"{shown(remote.url)} could not be fetched in {failed} attempts ({hide(reason)}); check the network and run "
                        "again: what has come is kept.",
                        passing=True,
                        reason=reason,
                    )
                wait = pause(max(1, failed), wait, self._settings)
                self._settings.teller.wait(remote.url, reason, wait, since)
                if halt.wait(wait):
                    raise Halted

    def _missing_bytes(self, name: str) -> int:
        """Bytes still to come of a file whose size is known; of the others the server will tell."""
        size, part = self._files[name].size, part_of(self._folder / name)
        return max(0, size - (part.stat().st_size if part.exists() else 0)) if size else 0


def _ends_it_all(error: Exception | None) -> bool:
    """True for what every other file would meet too: no access, no space, a fault of ours or of the disk."""
    return error is not None and (isinstance(error, Refused) or not isinstance(error, ServiceError))
