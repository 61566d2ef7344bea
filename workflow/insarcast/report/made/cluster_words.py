"""Sentences on the clusters."""

from __future__ import annotations

from collections.abc import Sequence

from ..writing.words import NBSP, count, percent, rate


def _speed(value: float) -> str:
    if round(abs(value)) == 0:
        return f"stands still (below {rate(1)})"
    return f"moves {'towards' if value > 0 else 'away from'} the satellite at {rate(value)}"


def alike(sizes: Sequence[int], speeds: Sequence[float]) -> str:
    """How many groups of pixels move alike, and what their extremes do.

    Args:
        sizes: pixels of each cluster, the one that moves away fastest first.
        speeds: mean velocity of each in mm/yr, + towards the satellite.
    """
    total = sum(sizes)
    if total == 0:
        return "No pixel could be put into a cluster."
    if len(sizes) == 1:
        return f"All {count(total, 'pixel')} are one cluster, which {_speed(speeds[0])}."
    last = len(sizes) - 1
    return (
        f"The used pixels fall into {count(len(sizes), 'cluster')}; cluster{NBSP}1 ({percent(sizes[0] / total)} of them) "
        f"{_speed(speeds[0])}, cluster{NBSP}{last + 1} ({percent(sizes[last] / total)}) {_speed(speeds[last])}."
    )
