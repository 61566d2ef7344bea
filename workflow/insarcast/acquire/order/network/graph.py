"""Networks of dates as graphs: parts that hang together, the best tree, triangles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Edge = tuple[int, int]


class Parts:
    """Which nodes hang together (union-find)."""

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def top(self, node: int) -> int:
        while self._above[node] != node:
            self._above[node] = self._above[self._above[node]]
            node = self._above[node]
        return node

    def join(self, edge: Edge) -> bool:
        """Join two parts; False if they were one already."""
        one, other = sorted(map(self.top, edge))
        self._above[other] = one
        return one != other

    def groups(self) -> list[list[int]]:
        """Nodes of each part, in order."""
        found: dict[int, list[int]] = {}
        for node in range(len(self._above)):
            found.setdefault(self.top(node), []).append(node)
        return list(found.values())


def parts_of(count: int, edges: Iterable[Edge]) -> list[list[int]]:
    """Nodes of each part of a graph, the part of the first node first."""
    parts = Parts(count)
    for edge in edges:
        parts.join(edge)
    return parts.groups()


def best_tree(count: int, ordered: Iterable[Edge], given: Iterable[Edge] = ()) -> list[Edge]:
    """Edges that join what ``given`` leaves apart, the first of ``ordered`` first: with the best first, a maximum spanning tree.

    Kruskal (1956), Proceedings of the AMS 7(1), 48-50.
    """
    parts = Parts(count)
    for edge in given:
        parts.join(edge)
    return [edge for edge in ordered if parts.join(edge)]


class Triangles:
    """Which pairs of a network lie in a triangle, the loop that closure is measured in."""

    def __init__(self, edges: Iterable[Edge] = ()) -> None:
        self.near: dict[int, set[int]] = {}
        for edge in edges:
            self.add(edge)

    def add(self, edge: Edge) -> None:
        one, other = edge
        self.near.setdefault(one, set()).add(other)
        self.near.setdefault(other, set()).add(one)

    def closed(self, edge: Edge) -> bool:
        """Whether a pair lies in a triangle, or would if it were added."""
        return bool(self._thirds(edge))

    def closers(self, edge: Edge) -> list[Edge]:
        """Pairs that are not there and would make a triangle of a pair and one of its neighbours."""
        one, other = edge
        ends = [(end, near) for end, far in ((one, other), (other, one)) for near in self.near.get(far, set()) - {end}]
        return [pair for pair in (ordered(*ends_) for ends_ in ends) if pair[1] not in self.near.get(pair[0], set())]

    def gain(self, edge: Edge) -> int:
        """How many pairs that lie in no triangle would lie in one if a pair were added, itself not counted."""
        sides = {ordered(end, third) for third in self._thirds(edge) for end in edge}
        return sum(not self.closed(side) for side in sides)

    def _thirds(self, edge: Edge) -> set[int]:
        return self.near.get(edge[0], set()) & self.near.get(edge[1], set())


def ordered(one: int, other: int) -> Edge:
    """Two nodes as an edge, the smaller first."""
    return (one, other) if one < other else (other, one)


def loose_edges(edges: Sequence[Edge]) -> list[Edge]:
    """Pairs that lie in no triangle."""
    triangles = Triangles(edges)
    return [edge for edge in edges if not triangles.closed(edge)]


def closing_edges(kept: Sequence[Edge], best_first: Sequence[Edge], most: int) -> list[Edge]:
    """Of further edges those that bring as many of a network's into triangles as possible, at most so many, greedily."""
    triangles = Triangles(kept)
    rest, chosen = [edge for edge in best_first if edge not in set(kept)], list[Edge]()
    while len(chosen) < most:
        gains = {edge: triangles.gain(edge) for edge in rest}
        best = max(gains, key=lambda edge: gains[edge], default=None)
        if best is None or not gains[best]:
            break
        triangles.add(best)
        rest.remove(best)
        chosen.append(best)
    return chosen
