"""Pairs of dates and what is known of each: days, baseline, score, and whether it may be ordered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import Any

from .bridges import YEAR
from .graph import Edge
from .scores import between


@dataclass(frozen=True)
class Link:
    """A pair that is wanted.

    Attributes:
        edge: places of its dates in the list of dates, the earlier first.
        days: days between them.
        baseline: perpendicular baseline in m, or None.
        score: 0 to 100.
        why: near, bridge (from year to year), connect (across a gap) or loop (the third side of a
            triangle, so that the others are checked by its closure).
    """

    edge: Edge
    days: int
    baseline: float | None
    score: float
    why: str


class Links:
    """Every pair of a list of dates.

    Args:
        dates: acquisition dates, ascending.
        baselines: perpendicular baseline of each against a common one, in m, None where it is not known.
        settings: the study's ``hyp3.network``.
        score: score of a pair by the places of its dates.
        possible: whether the service can make a pair of two dates.
        excluded: pairs that the study leaves out, ``yyyymmdd_yyyymmdd``.
        given: pairs that are paid already: they stay, and others are added for the dates that they do not reach.
    """

    def __init__(
        self,
        dates: Sequence[Date],
        baselines: Sequence[float | None],
        settings: Mapping[str, Any],
        score: Callable[[int, int], float],
        possible: Callable[[int, int], bool] = lambda first, second: True,
        excluded: Iterable[str] = (),
        given: Iterable[Edge] = (),
    ) -> None:
        self.dates, self.baselines, self.settings = dates, baselines, settings
        self._score, self._possible, self._excluded = score, possible, frozenset(excluded)
        self._known: dict[Edge, Link] = {}
        self.given = frozenset(edge for edge in given if self.name(edge) not in self._excluded)
        self.reached = {place for edge in self.given for place in edge}

    def link(self, edge: Edge) -> Link:
        """A pair of two dates, not said why."""
        if edge not in self._known:
            days, apart = (self.dates[edge[1]] - self.dates[edge[0]]).days, between(self.baselines, *edge)
            self._known[edge] = Link(edge, days, apart, self._score(*edge), "")
        return self._known[edge]

    def name(self, edge: Edge) -> str:
        return "_".join(f"{self.dates[place]:%Y%m%d}" for place in edge)

    def best_first(self, edges: Iterable[Edge]) -> list[Edge]:
        """Edges by score; of equal ones the shorter, then the one with the smaller baseline, then the earlier."""
        return sorted(edges, key=self._rank)

    def _rank(self, edge: Edge) -> tuple[float, int, float, Edge]:
        it = self.link(edge)
        return -it.score, it.days, abs(it.baseline or 0.0), edge

    def new(self, edge: Edge) -> bool:
        """Whether a pair has a date that no paid pair reaches."""
        return not (edge[0] in self.reached and edge[1] in self.reached)

    def kind(self, edge: Edge) -> str:
        """What a paid pair was for: near, bridge, or across a gap."""
        if self.within(edge):
            return "near"
        days = self.link(edge).days
        years = round(days / YEAR)
        near = abs(days - years * YEAR) <= self.settings["max_days"] / 2
        return "bridge" if 1 <= years <= self.settings["bridge_years"] and near else "connect"

    def allowed(self, edge: Edge) -> bool:
        """Whether a pair may be ordered at all."""
        return self.name(edge) not in self._excluded and self._possible(*edge)

    def within(self, edge: Edge, longest: bool = True) -> bool:
        """Whether a pair keeps the study's limits of baseline and, if asked, of days."""
        it = self.link(edge)
        near = not longest or it.days <= self.settings["max_days"]
        return near and (it.baseline is None or abs(it.baseline) <= self.settings["max_baseline"])
