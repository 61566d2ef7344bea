"""The HyP3 service: hyp3_sdk's calls over our own session, and lists of jobs that come in pages."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from ...web.errors import ServiceError
from ...web.secrets import earthdata_credentials, shown
from ...web.session import service_session
from ...web.settings import WebSettings
from .account import Account, account_of
from .prices import Prices, job_costs

if TYPE_CHECKING:
    from hyp3_sdk import HyP3
    from hyp3_sdk.jobs import Job
    from requests import Response

    from ...web.session import ServiceSession

_PATIENCE = 120.0  # seconds that an order is given to be answered at least, however impatient the study: it is taken as a whole
_MOST_EMPTY = 500  # pages in a row without a job: the service filters by name only after it has cut its list into pages


class Service:
    """One deployment of HyP3 as one account sees it.

    Attributes:
        api: its address.
    """

    def __init__(self, api: str, session: ServiceSession) -> None:
        from hyp3_sdk import HyP3

        self.api = api.rstrip("/")
        self._session = session
        self._mute = False
        # Not by its constructor, which logs in at a fixed address over a session without time-outs, retries or limits to hosts.
        self._sdk: HyP3 = HyP3.__new__(HyP3)
        self._sdk.url, self._sdk.session = self.api, session

    def jobs(self, *, name: str | None = None, start: datetime | None = None) -> list[Job]:
        """The account's jobs, newest first, of all pages.

        Args:
            name: only those that bear this name.
            start: only those sent at or after this time.

        Raises:
            ServiceError: the service cannot be asked, or its pages lead back to themselves.
        """
        from hyp3_sdk.jobs import Job

        asked = {"name": name, "start": start.isoformat(timespec="seconds") if start else None}
        query = {key: value for key, value in asked.items() if value is not None}
        found: list[Job] = []
        seen: set[str] = set()
        empty = 0
        while True:
            with self._understood():
                page = self._session.get(f"{self.api}/jobs", params=query).json()
                here = [Job.from_dict(job) for job in page["jobs"]]
                following = page.get("next")
            found += here
            if not following:
                return list({job.job_id: job for job in found}.values())
            # An empty page is no end: it has lost its jobs to the filter. Only the mark of the next page is taken from the link, not
            # its host, which is the service's own idea of its name behind a proxy and would be shown the token.
            mark = (parse_qs(urlsplit(str(following)).query).get("start_token") or [""])[0]
            empty = 0 if here else empty + 1
            if not mark or mark in seen or empty > _MOST_EMPTY:
                raise ServiceError(f"{self.api}/jobs leads from page to page without end; try again later.", passing=True)
            seen.add(mark)
            query["start_token"] = mark

    def job(self, job_id: str) -> Job:
        """One job as it is now."""
        with self._understood():
            return self._sdk.get_job_by_id(job_id)

    def credits(self) -> float | None:
        """Credits left on the account; None where it has no limit, or where the service cannot tell."""
        return self.account().credits

    def account(self) -> Account:
        """The account's credits, and whether it has access (``application_status`` of HyP3's ``GET /user``).

        The service lists the names of all jobs of the account with them, which its gateway does not wait for where these are very many
        (issue 1312 of ASFHyP3/hyp3): then nothing is known of either, and it is not asked again.
        """
        if self._mute:
            return Account(None, known=False)
        with self._understood():
            try:
                user = self._sdk.my_info()
            except ServiceError as error:
                if error.status != 504:
                    raise
                print(f"{error}; going on without the account's credits", file=sys.stderr, flush=True)
                self._mute = True
                return Account(None, known=False)
            return account_of(user)

    def prices(self) -> Prices:
        """The service's table of prices, or the built-in one."""
        return job_costs(self.api, self._session)

    def send(self, jobs: Sequence[Mapping[str, Any]]) -> list[Job]:
        """Send jobs, at most 200; asked once and never again here, for a lost answer does not mean that nothing was taken."""
        from hyp3_sdk.jobs import Job

        with self._understood():
            return [Job.from_dict(job) for job in self._post({"jobs": [dict(job) for job in jobs]})["jobs"]]

    def check(self, jobs: Sequence[Mapping[str, Any]]) -> None:
        """Let the service check jobs without taking them.

        Raises:
            ServiceError: it would refuse them; ``detail`` holds its words.
        """
        with self._understood():
            self._post({"jobs": [dict(job) for job in jobs], "validate_only": True}, idempotent=True)

    def _post(self, body: Mapping[str, Any], **options: Any) -> Any:
        """Answer of an order or a check. A redirect would make a GET of it, whose answer is the list of all jobs."""
        settings = self._session.settings
        self._session.settings = replace(settings, timeout=max(settings.timeout, _PATIENCE))
        try:
            return self._session.request(
                "POST", f"{self.api}/jobs", json=body, allow_redirects=False, hooks={"response": _refuse_redirect}, **options
            ).json()
        finally:
            self._session.settings = settings

    @contextmanager
    def _understood(self) -> Iterator[None]:
        """An answer that is none of the service's is an error like any other of it: it may pass."""
        try:
            yield
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            what = f"it lacks {error}" if isinstance(error, KeyError) else "it cannot be read"
            raise ServiceError(
                f"{self.api} gave an answer that is none of HyP3's ({what}); is hyp3.api right?", passing=True, reason=what
            ) from None


def _refuse_redirect(answer: Response, *_: Any, **__: Any) -> None:
    if 300 <= answer.status_code < 400:
        place = shown(answer.headers.get("Location", "nowhere"))
        raise ServiceError(
            f"{shown(str(answer.url))} leads to {place}; an order is not sent on: set hyp3.api to the address of the service itself.",
            status=answer.status_code,
        )


def connect(api: str, login: str, settings: WebSettings) -> Service:
    """The service for the account of the environment's token or of netrc.

    Args:
        api: address of the service.
        login: address of Earthdata Login.
        settings: time-outs and retries.

    Raises:
        InsarcastError: there are no credentials.
    """
    host = urlsplit(api).netloc.rpartition("@")[2]
    return Service(api, service_session(settings, credentials=earthdata_credentials(login), hosts=[host]))
