"""What a plan says to a person: a table of pairs, and a few lines on the screen."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from insarcast.core import InsarcastError

from ..web.settings import WebSettings
from .network.graph import loose_edges
from .service.client import connect
from .service.jobs import PIXELS

_KINDS = {"near": "near", "bridge": "from year to year", "connect": "across gaps", "loop": "to close triangles"}
_COLUMNS = ("date1", "date2", "days", "baseline_m", "score", "why", "credits")


def write_pairs(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the pairs of a plan as a csv."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, _COLUMNS, lineterminator="\n", extrasaction="ignore")
        table.writeheader()
        for row in rows:
            known = {
                key: "" if value is None else f"{value:g}" if isinstance(value, float) else value for key, value in row.items()
            }
            table.writerow(known | {"baseline_m": known["baseline"]})


def tell(
    plan: Mapping[str, Any],
    hyp3: Mapping[str, Any],
    note: str,
    manner: Mapping[str, Any],
    settings: WebSettings,
    look_at: Sequence[str],
) -> None:
    """Print a plan; the job's standard output is its log, which the workflow shows when it ends."""
    print("\n".join(summary(plan, hyp3, note, credits_left(manner, settings), look_at)), flush=True)


def summary(plan: Mapping[str, Any], hyp3: Mapping[str, Any], note: str, left: str, look_at: Sequence[str]) -> list[str]:
    """A plan in a few lines.

    Args:
        plan: its content.
        hyp3: the study's ``hyp3``, for looks and polarization.
        note: why the service could not be asked for its prices, or "".
        left: a sentence about the credits that are left.
        look_at: files to look at.
    """
    dates = [scene["date"] for scene in plan["scenes"]]
    pairs = plan["pairs"]
    steps = [(_days(one, other), one, other) for one, other in pairwise(dates)]
    gap = max(steps)
    lost = sum(entry["what"] == "date" for entry in plan["left_out"])
    what = _count(len(plan["bursts"]), "burst") if plan["bursts"] else f"frame {plan['frame']}"
    place = {date: number for number, date in enumerate(dates)}
    loose = len(loose_edges([(place[pair["date1"]], place[pair["date2"]]) for pair in pairs]))
    kinds = [f"{sum(pair['why'] == why for pair in pairs)} {words}" for why, words in _KINDS.items()]
    scores, unknown = [pair["score"] for pair in pairs], sum(scene["baseline"] is None for scene in plan["scenes"])
    extent = [abs(pair["baseline"]) for pair in pairs if pair["baseline"] is not None]
    lines: dict[str, str | list[str]] = {
        "plan": f"{plan['project']}: {plan['job']} of track {plan['track']} {plan['direction']}, {what}, {hyp3['polarization']}, "
        f"{hyp3['looks']} looks (pixels of {PIXELS[hyp3['looks']]} m), {100 * plan['covered']:.0f} % of the area",
        "dates": f"{len(dates)} from {_day(dates[0])} to {_day(dates[-1])}, the longest gap {gap[0]} days from {_day(gap[1])} to "
        f"{_day(gap[2])}; {lost} left out",
        "pairs": f"{len(pairs)} ({', '.join(kind for kind in kinds if not kind.startswith('0 '))}) in one network, "
        f"{len(pairs) / (len(dates) - 1):.1f} for each step, {'all' if not loose else f'all but {loose}'} of them in triangles",
        "length": f"{min(pair['days'] for pair in pairs)} to {max(pair['days'] for pair in pairs)} days"
        + (f", baselines up to {max(extent):.0f} m" if extent else "")
        + (f"; {_count(unknown, 'date')} without a known baseline" if unknown else ""),
        "score": f"{min(scores):.0f} to {max(scores):.0f}, median {median(scores):.0f} (100 times the expected coherence)",
        "note": plan["notes"],
        "price": _price(plan, note),
        "account": left,
        "look at": ", ".join(look_at),
    }
    each = [(key, text) for key, texts in lines.items() for text in ([texts] if isinstance(texts, str) else texts)]
    return [f"{key:<11}{text}" for key, text in each if text]


def credits_left(manner: Mapping[str, Any], settings: WebSettings) -> str:
    """What is left on the account, in words; a plan needs no account, so what goes wrong is said and no more."""
    try:
        account = connect(manner["api"], manner["login"], settings).account()
    except InsarcastError as error:
        return f"credits left are not known ({str(error).split(';')[0].rstrip('.')})"
    if not account.known:
        return "credits left are not known (the service takes too long to tell)"
    return "no limit of credits" if account.credits is None else f"{account.credits:g} credits left"


def _price(plan: Mapping[str, Any], note: str) -> str:
    new = [pair["credits"] for pair in plan["pairs"] if not pair["paid"]]
    old = len(plan["pairs"]) - len(new)
    paid = f" for {_count(len(new), 'new pair')}, {old} {'is' if old == 1 else 'are'} paid already" if old else ""
    if plan["credits"] is None:
        return f"not known{f' ({note})' if note else ': the service lists no price of this job'}{paid}"
    each = f" ({' or '.join(f'{one:g}' for one in sorted(set(new)))} a pair)" if new else ""
    return f"{plan['credits']:g} credits{each}{paid}{f'; {note}' if note and new else ''}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _day(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"


def _days(one: str, other: str) -> int:
    return (datetime.strptime(other, "%Y%m%d") - datetime.strptime(one, "%Y%m%d")).days
