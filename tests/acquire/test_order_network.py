"""Which dates are paired: limits, bridges, gaps, and asf_search's SBASNetwork as the oracle of what both can do."""

from __future__ import annotations

from datetime import date as Date
from datetime import timedelta
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from standins.sentinel1 import Catalogue, Track, make_passes

from insarcast.acquire.order.network.bridges import in_season
from insarcast.acquire.order.network.graph import loose_edges, parts_of
from insarcast.acquire.order.network.pairing import Network, Pairing
from insarcast.acquire.order.network.scores import expected_coherence, pair_scores
from insarcast.core import InsarcastError

SCORE = {"g_0": 0.7, "g_inf": 0.15, "tau": 40, "critical_baseline": 5000, "winter": 1}
USUAL: dict[str, Any] = {
    "max_days": 36, "max_baseline": 200, "neighbours": 3, "season": None, "bridge_years": 1, "bridge_date": None, "connect": True,
    "min_score": 0, "max_pairs": None,
}  # fmt: skip


def make(dates: list[Date], baselines: list[float | None] | None = None, south: bool = False, **settings: Any) -> Network:
    baselines = [0.0] * len(dates) if baselines is None else baselines
    keys = {key: settings.pop(key) for key in ("possible", "excluded", "given") if key in settings}
    score = pair_scores(dates, baselines, south, SCORE | {"winter": settings.pop("winter", 1)})
    return Pairing(dates, baselines, USUAL | settings, score, **keys).make()


def every(days: int, count: int, start: str = "2020-01-04", holes: Any = ()) -> list[Date]:
    first = Date.fromisoformat(start)
    return [first + timedelta(days=days * step) for step in range(count) if step not in holes]


def edges(network: Network, *whys: str) -> list[tuple[int, int]]:
    return [link.edge for link in network.links if not whys or link.why in whys]


