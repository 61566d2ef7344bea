"""What was sent and what was delivered, in the cache, so that a run that was killed at any moment is understood by the next."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from insarcast.core import locked

JOURNAL = "journal.jsonl"  # in the folder of a project


@dataclass(frozen=True)
class Doubt:
    """Jobs that were being sent when the run ended or the answer was lost: the service may have taken them, or not.

    Attributes:
        at: when, in seconds since 1970.
        left: credits that were left before, or None where not known or not limited.
        known: numbers of the jobs that the service had before, which are no answer.
    """

    at: float
    left: float | None
    known: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Delivered:
    """A product that was unpacked for a job.

    Attributes:
        product: its name, and its folder's.
        files: the files that are needed of it, with their sizes in bytes.
    """

    product: str
    files: Mapping[str, int]


@dataclass
class Journal:
    """The journal of a project: lines of JSON, each on the disk before what follows it is done.

    Attributes:
        path: the file.
        doubts: by a job's key.
        sent: numbers of the jobs that were taken, by key.
        recorded: keys of the products that a record of the project held.
        bought: the jobs themselves, ``{"job_type", "job_parameters"}`` by key: those that were taken, and those that were found.
        delivered: by a job's key.
        refused: why what a job delivered is not used, by the job's number and what it was held against.
        states: by the folder of a record, the state that it was last made again for, see :func:`insarcast.acquire.order_state`.
    """

    path: Path
    doubts: dict[str, Doubt] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)
    recorded: set[str] = field(default_factory=set)
    bought: dict[str, dict[str, Any]] = field(default_factory=dict)
    delivered: dict[str, Delivered] = field(default_factory=dict)
    refused: dict[tuple[str, str], str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)

    def sending(self, known: Mapping[str, Collection[str]], left: float | None) -> None:
        """Before jobs are sent: numbers of those that the service has had before, by key, none for most; and the credits left."""
        before = {key: sorted(numbers) for key, numbers in known.items() if numbers}
        self._note({"did": "sending", "keys": list(known), "at": time.time(), "left": left, "known": before})

    def settled(self, keys: Sequence[str], jobs: Mapping[str, str] | None = None) -> None:
        """After it is known which of them the service has: their numbers, by key."""
        self._note({"did": "settled", "keys": list(keys), "jobs": dict(jobs or {})})

    def own(self, jobs: Mapping[str, Mapping[str, Any]]) -> None:
        """Note jobs that are paid, by key; only what is not noted yet."""
        new = {
            key: {name: job[name] for name in ("job_type", "job_parameters")}
            for key, job in jobs.items()
            if key not in self.bought
        }
        if new:
            self._note({"did": "bought", "jobs": new})

    def deliver(self, key: str, delivered: Delivered) -> None:
        """After a product lies unpacked in its place."""
        self._note({"did": "delivered", "key": key, "product": delivered.product, "files": dict(delivered.files)})

    def refuse(self, job_id: str, against: str, reason: str) -> None:
        """After a product was fetched that is not the one that was ordered: it is not fetched again to find the same."""
        self._note({"did": "refused", "job": job_id, "against": against, "reason": reason})

    def refresh(self) -> None:
        """Take in what other runs have noted."""
        self.doubts, self.sent, self.bought, self.delivered, self.refused, self.states = {}, {}, {}, {}, {}, {}
        self.recorded = set()
        for line in self.path.read_bytes().splitlines() if self.path.is_file() else ():
            try:
                self._take(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError):
                continue  # a line that a killed run left unfinished

    def record(self, keys: Collection[str]) -> None:
        """After a record is written: the products that it holds; only what is not noted yet."""
        if new := sorted(set(keys) - self.recorded):
            self._note({"did": "recorded", "keys": new})

    def restored(self, record: str, state: str) -> None:
        """After a record is made again, so that the rule's reason to run stays the same, see :func:`insarcast.acquire.order_state`."""
        if self.states.get(record, "") != state:
            self._note({"did": "restored", "record": record, "state": state})

    def _note(self, entry: dict[str, Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "ab") as file:
            # A line that a killed run left unfinished must not swallow this one.
            start = b"" if file.tell() == 0 or _ends_line(self.path) else b"\n"
            file.write(start + json.dumps(entry).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._take(entry)

    def _take(self, entry: Mapping[str, Any]) -> None:
        match entry["did"]:
            case "sending":
                known = entry["known"]
                self.doubts |= {key: Doubt(entry["at"], entry["left"], frozenset(known.get(key, ()))) for key in entry["keys"]}
            case "settled":
                for key in entry["keys"]:
                    self.doubts.pop(key, None)
                self.sent |= entry["jobs"]
            case "bought":
                self.bought |= entry["jobs"]
            case "delivered":
                self.delivered[entry["key"]] = Delivered(entry["product"], entry["files"])
            case "recorded":
                self.recorded |= set(entry["keys"])
            case "refused":
                self.refused[entry["job"], entry["against"]] = entry["reason"]
            case "restored":
                self.states[entry["record"]] = entry["state"]


def _ends_line(path: Path) -> bool:
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def read_journal(path: Path) -> Journal:
    """Read a journal; one that is not there is empty."""
    journal = Journal(path)
    journal.refresh()
    return journal


def bought(cache: str | Path, project: str) -> list[dict[str, Any]]:
    """Jobs that are paid under a project, ``{"job_type", "job_parameters"}``, as its journal in the cache knows them."""
    return list(read_journal(Path(cache) / "hyp3" / project / JOURNAL).bought.values())


def is_there(folder: Path, noted: Delivered) -> bool:
    """Whether the noted files of a product are still there, with the sizes that they had."""
    place = folder / noted.product
    try:
        return bool(noted.files) and all((place / name).stat().st_size == size for name, size in noted.files.items())
    except OSError:
        return False


def alone(lock: Path, why: str) -> AbstractContextManager[None]:
    """Hold a lock file; wait where another run of this machine's cache holds it.

    Args:
        lock: the file, made where it is not there.
        why: what the other run is doing, for whoever waits.
    """
    return locked(lock, lambda: print(f"another run is {why}; waiting for it", file=sys.stderr, flush=True))
