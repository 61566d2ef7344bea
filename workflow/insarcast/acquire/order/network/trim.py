"""Which of the wanted pairs are taken out again: low scores, parts that do not hang together, more than may be ordered."""

from __future__ import annotations

from collections.abc import Sequence

from insarcast.core import InsarcastError

from ...select import Skipped, skip
from .graph import Edge, best_tree, closing_edges, parts_of
from .links import Links


def drop_low(links: Links, wanted: dict[Edge, str]) -> list[Skipped]:
    """Take out pairs of a low score; those that hold the network together come back as connecting ones."""
    least = links.settings["min_score"]
    low = [edge for edge in sorted(wanted) if edge not in links.given and links.link(edge).score < least]
    whole = best_tree(len(links.dates), links.best_first(low), [edge for edge in wanted if edge not in low])
    dropped = [edge for edge in low if edge not in whole]
    for edge in dropped:
        del wanted[edge]
    return [skip("pair", links.name(edge), "its score is less than hyp3.network.min_score") for edge in dropped]


def keep_largest(links: Links, wanted: dict[Edge, str]) -> list[Skipped]:
    """Where the network is in parts still, keep the largest and list the rest."""
    parts = parts_of(len(links.dates), wanted)
    ranked = [
        (
            sum(edge[0] in part for edge in links.given),
            len(part),
            sum(edge[0] in part for edge in wanted),
            -min(part),
            part,
        )
        for part in map(frozenset, parts)
    ]
    largest = max(ranked, key=lambda part: part[:4])[4]
    lost = [edge for edge in sorted(wanted) if edge[0] not in largest]
    for edge in lost:
        del wanted[edge]
    what = "no pair is possible" if links.settings["connect"] else "hyp3.network.connect is false"
    reason = f"it does not hang together with the largest part of the network, and {what} across the gap"
    return [
        *(skip("date", f"{links.dates[place]:%Y%m%d}", reason) for place in range(len(links.dates)) if place not in largest),
        *(skip("pair", links.name(edge), reason) for edge in lost),
    ]


def drop_excess(links: Links, wanted: dict[Edge, str]) -> list[Skipped]:
    """Keep no more than ``max_pairs``: first the best tree, then what closes loops, then the best."""
    most = links.settings["max_pairs"]
    if most is None or len(wanted) <= most:
        return []
    used = {place for edge in wanted for place in edge}
    if not links.given and most < len(used) - 1:
        raise InsarcastError(
            f"hyp3.network.max_pairs is {most}, but {len(used)} dates hang together by {len(used) - 1} pairs at least; raise it, or "
            "leave out dates by products.start, products.end or hyp3.network.season."
        )
    ordered = links.best_first(wanted)
    kept = sorted(links.given)
    kept += _tree(links, ordered, max(0, most - len(kept)))
    within = {place for edge in kept for place in edge}
    rest = [edge for edge in ordered if edge not in set(kept) and within.issuperset(edge)]
    rest.sort(key=lambda edge: not links.new(edge))
    kept += closing_edges(kept, rest, most - len(kept))
    kept += [edge for edge in rest if edge not in set(kept)][: max(0, most - len(kept))]
    dropped = sorted(set(wanted) - set(kept))
    for edge in dropped:
        del wanted[edge]
    lost = sorted(used - within)
    reason = f"hyp3.network.max_pairs is {most}, and {len(links.given)} pairs are paid: none is left for it; raise max_pairs"
    return [
        *(skip("date", f"{links.dates[place]:%Y%m%d}", reason) for place in lost),
        *(skip("pair", links.name(edge), f"hyp3.network.max_pairs is {most}, and others are better") for edge in dropped),
    ]


def _tree(links: Links, ordered: Sequence[Edge], most: int) -> list[Edge]:
    """So many pairs at most that join dates to what is paid, or to one another where nothing is, the best first."""
    tree = best_tree(len(links.dates), ordered, links.given)
    if len(tree) <= most:
        return tree
    chosen: list[Edge] = []
    inside = {place for edge in links.given for place in edge}
    while len(chosen) < most:  # what is cut off must not be an island
        best = next(edge for edge in tree if (edge[0] in inside) != (edge[1] in inside))
        inside.update(best)
        chosen.append(best)
    return chosen
