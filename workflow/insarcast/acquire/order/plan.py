"""From an area and a period to a plan: which interferograms to order, why, and what they cost."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from insarcast.core import write_json

from ..area import read_area
from ..web.session import service_session
from ..web.settings import WebSettings
from .network.graph import Edge
from .network.pairing import Network, Pairing
from .network.scores import check_score, pair_scores
from .paid import fitting_scenes, paid_edges, unused_note, usual_bursts, usual_track
from .prepare import check_job
from .rows import burst_bounds, plan_rows
from .scenes.baselines import date_baselines
from .scenes.bursts import burst_acquisitions, choose_bursts, outside
from .scenes.dates import check_enough, day_of, exceptions, in_period, wanted_dates
from .scenes.frames import most_common_frame, overlap_enough, scene_acquisitions
from .scenes.granules import read_paid
from .scenes.passes import Acquisition, choose_track, newest, one_a_day
from .scenes.search import Query, find_scenes, search_session
from .service.journal import bought
from .service.prices import job_costs
from .shown import note_shown
from .summary import tell, write_pairs

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

_ASKED_AGAIN = 2  # attempts at what the plan can do without: prices and credits


def plan_order(
    plan: Path,
    pairs: Path,
    area: Any,
    hyp3: Mapping[str, Any],
    products: Mapping[str, Any],
    name: str,
    manner: Mapping[str, Any],
    data_root: str | None,
    downloads: Mapping[str, Any],
    look_at: Sequence[str],
    cache: str,
    dry_run: bool,
    screen: Callable[[str], None] | None = None,
) -> None:
    """Plan the order of one cube: search, choose what covers the area, pair the dates, price the pairs. Nothing is ordered.

    Pairs that are paid already, as the journal in the cache tells, stay in the plan with their bursts; new ones are added for dates
    that came since.

    Args:
        plan: JSON to write: project, job, track, direction, frame, bursts, area, covered (share of the area), scenes (date, names,
            perpendicular baseline in m against the first), pairs (dates, days, baseline in m, score, why, job, paid, credits: 0 if
            it is paid), left_out, credits (null: unknown), cost_table, connected, notes (sentences for whoever reads it).
        pairs: the same pairs as a csv: date1, date2, days, baseline_m, score, why, credits.
        area: the study's ``area``, or None where bursts are named.
        hyp3: keys of the study's ``hyp3`` that say what is ordered.
        products: start, end and exclude of the study's ``products``.
        name: name of the order where ``hyp3.project`` is none.
        manner: keys of the study's ``hyp3`` that say where to ask: search, api, login.
        data_root: folder that a relative name of ``area`` lies under, or None.
        downloads: the study's ``downloads``.
        look_at: files that the printed summary names.
        cache: folder of what is fetched.
        dry_run: whether the plan is shown and not ordered: what was shown may be ordered later.
        screen: shows a line to the person whose job writes into a log, about long waits; None: there is none beside it.

    Raises:
        InsarcastError: keys that contradict each other, no answer in full, nothing found, several tracks, bursts that the service does
            not join, or fewer than three dates.
    """
    place = None if area is None else read_area(area, data_root)
    check_job(hyp3, place is not None)
    check_score(hyp3["score"])
    settings = WebSettings.of(downloads, screen)
    project = hyp3["project"] or re.sub(r"[^A-Za-z0-9_.-]", "-", name)
    paid = read_paid(bought(cache, project), hyp3)
    query = _query(place, hyp3, products)
    session = search_session(manner["search"], settings)
    scenes, left_out = newest(find_scenes(query, session))
    scenes = choose_track(scenes, place, hyp3, usual_track(paid, scenes))
    bursts, notes = list[str](), list[str]()
    if hyp3["job"] == "INSAR_GAMMA":
        assert place is not None
        found, missing = scene_acquisitions(scenes, place, hyp3)
    else:
        bursts, notes = choose_bursts(scenes, place, hyp3, usual_bursts(paid))
        if not hyp3["bursts"] and (more := outside(scenes, bursts, place)):
            others, twice = newest(find_scenes(replace(query, area=None, bursts=more), session))
            left_out += [entry for entry in twice if entry not in left_out]
            scenes = sorted({one.name: one for one in (*scenes, *others)}.values(), key=lambda one: (one.time, one.name))
        found, missing = burst_acquisitions(scenes, bursts, place)
    period = products["start"], products["end"]
    taken, twins = one_a_day([one for one in found if in_period(one.date, *period)])
    taken, unwanted = wanted_dates(taken, hyp3["network"]["season"], products["exclude"])
    left_out += [entry for entry in missing if in_period(entry["name"], *period)] + twins + unwanted
    check_enough(taken, left_out)
    baselines, unknown = date_baselines(taken)
    fits = {} if place is None or bursts else {"scenes_fit": fitting_scenes(scenes, taken, place, hyp3)}
    given, unused = paid_edges(paid, taken, hyp3, products["exclude"], **fits)
    network = _network(taken, baselines, hyp3, products["exclude"], place, given)
    used = [taken[number] for number in network.used]
    check_enough(used, left_out + network.left_out)
    if given and (lost := [entry["name"] for entry in network.left_out if entry["what"] == "date"]):
        notes.append(f"no pair is left for {len(lost)} dates from {lost[0]} on; see hyp3.network, max_pairs and connect")
    notes += unused_note(unused)
    left_out += unknown + unused + network.left_out
    left_out += exceptions(products["exclude"], taken, left_out)
    optional = replace(settings, attempts=min(settings.attempts, _ASKED_AGAIN))
    prices = job_costs(manner["api"], service_session(optional))
    rows = plan_rows(network, taken, hyp3, prices, given)
    bounds = place.bounds if place is not None else burst_bounds(scenes, bursts)
    content = {
        "project": project,
        "job": hyp3["job"],
        "track": scenes[0].track,
        "direction": scenes[0].direction,
        "frame": most_common_frame(used) if hyp3["job"] == "INSAR_GAMMA" else None,
        "bursts": bursts,
        "area": [round(float(value), 6) for value in bounds],
        "covered": round(min(one.covered for one in used), 4),
        "scenes": [
            {"date": taken[number].date, "names": taken[number].names, "baseline": baselines[number]} for number in network.used
        ],
        "pairs": rows,
        "left_out": left_out,
        "credits": None if any(row["credits"] is None for row in rows) else sum(row["credits"] for row in rows),
        "cost_table": prices.source,
        "connected": True,
        "notes": notes,
    }
    write_json(plan, content)
    write_pairs(pairs, rows)
    tell(content, hyp3, prices.note, manner, optional, look_at)
    if dry_run:
        note_shown(cache, project, [row["job"] for row in rows])


def _query(place: BaseGeometry | None, hyp3: Mapping[str, Any], products: Mapping[str, Any]) -> Query:
    return Query(
        "SLC" if hyp3["job"] == "INSAR_GAMMA" else "BURST",
        hyp3["polarization"],
        None if hyp3["bursts"] else place,
        hyp3["bursts"],
        hyp3["track"],
        hyp3["direction"],
        products["start"],
        products["end"],
    )


def _network(
    taken: Sequence[Acquisition],
    baselines: Sequence[float | None],
    hyp3: Mapping[str, Any],
    exclude: Sequence[str],
    place: BaseGeometry | None,
    given: Mapping[Edge, Mapping[str, Any]],
) -> Network:
    days = [day_of(one) for one in taken]
    south = sum(scene.footprint.centroid.y for scene in taken[0].scenes) < 0
    least = hyp3["min_cover"] * max(one.covered for one in taken)

    def possible(first: int, second: int) -> bool:
        return place is None or bool(taken[0].scenes[0].burst) or overlap_enough(taken[first], taken[second], place, least)

    score = pair_scores(days, baselines, south, hyp3["score"])
    return Pairing(days, baselines, hyp3["network"], score, possible, exclude, given).make()
