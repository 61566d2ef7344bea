"""Which acquisitions are paired: near ones, bridges from year to year, and what holds the network together.

asf_search's SBASNetwork has the same near pairs and bridges, and is the oracle that these are tested against. It is not used itself: it
makes an object of every two acquisitions and compares lists with lists, which takes minutes for a few hundred dates; it takes one
product per acquisition, so no set of bursts; it stops on a product without state vectors; it counts every pair as short if the
products come with the newest first, as a search gives them; a season over New Year has no start for it; and it joins no gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from ...select import Skipped
from .bridges import bridge_pairs
from .graph import Edge, Triangles, best_tree, parts_of
from .links import Link, Links
from .trim import drop_excess, drop_low, keep_largest


@dataclass
class Network:
    """Pairs of dates.

    Attributes:
        links: the pairs, in order of their dates.
        used: places of the dates that are in a pair.
        left_out: dates and pairs that are not used, with the reason.
    """

    links: list[Link]
    used: list[int]
    left_out: list[Skipped] = field(default_factory=list)


class Pairing(Links):
    """Makes a network; see :class:`insarcast.acquire.order.network.links.Links` for its arguments.

    Pairs that are paid stay, whatever a longer record would make better: bridges, loops and what holds the network together are
    looked for only with dates that no paid pair reaches.
    """

    def make(self) -> Network:
        """The network.

        Raises:
            InsarcastError: ``max_pairs`` is too few for the dates to hang together.
        """
        near = self._near(self.settings["neighbours"])
        self._reopen(near)
        kept = {edge: self.kind(edge) for edge in sorted(self.given)}
        wanted = dict.fromkeys(near, "near") | dict.fromkeys(self._bridges([*near, *kept]), "bridge") | kept
        left_out = drop_low(self, wanted)
        self._connect(wanted)
        if self.settings["connect"]:
            self._close_loops(wanted)
        left_out += keep_largest(self, wanted)
        left_out += drop_excess(self, wanted)
        links = [replace(self.link(edge), why=wanted[edge]) for edge in sorted(wanted)]
        return Network(links, sorted({place for edge in wanted for place in edge}), left_out)

    def _reopen(self, near: Sequence[Edge]) -> None:
        """Take dates as not reached whose near pairs are not all paid: their order was cut short, or the study has changed."""
        most = self.settings["max_pairs"]
        if most is None or len(self.given) < most:
            lacking = [edge for edge in near if edge not in self.given and not self.new(edge)]
            due = [edge for edge in lacking if self.link(edge).score >= self.settings["min_score"]]
            self.reached -= {place for edge in due for place in edge}

    def _near(self, most: int | None) -> list[Edge]:
        """Each date with the next ones within the limits, at most so many."""
        edges: list[Edge] = []
        for first in range(len(self.dates)):
            later: list[Edge] = []
            for second in range(first + 1, len(self.dates)):
                if (self.dates[second] - self.dates[first]).days > self.settings["max_days"] or len(later) == most:
                    break
                if self.within((first, second)) and self.allowed((first, second)):
                    later.append((first, second))
            edges += later
        return edges

    def _bridges(self, near: Sequence[Edge]) -> list[Edge]:
        """Pairs over one or more years, near one day of the year: the best of each year, then such as make triangles with it."""
        if not self.settings["bridge_years"]:
            return []

        def fits(edge: Edge) -> bool:
            return self.new(edge) and self.within(edge, longest=False) and self.allowed(edge)

        given = {edge for edge in self.given if self.kind(edge) == "bridge"}
        most, chosen = self.settings["neighbours"], list[Edge]()
        for group, paid in bridge_pairs(self.dates, self.settings, lambda edge: self.link(edge).score, fits, given):
            rest, taken, triangles = self.best_first(group), list[Edge](), Triangles(near)
            while rest and (most is None or paid + len(taken) < most):
                best = next((edge for edge in rest if triangles.closed(edge)), rest[0])
                rest.remove(best)
                triangles.add(best)
                taken.append(best)
            chosen += taken
        return chosen

    def _connect(self, wanted: dict[Edge, str]) -> None:
        """Add the best pairs across gaps."""
        if self.settings["connect"] and len(parts_of(len(self.dates), wanted)) > 1:
            place = {node: number for number, part in enumerate(parts_of(len(self.dates), wanted)) for node in part}
            across = (edge for edge in combinations(range(len(self.dates)), 2) if place[edge[0]] != place[edge[1]])
            ordered = self.best_first(edge for edge in across if self.allowed(edge))
            wanted.update(dict.fromkeys(best_tree(len(self.dates), ordered, wanted), "connect"))

    def _close_loops(self, wanted: dict[Edge, str]) -> None:
        """Give each pair that lies in no triangle a third side, where there is one.

        Within the study's limits; beside a bridge without the limit of days, across a gap without any. A study that pairs each date
        with one later one wants a chain, and gets it.
        """
        if self.settings["neighbours"] == 1:
            return
        triangles = Triangles(wanted)
        for edge, why in sorted(wanted.items()):
            if triangles.closed(edge):
                continue
            sides = [side for side in triangles.closers(edge) if self.new(side)]
            closers = [side for side in sides if why == "connect" or self.within(side, longest=why != "bridge")]
            good = [side for side in closers if self.allowed(side) and self.link(side).score >= self.settings["min_score"]]
            if good:
                side = self.best_first(good)[0]
                triangles.add(side)
                wanted[side] = "loop"
