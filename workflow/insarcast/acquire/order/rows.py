"""The pairs of a plan as it holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .network.graph import Edge
from .network.pairing import Network
from .prepare import prepare_job
from .scenes.catalogue import Scene
from .scenes.passes import Acquisition
from .service.prices import Prices


def plan_rows(
    network: Network,
    taken: Sequence[Acquisition],
    hyp3: Mapping[str, Any],
    prices: Prices,
    given: Mapping[Edge, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """The pairs as the plan holds them."""
    rows = []
    for link in network.links:
        first, second = (taken[number] for number in link.edge)
        job = given.get(link.edge) or prepare_job(first, second, hyp3)
        rows.append(
            {
                "date1": first.date,
                "date2": second.date,
                "days": link.days,
                "baseline": link.baseline,
                "score": round(link.score, 1),
                "why": link.why,
                "job": job,
                "paid": link.edge in given,
                "credits": 0.0 if link.edge in given else prices.of(job),
            }
        )
    return rows


def burst_bounds(scenes: Sequence[Scene], bursts: Sequence[str]) -> tuple[float, ...]:
    """West, south, east and north of bursts, degrees."""
    from shapely import total_bounds

    return tuple(total_bounds([scene.footprint for scene in scenes if scene.burst in bursts]).tolist())
