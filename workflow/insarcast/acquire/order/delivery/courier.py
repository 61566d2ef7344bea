"""Fetch finished products, unpack them into the cache, and see that each is the one that was ordered, and whole."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from insarcast.core import InsarcastError, fingerprint

from ...web.download import fetch_all
from ...web.errors import Refused
from ...web.settings import WebSettings
from ...web.space import NoSpace
from ...web.unpack import unpack
from ..service.client import Service
from ..service.jobs import Wanted
from ..service.journal import Journal, alone, is_there
from .borrow import borrow_held
from .claims import CLAIMS, hold_products
from .files import delivered, lacking
from .held import CHECKS, Course, text_fault
from .parcels import Parcel, parcel_of
from .words import plain

if TYPE_CHECKING:
    from hyp3_sdk.jobs import Job

ARCHIVES = ".archives"  # below the project's folder; a folder deeper than the reader looks for packed products

_GONE = "its zip went away before it was unpacked; run again"


class Courier:
    """Brings the products of one project into its folder.

    Args:
        service: the service, asked once more for an address that no longer works.
        folder: the project's folder in the cache.
        journal: notes what was delivered.
        settings: of downloads.
        course: where the satellite flew, as the plan says.
        shared: whether products of the same jobs that another project of the cache has count, and are not fetched again.

    Attributes:
        unfetched: key -> why the file of a finished job did not come, where another run may have more luck.
        refused: keys of jobs whose products are not those that were ordered.
    """

    def __init__(
        self,
        service: Service,
        folder: Path,
        journal: Journal,
        settings: WebSettings,
        course: Course,
        *,
        shared: bool,
    ) -> None:
        self.service, self.folder, self.journal, self.settings = service, folder, journal, settings
        self.course, self.shared = course, shared
        self.unfetched: dict[str, str] = {}
        self.refused: set[str] = set()

    def bring(self, ready: Sequence[tuple[Wanted, Job]]) -> dict[str, str]:
        """Fetch and unpack products.

        Args:
            ready: what was wanted, and the finished job.

        Returns:
            Key -> "" for a product that is in its place, or why it cannot be had; for one at least. Those that another project fetches
            at this moment are not in it: they are to be asked for again.

        Raises:
            ServiceError: the files cannot be reached now; what is done is kept.
            InsarcastError: no space, or an archive that is not to be trusted.
        """
        with alone(self.folder / ".deliver.lock", f"fetching products of {self.folder.name}"):
            self.journal.refresh()
            if not self.shared:
                return self._brought(ready)
            with hold_products(self.folder.parent / CLAIMS, [want.key for want, _ in ready]) as mine:
                absent = [want for want, _ in ready if want.key in mine and not self._noted(want)]
                theirs = borrow_held(absent, self.folder, self.journal)
                ours = [(want, job) for want, job in ready if want.key in mine and want.key not in theirs]
                return theirs | self._brought(ours)

    def _brought(self, ready: Sequence[tuple[Wanted, Job]]) -> dict[str, str]:
        try:
            return self._bring(ready, again=True)
        finally:
            with suppress(OSError):  # archives that are kept, or go on later, keep their folder
                (self.folder / ARCHIVES).rmdir()

    def _noted(self, want: Wanted) -> bool:
        """Whether the cache has the product of a job, as the journal knows it."""
        noted = self.journal.delivered.get(want.key)
        return noted is not None and is_there(self.folder, noted)

    def _bring(self, ready: Sequence[tuple[Wanted, Job]], *, again: bool) -> dict[str, str]:
        results: dict[str, str] = {}
        parcels: list[Parcel] = []
        jobs = {want.key: job for want, job in ready}
        for want, job in ready:
            parcel = parcel_of(want, job, self.folder)
            refused = self.journal.refused.get((job.job_id, self._against(want)))
            if isinstance(parcel, str):
                results[want.key] = parcel
                self.refused.add(want.key)
            elif self._holds(parcel):
                results[want.key] = ""
            elif refused is not None:
                results[want.key] = refused
                self.refused.add(want.key)
            else:
                parcels.append(parcel)
        missing = self._fetch(parcels, again=again)
        for parcel in parcels:
            key = parcel.want.key
            if key not in missing:
                results[key] = self._place(parcel)
                if results[key] and results[key] != _GONE:
                    self.refused.add(key)
                    self.journal.refuse(jobs[key].job_id, self._against(parcel.want), results[key])
            elif not again:
                results[key] = self.unfetched[key] = missing[key]
        stale = [(parcel.want, jobs[parcel.want.key]) for parcel in parcels if parcel.want.key not in results]
        if stale:  # an address may have expired since the job was listed: ask for the job once more
            results |= self._bring([(want, self.service.job(job.job_id)) for want, job in stale], again=False)
        return results

    def _against(self, want: Wanted) -> str:
        """What a product is held against: the same for the same checks, job and course."""
        return fingerprint([CHECKS, want.key, self.course.track, self.course.direction])

    def _holds(self, parcel: Parcel) -> bool:
        """Whether the cache has the product already: noted, or brought by a run that could not note it any more."""
        noted = self.journal.delivered.get(parcel.want.key)
        if noted is not None and noted.product == parcel.product.name and is_there(self.folder, noted):
            return True
        if noted is None and not lacking(parcel.product, parcel.want.job) and not self._fault(parcel, parcel.product.folder):
            self.journal.deliver(parcel.want.key, delivered(parcel.product, parcel.want.job))
            return True
        return False

    def _fetch(self, parcels: Sequence[Parcel], *, again: bool) -> dict[str, str]:
        """Fetch zips; key -> why it cannot be had."""
        archives = self.folder / ARCHIVES
        # What a run that was killed had unpacked, and not yet put in its place, is not fetched again.
        parcels = [one for one in parcels if not (archives / one.name).with_name(one.product.name).is_dir()]
        keys = {parcel.name: parcel.want.key for parcel in parcels}
        files = {parcel.name: parcel.remote for parcel in parcels}
        what = f"the jobs of {self.folder.name}"
        try:
            report = fetch_all(files, archives, self.settings, on_missing="list", what=what)
        except Refused as error:
            if not again:
                raise
            return {key: str(error) for name, key in keys.items() if not (archives / name).is_file()}
        return {keys[name]: reason.rstrip(".") for name, reason in report.skipped.items()}

    def _fault(self, parcel: Parcel, place: Path) -> str:
        """What a product that lies in a folder says of itself that was not ordered, or ""."""
        return text_fault(replace(parcel.product, folder=place), parcel.want.job, self.course)

    def _place(self, parcel: Parcel) -> str:
        """Unpack a zip; "" or what is wrong with the product."""
        product, archive = parcel.product, self.folder / ARCHIVES / parcel.name
        try:
            # Beside the others first: a zip must not replace the product of another job.
            place = unpack(archive, archive.parent, settings=self.settings)
        except NoSpace:
            raise
        except InsarcastError as error:
            if not archive.is_file():
                return _GONE
            shutil.rmtree(archive.parent)
            return str(error).rstrip(".")
        if place.name != product.name:
            shutil.rmtree(archive.parent)
            return f"its zip holds {plain(place.name)}, not {product.name}"
        if fault := self._fault(parcel, place):
            shutil.rmtree(archive.parent)
            return f"its job delivered {product.name}, but {fault}"
        if product.folder.exists():  # half of it: the rest was deleted
            shutil.rmtree(product.folder)
        place.rename(product.folder)
        if absent := lacking(product, parcel.want.job):
            return f"the product that was delivered, {product.name}, lacks {', '.join(absent)}"
        self.journal.deliver(parcel.want.key, delivered(product, parcel.want.job))
        with suppress(OSError):  # an archive that is kept keeps its folder
            archive.parent.rmdir()
        print(f"unpacked {product.name}", file=sys.stderr, flush=True)
        return ""
