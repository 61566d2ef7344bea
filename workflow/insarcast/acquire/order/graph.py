"""Networks of dates as graphs: parts that hang together, the best tree, and edges that close no loop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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


def cut_edges(count: int, edges: Iterable[Edge]) -> list[Edge]:
    """Edges that lie in no loop: without one of them the graph falls into more parts. In order.

    Tarjan (1974), Information Processing Letters 2(6), 160-161, without recursion.
    """
    near: list[list[int]] = [[] for _ in range(count)]
    for one, other in edges:
        near[one].append(other)
        near[other].append(one)
    seen, lowest, cut = [-1] * count, [0] * count, []
    step = 0
    for root in range(count):
        if seen[root] >= 0:
            continue
        seen[root] = lowest[root] = step
        step += 1
        stack: list[tuple[int, int, Iterator[int]]] = [(root, -1, iter(near[root]))]
        while stack:
            node, above, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                stack.pop()
                if above >= 0:
                    lowest[above] = min(lowest[above], lowest[node])
                    if lowest[node] > seen[above]:
                        cut.append((min(above, node), max(above, node)))
            elif following == above:
                continue
            elif seen[following] >= 0:
                lowest[node] = min(lowest[node], seen[following])
            else:
                seen[following] = lowest[following] = step
                step += 1
                stack.append((following, node, iter(near[following])))
    return sorted(cut)