def draw(seed: int) -> tuple[list[Date], list[float | None]]:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(20, 90))
    holes = set(rng.choice(count, count // 4, replace=False).tolist()) | set(
        range(count // 2, count // 2 + int(rng.integers(0, 9)))
    )
    dates = every(int(rng.choice([6, 12])), count, holes=holes)
    return dates, [None if rng.random() < 0.05 else float(value) for value in rng.normal(0, 90, len(dates)).round()]


def test_near_pairs_keep_the_limits() -> None:
    network = make(
        every(12, 10), [0.0, 10, 150, 20, 30, 40, -90, 20, 10, 5], bridge_years=0, neighbours=2, max_baseline=100, connect=False
    )
    assert all(link.days <= 36 and abs(link.baseline or 0) <= 100 for link in network.links)
    assert (0, 1) in edges(network)
    assert (0, 3) in edges(network)  # the date between is too far away, so the next counts
    assert max(np.bincount([first for first, _ in edges(network)])) == 2
    assert [entry["name"] for entry in network.left_out if entry["what"] == "date"] == ["20200128"]


@pytest.mark.parametrize("seed", range(12))
def test_a_connected_network_holds_every_date(seed: int) -> None:
    dates, baselines = draw(seed)
    network = make(dates, baselines)
    assert network.used == list(range(len(dates)))
    assert len(parts_of(len(dates), edges(network))) == 1
    assert len(set(edges(network))) == len(network.links)
    assert all(first < second for first, second in edges(network))
    assert edges(network) == sorted(edges(network))
    assert make(dates, baselines).links == network.links
    for link in network.links:
        assert link.days == (dates[link.edge[1]] - dates[link.edge[0]]).days
        assert link.why == "connect" or link.why == "loop" or link.baseline is None or abs(link.baseline) <= 200


@pytest.mark.parametrize("seed", range(12))
def test_gaps_are_joined_by_the_best_pairs(seed: int) -> None:
    """The pairs across gaps are a maximum spanning tree of the parts: their scores add up to that of scipy's."""
    dates, baselines = draw(seed)
    network = make(dates, baselines, max_days=24, max_baseline=90, bridge_years=0)
    count, own = len(dates), edges(network, "near")
    graph = csr_matrix((np.ones(len(own)), tuple(np.transpose(own))), (count, count))
    number, part = connected_components(graph, directed=False)
    score = pair_scores(dates, baselines, False, SCORE)
    cost = np.full((number, number), np.inf)
    for one, other in combinations(range(count), 2):
        if part[one] != part[other]:
            places = sorted((part[one], part[other]))
            cost[places[0], places[1]] = min(cost[places[0], places[1]], 101 - score(one, other))
    best = minimum_spanning_tree(csr_matrix(np.where(np.isinf(cost), 0, cost)))
    joined = [link for link in network.links if link.why == "connect"]
    assert len(joined) == number - 1
    assert sum(101 - link.score for link in joined) == pytest.approx(best.sum(), abs=1e-6)


def test_a_gap_is_crossed_by_a_triangle() -> None:
    network = make(every(12, 20, holes=range(8, 14)), bridge_years=0)
    across = [link for link in network.links if link.days > 36]
    assert [link.why for link in across] == ["loop", "connect"]
    assert not loose_edges(edges(network))


def test_a_chain_stays_a_chain() -> None:
    network = make(every(12, 12), neighbours=1, bridge_years=0)
    assert edges(network) == [(step, step + 1) for step in range(11)]
    assert len(loose_edges(edges(network))) == 11


@pytest.mark.parametrize("seed", range(6))
def test_fewer_pairs_keep_the_network_one(seed: int) -> None:
    dates, baselines = draw(seed)
    whole = make(dates, baselines)
    for most in (len(dates) - 1, len(dates) + 5, len(whole.links) - 1, len(whole.links)):
        network = make(dates, baselines, max_pairs=most)
        assert len(network.links) == most
        assert network.used == list(range(len(dates)))
        assert len(parts_of(len(dates), edges(network))) == 1
        assert len([entry for entry in network.left_out if "max_pairs" in entry["reason"]]) == len(whole.links) - most
    tree = make(dates, baselines, max_pairs=len(dates) - 1)
    matrix = csr_matrix(([101 - link.score for link in whole.links], tuple(np.transpose(edges(whole)))), (len(dates), len(dates)))
    assert sum(101 - link.score for link in tree.links) == pytest.approx(minimum_spanning_tree(matrix).sum(), abs=1e-6)


def test_pairs_that_are_kept_close_triangles_first() -> None:
    dates = every(12, 21)
    loose = loose_edges(edges(make(dates, bridge_years=0, max_pairs=30)))
    assert len(loose) == 0  # ten triangles of twenty steps


def test_too_few_pairs_end_in_a_sentence() -> None:
    with pytest.raises(InsarcastError, match=r"max_pairs is 8, but 12 dates hang together by 11 pairs at least; raise it"):
        make(every(12, 12), max_pairs=8)


def test_a_low_score_is_left_out_unless_it_is_needed() -> None:
    dates = every(12, 20, holes=range(8, 14))
    network = make(dates, min_score=40, bridge_years=0)
    assert {link.why for link in network.links if link.score < 40} == {"connect"}
    assert len(parts_of(len(dates), edges(network))) == 1
    assert all("hyp3.network.min_score" in entry["reason"] for entry in network.left_out)
    assert len(network.left_out) > 0


def test_without_connecting_the_largest_part_stays() -> None:
    network = make(every(12, 30, holes=range(10, 16)), connect=False, bridge_years=0)
    assert network.used == list(range(10, 24))
    dates = [entry["name"] for entry in network.left_out if entry["what"] == "date"]
    assert dates == [f"{date:%Y%m%d}" for date in every(12, 10)]
    assert sum(entry["what"] == "pair" for entry in network.left_out) > 0
    assert "hyp3.network.connect is false" in network.left_out[0]["reason"]


def test_what_the_service_cannot_pair_is_never_chosen() -> None:
    dates = every(12, 20, holes=range(8, 14))
    network = make(dates, possible=lambda one, other: (one < 8) == (other < 8), bridge_years=0)
    assert network.used == list(range(8))
    assert "no pair is possible" in network.left_out[-1]["reason"]
    excluded = {"20200104_20200116", "20200104_20200128"}
    assert not excluded & {f"{dates[a]:%Y%m%d}_{dates[b]:%Y%m%d}" for a, b in edges(make(dates, excluded=excluded))}


def test_bridges_begin_near_their_day_and_span_years() -> None:
    dates = every(12, 100)
    network = make(dates, bridge_date="06-15", bridge_years=2)
    bridges = [link for link in network.links if link.why == "bridge"]
    assert {round(link.days / 365.25) for link in bridges} == {1, 2}
    for link in bridges:
        first = dates[link.edge[0]]
        assert abs((first - first.replace(month=6, day=15)).days) <= 18
        assert abs(link.days - 365.25 * round(link.days / 365.25)) <= 18
    groups = [(dates[link.edge[0]].year, round(link.days / 365.25)) for link in bridges]
    assert max(groups.count(group) for group in groups) == 3  # as many as neighbours
    assert not set(edges(network, "bridge")) & set(loose_edges(edges(network)))


def test_a_bridge_day_at_new_year_is_near_on_both_sides() -> None:
    dates = every(12, 100, "2019-10-01")
    firsts = [dates[link.edge[0]] for link in make(dates, bridge_date="01-01", neighbours=None).links if link.why == "bridge"]
    assert {date.month for date in firsts} == {12, 1}


def test_bridges_are_where_winter_is_not() -> None:
    """With snow, the best day of a year for bridges is not in winter, north or south."""
    dates = every(12, 100)
    months = {
        south: {
            dates[end].month for link in make(dates, south=south, winter=0.3).links if link.why == "bridge" for end in link.edge
        }
        for south in (False, True)
    }
    assert not months[False] & {12, 1, 2}
    assert not months[True] & {6, 7, 8}


def test_a_season_may_run_over_new_year() -> None:
    days = [Date(2021, month, day) for month, day in ((10, 31), (11, 1), (12, 31), (1, 1), (2, 28), (3, 31), (4, 1))]
    assert [in_season(day, ["11-01", "03-31"]) for day in days] == [False, True, True, True, True, True, False]
    assert [in_season(day, ["04-01", "10-31"]) for day in days] == [True, False, False, False, False, False, True]
    assert in_season(Date(2020, 2, 29), ["02-28", "03-05"])
    assert in_season(Date(2020, 2, 29), ["02-01", "02-29"])
    with pytest.raises(InsarcastError, match=r"hyp3\.network\.season has '02-30', which is no day of the year"):
        in_season(days[0], ["02-30", "03-31"])


def test_expected_coherence_is_the_formula() -> None:
    assert expected_coherence(0, 0, False, SCORE) == pytest.approx(0.7)
    assert expected_coherence(40, 0, False, SCORE) == pytest.approx(0.15 + 0.55 / np.e)
    assert expected_coherence(1e9, 0, False, SCORE) == pytest.approx(0.15)
    assert expected_coherence(0, -2500, False, SCORE) == pytest.approx(0.35)
    assert expected_coherence(0, 6000, False, SCORE) == 0
    assert expected_coherence(0, None, False, SCORE) == pytest.approx(0.7)
    assert expected_coherence(0, 0, True, SCORE | {"winter": 0.5}) == pytest.approx(0.35)


# What both can do: no neighbours, no gaps, a bridge day far from New Year.
ORACLES = [
    {"max_days": 36, "max_baseline": 400, "bridge_years": 1, "bridge_date": "06-15"},
    {"max_days": 60, "max_baseline": 95, "bridge_years": 1, "bridge_date": "04-10"},
    {"max_days": 24, "max_baseline": 300, "bridge_years": 2, "bridge_date": "03-10"},
]


@pytest.fixture(scope="module")
def products() -> list[Any]:
    """asf_search's products of one burst on 62 dates, the oldest first."""
    from asf_search.search.search_generator import as_ASFProduct

    track = Track(5, "DESCENDING", -99.1, 19.4)
    passes = make_passes(track, count=66, holes=(11, 12, 30, 47), tube=40)
    burst = track.here.removeprefix("005_")
    items = [item for item in Catalogue(passes, rows=0, polarizations=("VV",)).items if burst in item["umm"]["GranuleUR"]]
    return [as_ASFProduct(item, None) for item in items]


@pytest.mark.parametrize("settings", ORACLES)
def test_the_same_pairs_as_sbas_network(products: list[Any], settings: dict[str, Any]) -> None:
    import asf_search

    products = products if settings["bridge_years"] > 1 else products[:46]  # the oracle's time grows with the square
    oracle = asf_search.SBASNetwork.from_search_results(
        asf_search.ASFSearchResults(products),
        perpendicular_baseline=settings["max_baseline"],
        inseason_temporal_baseline=settings["max_days"],
        bridge_year_threshold=settings["bridge_years"],
        bridge_target_date=settings["bridge_date"],
    )
    dates = [Date.fromisoformat(product.properties["startTime"][:10]) for product in products]
    pairs = {(pair.ref_time.date(), pair.sec_time.date()): pair.perpendicular_baseline for pair in oracle.subset_stack}
    every_pair = asf_search.baseline.calculate_perpendicular_baselines(products[0].properties["sceneName"], products)
    baselines = [float(product.properties["perpendicularBaseline"]) for product in every_pair]
    network = make(dates, baselines, neighbours=None, connect=False, **settings)
    assert network.used == list(range(len(dates)))
    ours = {(dates[link.edge[0]], dates[link.edge[1]]): link.baseline for link in network.links}
    # The oracle computes each pair's baseline anew and rounds it; ours is the difference of two rounded ones.
    close = {
        pair
        for pair in pairs.keys() ^ ours.keys()
        if abs(abs(pairs.get(pair, ours.get(pair)) or 0) - settings["max_baseline"]) <= 2
    }
    assert pairs.keys() ^ ours.keys() <= close
    assert len(close) <= 3
    assert len(pairs) > 60
    assert max(abs((ours[pair] or 0) - pairs[pair]) for pair in pairs.keys() & ours.keys()) <= 2


def test_why_sbas_network_is_not_used(products: list[Any]) -> None:
    """Two of the reasons: the order of a search changes its pairs, and one product without state vectors stops it."""
    import asf_search

    some = products[:20]
    count = [
        len(asf_search.SBASNetwork.from_search_results(asf_search.ASFSearchResults(given)).subset_stack)
        for given in (some, some[::-1])
    ]
    assert count[1] > 2 * count[0]
    blind = type(some[0])({"umm": {**some[0].umm, "AdditionalAttributes": []}, "meta": some[0].meta}, None)
    with pytest.raises(TypeError):
        asf_search.SBASNetwork.from_search_results(
            asf_search.ASFSearchResults([blind, *some[1:4]]), allow_missing_state_vectors=True
        )


GROWTH: list[tuple[int, float, dict[str, Any]]] = [
    (12, 0.05, {}),
    (6, 0.05, {}),
    (12, 0.3, {}),
    (12, 0.05, {"winter": 0.6}),
    (12, 0.05, {"season": ["05-01", "10-31"]}),
    (12, 0.05, {"max_pairs": 90}),
    (12, 0.05, {"max_pairs": 400}),
    (12, 0.05, {"min_score": 30}),
    (12, 0.05, {"bridge_years": 2}),
    (12, 0.05, {"neighbours": None}),
    (12, 0.05, {"neighbours": 1}),
    (12, 0.05, {"max_baseline": 90}),
]


@pytest.mark.parametrize(("step", "missing", "settings"), GROWTH)
def test_a_growing_record_buys_nothing_in_vain(step: int, missing: float, settings: dict[str, Any]) -> None:
    """Date after date added: all that was bought is used, and nothing is bought among dates that were planned before."""
    rng = np.random.default_rng(3)
    there = rng.random(90) > missing
    everything = [
        (date, value)
        for date, value, is_there in zip(every(step, 90), rng.normal(0, 60, 90).round().tolist(), there, strict=True)
        if is_there and in_season(date, settings.get("season"))
    ]
    paid: set[tuple[Date, Date]] = set()
    known: set[Date] = set()
    for count in range(15, len(everything) + 1):
        dates, baselines = [list(column) for column in zip(*everything[:count], strict=True)]
        given = [(dates.index(one), dates.index(other)) for one, other in paid]
        network = make(dates, baselines, given=given, **settings)
        pairs = {(dates[one], dates[other]) for one, other in edges(network)}
        assert paid <= pairs
        assert not [pair for pair in pairs - paid if known.issuperset(pair)]
        assert len(parts_of(len(dates), edges(network))) == 1 + len(dates) - len(network.used)
        assert len(pairs) <= (settings.get("max_pairs") or len(pairs))
        paid, known = pairs, {date for pair in pairs for date in pair}
    if settings.get("max_pairs") == 90:
        lost = [entry for entry in network.left_out if entry["what"] == "date"]
        assert len(lost) == len(dates) - len(network.used) > 0
        assert "hyp3.network.max_pairs is 90, and 90 pairs are paid: none is left" in lost[0]["reason"]
    else:
        assert network.used == list(range(len(dates)))
        fresh = make(dates, baselines, **settings)
        assert len(network.links) <= 1.08 * len(fresh.links)


def test_an_order_that_was_cut_short_is_planned_whole_again() -> None:
    """Of a plan the first half was sent: the rest, bridges too, comes back."""
    dates = every(12, 60)
    whole = make(dates, bridge_date="06-15")
    half = edges(whole)[: len(whole.links) // 2]
    again = make(dates, bridge_date="06-15", given=half)
    assert edges(again) == edges(whole)
    assert [link.why for link in again.links] == [link.why for link in whole.links]


def test_more_is_bought_among_old_dates_where_the_study_asks_for_more() -> None:
    dates = every(12, 30)
    few = make(dates, neighbours=2)
    more = make(dates, neighbours=3, given=edges(few))
    assert set(edges(few)) < set(edges(more))
    assert set(edges(make(dates, neighbours=3), "near")) <= set(edges(more))


def test_a_pair_that_is_paid_and_excluded_is_not_used() -> None:
    dates = every(12, 10)
    network = make(dates, given=[(0, 1), (1, 2)], excluded={"20200104_20200116"})
    assert (0, 1) not in edges(network)
    assert (1, 2) in edges(network)
