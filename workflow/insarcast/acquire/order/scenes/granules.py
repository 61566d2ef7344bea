"""What the names of a paid job's granules tell: dates, bursts, polarization, pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..service.jobs import granules_of
from .names import BURST, SCENE, time_of


@dataclass(frozen=True)
class Side:
    """One date of a job that is paid.

    Attributes:
        time: when its first granule begins.
        bursts: its bursts without their track, empty for a scene.
        polarization: VV or HH.
        flight: satellite and absolute orbit of a scene, or None.
    """

    time: datetime
    bursts: frozenset[str]
    polarization: str
    flight: tuple[str, int] | None = None

    @property
    def date(self) -> str:
        return f"{self.time:%Y%m%d}"


@dataclass(frozen=True)
class Paid:
    """A job that is paid.

    Attributes:
        job: job_type and job_parameters.
        first, second: its dates.
    """

    job: Mapping[str, Any]
    first: Side
    second: Side

    @property
    def name(self) -> str:
        return f"{self.first.date}_{self.second.date}"


def read_paid(jobs: Sequence[Mapping[str, Any]], hyp3: Mapping[str, Any]) -> list[Paid]:
    """Of paid jobs those of the study's kind and polarization, in the order in which they were paid."""
    found = []
    for job in jobs:
        if job["job_type"] != hyp3["job"]:
            continue
        granules = granules_of(job)
        if len(granules) != 2 or not (first := _side(granules[0])) or not (second := _side(granules[1])):
            continue
        if first.bursts == second.bursts and first.polarization == second.polarization == hyp3["polarization"]:
            found.append(Paid(job, first, second))
    return found


def _side(granules: Sequence[str]) -> Side | None:
    """What the names of a date's granules tell."""
    if scene := SCENE.fullmatch(granules[0]) if len(granules) == 1 else None:
        return Side(time_of(scene["time"]), frozenset(), scene["polarization"] * 2, (scene["satellite"], int(scene["orbit"])))
    bursts = [BURST.fullmatch(name) for name in granules]
    told = [match for match in bursts if match]
    if not told or len(told) < len(bursts) or len({match["polarization"] for match in told}) > 1:
        return None
    times = [time_of(match["time"]) for match in told]
    return Side(min(times), frozenset(match["burst"] for match in told), told[0]["polarization"])
