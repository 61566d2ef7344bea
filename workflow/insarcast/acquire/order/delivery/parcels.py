"""A product under way: what its job lists of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...interferograms.hyp3_product import Product, parse_name
from ...web.remote import Remote
from ..service.jobs import Wanted
from .held import name_fault
from .words import plain

if TYPE_CHECKING:
    from hyp3_sdk.jobs import Job


@dataclass(frozen=True)
class Parcel:
    """A product under way: what was wanted, its name, and where its zip is."""

    want: Wanted
    product: Product
    name: str
    remote: Remote


def parcel_of(want: Wanted, job: Job, folder: Path) -> Parcel | str:
    """The product of a finished job, or why it is none for this pair."""
    if not job.files:
        return "its job succeeded, but lists no file"
    file: Mapping[str, object] = job.files[0]
    name = str(file.get("filename", ""))
    stem = name.removesuffix(".zip")
    product = parse_name(folder / stem, stem) if name.endswith(".zip") else None
    if product is None:
        return f"its job delivered '{plain(name)}', which is no name of an interferogram of HyP3"
    pair = f"{product.date1}_{product.date2}"
    if pair != want.pair:
        return f"its job delivered {stem}, which is the pair {pair}"
    if fault := name_fault(product, want.job):
        return f"its job delivered {stem}, {fault}"
    size = file.get("size")
    remote = Remote(str(file.get("url", "")), size=size if isinstance(size, int) and size > 0 else None, kind="zip")
    return Parcel(want, product, f"{want.key}/{name}", remote)
