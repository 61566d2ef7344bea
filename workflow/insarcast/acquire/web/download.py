"""Fetch files over HTTP: checked, resumed, retried, a few at once, and never half a file under its own name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from insarcast.core import InsarcastError

from .access import Auth
from .checks import holds
from .crew import Crew
from .part import note_of, part_of
from .remote import Remote
from .report import Report
from .settings import WebSettings

__all__ = ["Auth", "Remote", "Report", "fetch_all"]


def fetch_all(
    files: Mapping[str, Remote],
    folder: Path,
    settings: WebSettings | None = None,
    *,
    auth: Auth | None = None,
    on_missing: Literal["stop", "list"] = "stop",
    what: str = "config/originals",
) -> Report:
    """Fetch what a folder does not hold yet.

    A file is written to ``<name>.part`` beside its place, checked, and renamed. One that is there under its own name (with the
    right size and checksum, where they are known) is not asked for again; a part is continued, if the server still has the same
    file. Two processes may do this at once: one fetches a file, the other finds it. A file that fails does not stop the others.

    Args:
        files: name below the folder -> remote file.
        folder: where they go.
        settings: limits, time-outs and retries.
        auth: credentials, and the hosts that they are for.
        on_missing: what to do about a file that is not there, is not open to its link any more, or is broken on the server itself:
            stop, or list it in the report.
        what: who names the files, for sentences and progress.

    Returns:
        What was fetched, what was there, and what was left out.

    Raises:
        InsarcastError: the first file that could not be fetched, with its URL and the reason; or no space on the disk.
    """
    for name in files:
        if not name or Path(name).is_absolute() or ".." in Path(name).parts:
            raise InsarcastError(f"{what} names the file '{name}', which would lie outside {folder}; correct it.")
    report = Report()
    missing: dict[str, Remote] = {}
    for name, remote in sorted(files.items()):
        if holds(folder / name, remote):
            report.held.append(name)
            _tidy(folder / name)
        else:
            missing[name] = remote
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        Crew(missing, folder, settings or WebSettings(), auth, on_missing == "list", what, report).run()
    return report


def _tidy(path: Path) -> None:
    """Remove what a run that was killed right after a rename left."""
    for place in (part_of(path), note_of(path)):
        place.unlink(missing_ok=True)
