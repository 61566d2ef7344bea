"""Wait for jobs, and bring what is ready while others run."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from insarcast.core import InsarcastError

from ...web.errors import ServiceError
from ...web.secrets import shown
from ...web.teller import Rhythm, Teller
from ..service.client import Service
from ..service.jobs import Wanted
from ..service.match import state_of
from .courier import Courier
from .words import plain

if TYPE_CHECKING:
    from hyp3_sdk.jobs import Job

_ROUNDS = 3  # times that the files may be out of reach, each after all attempts of the downloads, until the run ends
_BATCH = 4  # products that are fetched between two looks, for each that is fetched at the same time
_OFTEN, _SELDOM = 180.0, 900.0  # seconds between two lines on the screen


def watch(
    service: Service,
    wanted: Sequence[Wanted],
    jobs: Mapping[str, Job],
    courier: Courier,
    *,
    project: str,
    poll_seconds: float,
    wait_hours: float,
) -> dict[str, str]:
    """Bring the products of jobs until all are done.

    Args:
        service: the service.
        wanted: the pairs that are not in the cache.
        jobs: the job of each, by key.
        courier: brings products.
        project: its name, for the sentences.
        poll_seconds: how often to ask.
        wait_hours: how long to wait.

    Returns:
        Key -> "" for a product that is in its place, or why there will be none.

    Raises:
        InsarcastError: not all jobs are done in that time, files cannot be had, or the service refuses; a later run goes on.
    """
    began, out_of_reach = time.monotonic(), 0
    news = _News(project, courier.settings.teller)
    now, results = dict(jobs), dict[str, str]()
    while True:
        states = {want.key: state_of(now[want.key]) for want in wanted if want.key not in results}
        results |= {key: _failure(now[key]) for key, state in states.items() if state == "failed"}
        late = {key: "it expired before it was fetched" for key, state in states.items() if state == "expired"}
        courier.unfetched |= late
        results |= late
        ready = [(want, now[want.key]) for want in wanted if states.get(want.key) == "ready"]
        news.tell(states, results, now)
        brought: dict[str, str] = {}
        try:
            brought = courier.bring(ready[: _BATCH * courier.settings.at_once]) if ready else {}
            results |= brought
            out_of_reach = 0
        except ServiceError as error:
            out_of_reach += 1
            if not error.passing or out_of_reach >= _ROUNDS:
                raise _ended(error, project) from None
            print(f"{error}; going on", file=sys.stderr, flush=True)
        if len(results) == len(wanted):
            if courier.unfetched:
                raise _unfetched(wanted, courier.unfetched, project)
            return results
        if len(ready) > len(brought) and not out_of_reach:
            continue  # more are ready, or another run fetches them
        left = began + wait_hours * 3600 - time.monotonic()
        if left <= 0:
            raise _too_long([want for want in wanted if want.key not in results], len(wanted), project, wait_hours)
        time.sleep(min(poll_seconds, left))
        now |= _asked(service, {key: now[key] for key in states if key not in results}, project)


def _asked(service: Service, jobs: Mapping[str, Job], project: str) -> dict[str, Job]:
    """Jobs as they are now: one list for each name that they bear; what is out of reach for a while stays as it was."""
    ids = {job.job_id: key for key, job in jobs.items()}
    # Only what was sent since the oldest of them: the service cuts its list by time before it looks at names.
    start = min(job.request_time for job in jobs.values()) - timedelta(seconds=1)
    found: list[Job] = []
    try:
        for name in sorted({job.name for job in jobs.values() if job.name}):
            found += service.jobs(name=name, start=start)
        found += [service.job(job.job_id) for job in jobs.values() if not job.name]
    except ServiceError as error:
        if not error.passing:
            raise _ended(error, project) from None
        print(f"{error}; asking again later", file=sys.stderr, flush=True)
    return {ids[job.job_id]: job for job in found if job.job_id in ids}


def _failure(job: Job) -> str:
    """Why a job failed, as far as the service says: it gives the address of the log, not a reason."""
    logs = [plain(shown(str(address)), 400) for address in job.logs or []]
    return (
        f"its job failed at the service (log: {', '.join(logs)})" if logs else "its job failed at the service, which names no log"
    )


class _News:
    """How far the jobs are: a line in the log whenever that has changed, on the screen every few minutes whether it has or not."""

    def __init__(self, project: str, teller: Teller) -> None:
        self._project, self._teller = project, teller
        self._began, self._said = time.monotonic(), ""
        self._rhythm = Rhythm(_OFTEN, _SELDOM, at_once=True)

    def tell(self, states: Mapping[str, str], results: Mapping[str, str], jobs: Mapping[str, Job]) -> None:
        counts = Counter(jobs[key].status_code.lower() if state == "waiting" else state for key, state in states.items())
        parts = [f"{counts[word]} {word}" for word in ("pending", "running", "ready") if counts[word]]
        unpacked = sum(not reason for reason in results.values())
        parts.append(f"{unpacked} unpacked")
        lost = len(results) - unpacked
        line = ", ".join([*parts, *([f"{lost} not to be had"] if lost else [])])
        spent = timedelta(seconds=int(time.monotonic() - self._began))
        if line != self._said:
            self._teller.note(f"after {spent}: {line}")
        if self._rhythm.due():
            total, waiting = len(jobs), sum(state == "waiting" for state in states.values())
            self._teller.show(f"{self._project}: {total - waiting} of {total} jobs are done after {spent} ({line})")
        self._said = line


def _too_long(waiting: Sequence[Wanted], total: int, project: str, hours: float) -> InsarcastError:
    return InsarcastError(
        f"{len(waiting)} of {total} jobs of project {project} are not done after {hours:g} h (hyp3.wait_hours; the first: "
        f"{waiting[0].pair}); run again later: nothing is ordered twice, and what was fetched is kept."
    )


def _unfetched(wanted: Sequence[Wanted], reasons: Mapping[str, str], project: str) -> InsarcastError:
    """Products that are made and paid: to leave them out is the person's choice, not ours."""
    first = next(want for want in wanted if want.key in reasons)
    return InsarcastError(
        f"{len(reasons)} of {len(wanted)} products of project {project} could not be fetched ({first.pair}: {reasons[first.key]}); run "
        "again, which fetches only what is missing, or list the pairs in products.exclude."
    )


def _ended(error: ServiceError, project: str) -> InsarcastError:
    return InsarcastError(
        f"{str(error).rstrip('.')}. The jobs of project {project} go on at the service, and nothing is lost: run again."
    )
