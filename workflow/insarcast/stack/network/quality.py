"""Which interferograms and dates are used, and why the others are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from insarcast.core import InsarcastError


@dataclass
class Network:
    """The interferograms of one vintage and what was decided about them.

    Attributes:
        dates: ascending acquisition dates, ``datetime64[D]``.
        pairs: numbers of the two dates of each interferogram.
        keep: per interferogram, whether it is used.
        reason: per interferogram, why it is not, or None.
        facts: per interferogram, numbers for the record.
        dropped: what was left out: ``what``, ``name``, ``reason``, ``count``.
    """

    dates: npt.NDArray[np.datetime64]
    pairs: list[tuple[int, int]]
    keep: npt.NDArray[np.bool_]
    reason: list[str | None]
    facts: list[dict[str, Any]]
    dropped: list[dict[str, Any]] = field(default_factory=list)

    def name(self, index: int) -> str:
        first, second = self.pairs[index]
        return f"{compact(self.dates[first])}_{compact(self.dates[second])}"

    def drop(self, index: int, reason: str) -> None:
        self.keep[index] = False
        self.reason[index] = reason
        self.dropped.append({"what": "pair", "name": self.name(index), "reason": reason, "count": None})

    @property
    def kept(self) -> list[int]:
        return [int(index) for index in np.flatnonzero(self.keep)]

    @property
    def kept_dates(self) -> list[int]:
        """Numbers of the dates that a kept interferogram touches."""
        return sorted({number for index in self.kept for number in self.pairs[index]})

    @property
    def kept_pairs(self) -> npt.NDArray[np.int64]:
        """(n_kept, 2) numbers of the two dates of each kept interferogram, among the kept dates."""
        place = {date: index for index, date in enumerate(self.kept_dates)}
        return np.array([[place[end] for end in self.pairs[index]] for index in self.kept], np.int64)

    @property
    def kept_days(self) -> npt.NDArray[np.float64]:
        """Days of the kept dates since the first of them."""
        dates = self.dates[self.kept_dates]
        return np.asarray((dates - dates[0]) / np.timedelta64(1, "D"), np.float64)


def compact(date: np.datetime64) -> str:
    """``yyyymmdd``."""
    return str(date.astype("datetime64[D]")).replace("-", "")


def gate_pairs(
    network: Network,
    coverage: npt.NDArray[np.floating],
    coherence: npt.NDArray[np.floating],
    min_coverage: float,
    min_coherence: float,
) -> None:
    """Drop interferograms that cover too little of the valid area or are too incoherent there (LiCSBAS step 11).

    Args:
        network: changed in place.
        coverage: (n_pairs,) share of the valid area that each covers, 0 to 1.
        coherence: (n_pairs,) mean coherence over that, NaN where there is none.
        min_coverage: threshold on the coverage.
        min_coherence: threshold on the coherence.
    """
    for index in range(len(network.pairs)):
        network.facts[index] |= {"coverage": float(coverage[index]), "coherence": float(coherence[index])}
        if not coverage[index] >= min_coverage:
            network.drop(index, f"covers {coverage[index]:.0%} of the valid area, less than {min_coverage:.0%}")
        elif coherence[index] < min_coherence:
            network.drop(index, f"mean coherence {coherence[index]:.2f}, below {min_coherence:g}")


def gate_loops(
    network: Network, triplets: npt.NDArray[np.int64], rms: npt.NDArray[np.floating], max_rms: float, required: bool
) -> npt.NDArray[np.bool_]:
    """Drop interferograms that are only ever in bad triplets (LiCSBAS step 12).

    Args:
        network: changed in place.
        triplets: (n_triplets, 3) interferogram numbers.
        rms: (n_triplets,) closure rms in rad about the triplet's median.
        max_rms: rms above which a triplet is bad.
        required: stop if there is no triplet at all.

    Returns:
        (n_triplets,) which triplets are bad.

    Raises:
        InsarcastError: no closed triplet, or every interferogram is only in bad ones.
    """
    # A triplet without one common pixel has no rms: it says nothing, neither good nor bad.
    alive = network.keep[triplets].all(1) & np.isfinite(rms) if len(triplets) else np.zeros(0, np.bool_)
    if required and not alive.any():
        raise InsarcastError(
            f"The {len(network.kept)} interferograms close no triplet, so unwrapping errors cannot be seen; add interferograms "
            f"that skip a date, or set stack.closure.required: false to go on without the check."
        )
    bad = alive & ~(rms < max_rms)
    for index in range(len(network.pairs)):
        member = alive & (triplets == index).any(1) if len(triplets) else alive
        errors = rms[member]
        network.facts[index] |= {
            "n_triplets": int(member.sum()),
            "n_bad_triplets": int((bad & member).sum()),
            "closure_rms": float(np.sqrt(np.mean(errors**2))) if len(errors) else None,
        }
        if network.keep[index] and member.any() and bad[member].all():
            several = member.sum() > 1
            what = f"all of its {int(member.sum())} triplets fail" if several else "its only triplet fails"
            rms_ = f"{np.min(errors):.2f} rad{' or more' if several else ''}"
            network.drop(index, f"{what} to close (rms {rms_}, limit {max_rms:g})")
    if not network.keep.any():
        raise InsarcastError(
            f"Every interferogram fails loop closure at {max_rms:g} rad; check the unwrapping, or raise stack.closure.max_rms."
        )
    return bad


def drop_unreferenced(network: Network, measured: npt.NDArray[np.bool_], bridge: bool, place: str) -> None:
    """Drop interferograms that measure nothing at the reference point.

    Args:
        network: changed in place.
        measured: (n_pairs,) which interferograms measure something there.
        bridge: whether separate networks may be joined.
        place: the reference window, for the sentence.

    Raises:
        InsarcastError: the others do not hold the dates together, though all did: the reference is to blame, not the gates.
    """
    whole, n_dates, n_groups = len(network.kept), len(network.kept_dates), _groups(network)
    for index in network.kept:
        if not measured[index]:
            network.drop(index, "nothing measured at the reference point")
    few, apart = len(network.kept_dates) < 3 <= n_dates, _groups(network) > n_groups and not bridge
    if few or apart:
        left = len(network.kept)
        counted = f"Only {left} of {whole} interferograms measure" if left else f"None of the {whole} interferograms measures"
        why = "" if not left else ", too few for a time series" if few else ", and these fall into separate networks"
        raise InsarcastError(
            f"{counted} anything at the reference point ({place}){why}; set stack.reference.lon and lat to a place that the "
            f"interferograms measure, or neither to choose one by evidence."
        )


def _groups(network: Network) -> int:
    return len(components(network.kept_dates, [network.pairs[index] for index in network.kept]))


def connect(network: Network, bridge: bool) -> None:
    """List dates that no interferogram touches any more, and see that the others hang together.

    Raises:
        InsarcastError: fewer than three dates are left, or the network falls apart and ``bridge`` is false.
    """
    kept = network.kept_dates
    for number in sorted(set(range(len(network.dates))) - set(kept)):
        network.dropped.append(
            {
                "what": "date",
                "name": compact(network.dates[number]),
                "reason": "none of its interferograms is used",
                "count": None,
            }
        )
    if len(kept) < 3:
        raise InsarcastError(
            f"Only {len(kept)} dates are left after the quality gates, and a time series needs three; "
            f"relax stack.quality or add acquisitions."
        )
    groups = components(kept, [network.pairs[index] for index in network.kept])
    if len(groups) > 1 and not bridge:
        names = [f"{compact(network.dates[g[0]])} to {compact(network.dates[g[-1]])} ({len(g)} dates)" for g in groups]
        raise InsarcastError(
            f"The interferograms form {len(groups)} separate networks: {'; '.join(names)}; add an interferogram between them, "
            f"or set stack.network.bridge: true to join them by equal velocity."
        )


def components(nodes: Sequence[int], links: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Connected groups of dates, each ascending, ordered by their first date."""
    parent = {node: node for node in nodes}

    def root(node: int) -> int:
        while parent[node] != node:
            node = parent[node]
        return node

    for first, second in links:
        one, two = sorted((root(first), root(second)))
        parent[two] = one
    groups: dict[int, list[int]] = {}
    for node in sorted(nodes):
        groups.setdefault(root(node), []).append(node)
    return list(groups.values())
