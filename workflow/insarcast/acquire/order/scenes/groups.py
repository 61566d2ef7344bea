"""Of which bursts the service makes one product, and what must be added to others so that it does."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

MOST = 15


def group_fault(bursts: Sequence[str]) -> str:
    """Why the service would not make one product of bursts, or "".

    Its rules are those of burst2safe, which asf_search's ``S1MultiBurstGroup`` has too (up to 15; one track; consecutive in each
    subswath; neighbouring subswaths begin and end within one burst of each other), and no subswath may be left out between others:
    a group must have no holes (HyP3's guide to burst InSAR, "Considerations for selecting input bursts").
    """
    if len(bursts) > MOST:
        return f"a job holds {MOST} bursts at most"
    if len({burst.split("_")[0] for burst in bursts}) > 1:
        return "they are of several tracks"
    rows = _rows(bursts)
    swaths = sorted(rows)
    if swaths != list(range(swaths[0], swaths[-1] + 1)):
        return "IW2 is missing between IW1 and IW3"
    for swath in swaths:
        numbers = sorted(rows[swath])
        if numbers != list(range(numbers[0], numbers[-1] + 1)):
            return f"IW{swath} has a hole: its numbers are {', '.join(map(str, numbers))}"
    for near, far in pairwise(swaths):
        if any(abs(end(rows[near]) - end(rows[far])) > 1 for end in (min, max)):
            return f"IW{near} and IW{far} do not begin and end within one burst of each other"
    return ""


def completed(bursts: Sequence[str]) -> list[str]:
    """Bursts of one track with the fewest more that make them a group of the service: what lies between, and at the ends.

    Args:
        bursts: full ids.

    Returns:
        Full ids, in order; they may be more than a job holds.
    """
    track = bursts[0].split("_")[0]
    spans = {swath: (min(numbers), max(numbers)) for swath, numbers in _rows(bursts).items()}
    if spans.keys() == {1, 3}:
        low, high = min(first for first, _ in spans.values()), max(last for _, last in spans.values())
        spans[2] = (low + 1, high - 1) if high - low > 1 else (low, low)
    before: dict[int, tuple[int, int]] = {}
    while spans != before:
        before = dict(spans)
        for one, other in pairwise(sorted(spans)):
            for swath, beside in ((one, other), (other, one)):
                first, last = spans[swath]
                spans[swath] = (min(first, spans[beside][0] + 1), max(last, spans[beside][1] - 1))
    return sorted(
        f"{track}_{number:06d}_IW{swath}" for swath, (first, last) in spans.items() for number in range(first, last + 1)
    )


def listed(bursts: Sequence[str]) -> str:
    """Bursts in a sentence."""
    shown = ", ".join(bursts[:MOST])
    return f"{shown} and {len(bursts) - MOST} more" if len(bursts) > MOST else shown


def _rows(bursts: Sequence[str]) -> dict[int, list[int]]:
    """Numbers of the bursts of each subswath."""
    rows: dict[int, list[int]] = {}
    for burst in bursts:
        _, number, name = burst.split("_")
        rows.setdefault(int(name[2]), []).append(int(number))
    return rows
