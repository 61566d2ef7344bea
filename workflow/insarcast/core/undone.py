"""Jobs that failed, told from one run of the workflow to the next.

Snakemake (9.27) removes what a failed job wrote, yet notes the job's parameters as if it had succeeded. Where results of an earlier run
lie behind it, the next run finds nothing to do, and they stand for settings that they were not made with. So the number of a job's
failures is one of its parameters: it has changed when the workflow is planned again, and the job runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

_PLACE = Path(".snakemake/insarcast.undone")  # beside Snakemake's own notes, and gone with them
_MARK = "+"


def failures() -> dict[str, int]:
    """How often jobs have failed, by their name here; to be read once a run, for what a run notes is for the next."""
    found = {}
    with suppress(OSError):
        for path in _PLACE.iterdir():
            with suppress(OSError, ValueError):
                found[path.name] = int(path.read_text())
    return found


def job_name(rule: str, wildcards: Mapping[str, str]) -> str:
    """The name of a job in :func:`failures`."""
    return ",".join((rule, *(quote(wildcards[key], safe="") for key in sorted(wildcards))))


def with_failures(text: str, number: int) -> str:
    """A parameter that changes with the number of failures."""
    return f"{text}{_MARK}{number}" if number else text


def note_failure(name: str, code: str) -> None:
    """Note that a job has failed.

    Args:
        name: its name.
        code: its parameter as it was planned, from :func:`with_failures`.
    """
    _write(name, _planned(code) + 1)


@contextmanager
def counted(name: str, code: str) -> Iterator[None]:
    """Run a job: what goes wrong is noted as a failure; a success, perhaps not at its first attempt, is what was planned."""
    try:
        yield
    except BaseException:
        note_failure(name, code)
        raise
    if (_PLACE / name).exists():
        _write(name, _planned(code))


def _planned(code: str) -> int:
    return int(code.partition(_MARK)[2] or 0)


def _write(name: str, number: int) -> None:
    with suppress(OSError):  # a full disk has a sentence of its own
        _PLACE.mkdir(parents=True, exist_ok=True)
        (_PLACE / name).write_text(str(number))
