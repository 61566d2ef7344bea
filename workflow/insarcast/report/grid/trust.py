"""Whether the forecast of a grid can be trusted: errors, classes, intervals in sentences."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from ..displacement.numbers import CubeNumbers
from ..scores import class_words, gain_words, scoring, sentences
from ..scores.verdict import Verdict


def chosen_scores(
    scores: pd.DataFrame, verdict: Verdict
) -> tuple[scoring.Total | None, scoring.Total | None, tuple[str, float] | None]:
    """Totals of the scored model and of persistence, and the best other model with its skill."""
    totals = {item.model: item for item in scoring.totals(scores)}
    name = verdict.scored
    others = [item for item in totals.values() if item.model not in (scoring.BASELINE, scoring.CHOSEN, name)]
    best = max(others, key=lambda item: item.skill, default=None)
    own = totals.get(name)
    # Among the models that may beat “nothing changes” the chosen one counts too.
    if own is not None and name != scoring.BASELINE and (best is None or own.skill >= best.skill):
        best = own
    return own, totals.get(scoring.BASELINE), None if best is None else (best.model, best.skill)


def trusted(scores: pd.DataFrame, verdict: Verdict, unscored: str = scoring.NOTHING) -> str:
    """The sentence on the error on unseen values; ``unscored`` says why there are none."""
    own, base, best = chosen_scores(scores, verdict)
    if own is None or base is None:
        return sentences.trust(verdict.scored, None, None, 0, 0, None, unscored=unscored)
    newest = None if verdict.asked or verdict.newest == own.model else verdict.newest
    origins = scoring.scored_origins(scores)
    return sentences.trust(own.model, own.mae, base.mae, origins, own.n, best, not verdict.asked, newest=newest)


def fastest_class(scores: pd.DataFrame, verdict: Verdict) -> str:
    """The sentence on the fastest velocity class, where the scored model fares otherwise than over all pixels; else empty."""
    own, base, _ = chosen_scores(scores, verdict)
    found = scoring.by_class(scores, verdict.scored)
    if own is None or base is None or not found or (found[-1].own < found[-1].base) == (own.mae < base.mae):
        return ""
    return class_words.fastest(verdict.who, found[-1])


def held(scores: pd.DataFrame, verdict: Verdict) -> str | None:
    """The sentence on the widest interval; None where the table scores no interval."""
    own, levels = chosen_scores(scores, verdict)[0], scoring.levels(scores)
    if own is None or not levels:
        return None
    return sentences.interval(own.coverage, levels[-1] / 100, own.n_interval, scoring.scored_origins(scores))


def trust_lines(
    facts: CubeNumbers, scores: pd.DataFrame, verdict: Verdict, store: xr.Dataset, likeness: pd.DataFrame
) -> list[str]:
    """Sentences on the forecast's errors, by what was tested, on whose scores are quoted, classes, likeness and intervals."""
    flags = store["calibrated"].values if "calibrated" in store else None
    calibrated = sentences.calibration(
        int(flags.sum()) if flags is not None else 0, flags.size if flags is not None else 0, store.attrs.get("sentence")
    )
    lines = [
        sentences.few_dates(len(facts.dates), scoring.scored_origins(scores)),
        *verdict.reasons(),
        trusted(scores, verdict, scoring.unscored(store)),
    ]
    if parts := scoring.by_class(scores, verdict.scored):
        lines.append(class_words.classes(verdict.who, parts))
    return [line for line in [*lines, _alike(verdict, likeness), held(scores, verdict) or "", calibrated] if line]


def _alike(verdict: Verdict, likeness: pd.DataFrame) -> str:
    """The structural similarity of the scored model's maps at the first lead time that has one; empty where none has."""
    known = likeness[likeness["ssim_increment"].notna()].sort_values("horizon")
    own = known[known["model"] == verdict.scored]
    if verdict.scored == scoring.BASELINE or not len(own):
        return ""
    base = known[(known["model"] == scoring.BASELINE) & (known["horizon"] == own["horizon"].iloc[0])]["ssim_increment"]
    first = float(own["ssim_increment"].iloc[0])
    return gain_words.likeness(verdict.who, int(own["horizon"].iloc[0]), first, float(base.iloc[0]) if len(base) else None)
