"""What the page says about one cube, a grid or a ready series, put into sentences and tables, not yet into HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .facts import Facts
from .tables import Cell, Table


@dataclass(frozen=True)
class Tile:
    """A number that is seen first: value, unit, what it is."""

    value: str
    unit: str
    label: str


@dataclass
class Content:
    """One cube on the page, a grid or a ready series; every text is plain and is escaped by the template.

    ``more`` holds further tables on the scores, unfolded on demand under a title; ``extra`` tables are written as csv alone; ``vertical``:
    the numbers are up and down, not along a line of sight.
    """

    name: str
    strip: list[tuple[str, str]]
    tiles: list[Tile]
    answer: list[str]
    figures: dict[str, tuple[Path, Facts]]
    where: str
    trust: list[str]
    evidence: list[str]
    made: list[str]
    areas: Table
    speeds: Table
    scores: list[Table]
    clusters: Table
    likeness: Table
    truths: list[Table]
    gnss: Table
    pairs: Table
    dropped: Table
    masked: list[tuple[str, int]]
    pixels: tuple[int, int]
    credits: list[str]
    maps: list[str]
    simulated: bool
    more: list[tuple[str, list[Table]]] = field(default_factory=list)
    extra: list[Table] = field(default_factory=list)
    headline: list[dict[str, Cell]] = field(default_factory=list)
    vertical: bool = False
    stations: Table = field(default_factory=lambda: Table("", "", [], []))

    @property
    def folder(self) -> str:
        """Where its files lie, seen from the page."""
        return f"../{self.name}"

    @property
    def tables(self) -> list[Table]:
        """All tables that are written as csv."""
        scored = [*self.scores, self.clusters, self.likeness, *self.truths]
        scored += [table for _, tables in self.more for table in tables] + self.extra
        named = [
            self.areas,
            self.speeds,
            *(table for table in scored if table.rows),
            self.gnss,
            self.stations,
            self.pairs,
            self.dropped,
        ]
        return [table for table in named if table.name]
