"""Products of OPERA DISP-S1 by their names, and how their displacements add up to one series.

Each product is the displacement of one acquisition against another, its reference, and the reference moves on: historical products of a
ministack share one, forward products refer to the acquisition before (opera-adt/disp-s1, docs/disp-s1-operations.md). Displacement since
the first date is the sum along the way from reference to reference. Names: OPERA's product specification, JPL D-108772.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from insarcast.core import InsarcastError

from ..select import Skipped, skip

_NAME = re.compile(
    r"OPERA_L3_DISP-(?P<sensor>S1|NI)_(?P<mode>\w+)_F(?P<frame>\d{5})_(?P<polarization>[VH]{2})_(?P<reference>\d{8}T\d{6}Z)_"
    r"(?P<secondary>\d{8}T\d{6}Z)_v(?P<version>\d+(?:\.\d+)*)_(?P<made>\d{8}T\d{6}Z)\.nc"
)
_SAME = timedelta(hours=12)  # acquisitions of one pass: a frame begins some seconds earlier or later, maybe before midnight


@dataclass(frozen=True)
class Product:
    """One product.

    Attributes:
        path: the file.
        frame: number of OPERA's frame.
        polarization: of the radar.
        reference: start of the reference acquisition.
        secondary: start of the acquisition whose displacement it is.
        version: of the product, as numbers.
        made: when it was made.
    """

    path: Path
    frame: int
    polarization: str
    reference: datetime
    secondary: datetime
    version: tuple[int, ...]
    made: datetime

    @property
    def newest(self) -> tuple[tuple[int, ...], datetime]:
        """What orders versions of one product."""
        return self.version, self.made


@dataclass(frozen=True)
class Link:
    """One date of the chain: its displacement is that of the date at ``start`` plus the product's; None begins the chain."""

    day: str
    start: int | None
    path: Path | None


def parse_product(path: Path) -> Product | None:
    """A product by its name; None where the file is none of DISP-S1."""
    match = _NAME.fullmatch(path.name)
    if match is None or match["sensor"] != "S1":
        return None
    try:
        times = [
            datetime.strptime(match[name], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) for name in ("reference", "secondary", "made")
        ]
    except ValueError:
        return None
    version = tuple(int(part) for part in match["version"].split("."))
    return Product(path, int(match["frame"]), match["polarization"], times[0], times[1], version, times[2])


def one_stack(products: Sequence[Product], folder: Path) -> None:
    """Refuse products of several frames or polarizations."""
    for what, values in (
        ("frames", {f"F{one.frame:05d}" for one in products}),
        ("polarizations", {one.polarization for one in products}),
    ):
        if len(values) > 1:
            raise InsarcastError(
                f"{folder} holds products of the {what} {' and '.join(sorted(values)[:3])}; one cube is one line of sight, so give each a "
                "folder of its own, or name the files in series.files."
            )


def chain(products: Iterable[Product]) -> tuple[list[list[Link]], list[Skipped]]:
    """Put products in a row, or in several where one is missing.

    Of several products of one date that can be reached, the newest version made last is used. A product whose reference is no date of an
    earlier one begins a chain of its own.

    Args:
        products: of one frame.

    Returns:
        The chains, each with its dates ascending, and what was left out.
    """
    skipped: list[Skipped] = []
    chains: list[list[Link]] = []
    times: list[list[datetime]] = []
    groups: list[list[Product]] = []
    for one in sorted(products, key=lambda one: (one.secondary, one.reference)):
        if one.reference >= one.secondary:
            skipped.append(skip("file", one.path.name, "its reference is not earlier than its acquisition"))
        elif groups and _same(groups[-1][0].secondary, one.secondary):
            groups[-1].append(one)
        else:
            groups.append([one])
    for group in groups:
        ranked = sorted(group, key=lambda one: one.newest, reverse=True)
        # The oldest chain first: what hangs on it keeps the series whole.
        ways = [(row, at, one) for row in range(len(chains)) for one in ranked if (at := _position(times[row], one)) is not None]
        if not ways:
            chains.append([Link(_day(ranked[0].reference), None, None)])
            times.append([ranked[0].reference])
        row, at, used = ways[0] if ways else (len(chains) - 1, 0, ranked[0])
        chains[row].append(Link(_day(used.secondary), at, used.path))
        times[row].append(used.secondary)
        reason = f"another product of its date; {used.path.name} is used"
        skipped += [skip("file", one.path.name, reason) for one in group if one is not used]
    return chains, skipped


def trimmed(links: Sequence[Link], days: Sequence[str]) -> list[Link]:
    """The part of a chain that dates need: their way down to the last date that all ways pass, which becomes the first and has no product."""
    ways = []
    for day in days:
        at: int | None = next(place for place, link in enumerate(links) if link.day == day)
        way: list[int] = []
        while at is not None:
            way.insert(0, at)
            at = links[at].start
        ways.append(way)
    shared = 0
    while all(len(way) > shared for way in ways) and len({way[shared] for way in ways}) == 1:
        shared += 1
    kept = sorted({at for way in ways for at in way[shared - 1 :]})
    place = {at: new for new, at in enumerate(kept)}
    return [Link(links[kept[0]].day, None, None)] + [
        Link(links[at].day, place[links[at].start or 0], links[at].path) for at in kept[1:]
    ]


def _position(times: Sequence[datetime], one: Product) -> int | None:
    """Where in a chain a product's reference is."""
    return next((at for at, when in enumerate(times) if _same(when, one.reference)), None)


def _same(one: datetime, other: datetime) -> bool:
    return abs(one - other) < _SAME


def _day(when: datetime) -> str:
    return when.strftime("%Y%m%d")
