"""What the page says about a cube on a grid: gathered from files, put into sentences and tables."""

from __future__ import annotations

import json
from typing import Any

from insarcast.core import open_cube, read_manifest

from ..checks.gnss_tables import gnss_table, stations_table
from ..checks.truth_lines import read_truths
from ..displacement import sentences
from ..displacement.numbers import CubeNumbers, cube_numbers
from ..forecast.outlook import outlooks
from ..made.tile_lines import lost_tiles
from ..scores import scoring
from ..scores.gains import read_likeness
from ..scores.tables import clusters_table, likeness_table
from ..scores.verdict import chosen_store, verdict_of
from ..stack import ready_words
from ..stack.pairs import pair_counts, reasons_of_pairs
from ..stack.sentences import dropped
from ..stack.tables import corrections_table, pairs_table
from ..writing.content import Content
from ..writing.facts import read_figures
from ..writing.tables import Table, dropped_table
from .answer import answer_lines, checked, headline_rows, tiles_of
from .areas import SMALLEST, find_areas, speeds
from .made import made_lines
from .sources import Sources
from .strip import strip_of
from .tables import areas_table, left_out, score_tables, speeds_table
from .trust import trust_lines


def gather(source: Sources) -> Content:
    """Read one cube's files and say what they hold."""
    found = json.loads(source.decisions.read_text(encoding="utf-8"))
    gnss = json.loads(source.gnss.read_text(encoding="utf-8"))
    manifest, cube = read_manifest(source.manifest), open_cube(source.cube)
    store, scores = chosen_store(source.forecasts, source.choice, source.model), scoring.read_scores(source.scores)
    verdict = verdict_of(source.choice, source.model, scores)
    facts, last = cube_numbers(cube), outlooks(store, cube)[-1]
    days, likeness, truth = scoring.lead_days(store), read_likeness(source.likeness), read_truths(source.truths)
    edge, count, fast = find_areas(cube, last)
    said = truth.lines(verdict)
    figures = read_figures(source.figures)
    if manifest.truth is not None and not gnss["comparisons"]:
        figures.pop("F15", None)  # it would only say that no station was there, and that nothing checks the displacement
    content = Content(
        name=source.name,
        strip=strip_of(cube, manifest, facts, found),
        tiles=tiles_of(facts, last, scores, verdict, gnss),
        answer=[
            *answer_lines(cube, facts, last, scores, verdict, checked(gnss, said[:2]), scoring.unscored(store)),
            *(ready_words.warned(found, scoring.scored_origins(scores)) if ready_words.is_ready(found) else []),
        ],
        figures=figures,
        where=sentences.areas(count, edge, SMALLEST) if facts.used else sentences.used(*facts.counts),
        trust=[
            *([ready_words.retrospective(found)] if ready_words.is_ready(found) else []),
            *trust_lines(facts, scores, verdict, store, likeness),
        ],
        evidence=[*checked(gnss, said), *_evidence(facts, found)],
        made=made_lines(manifest, found, source, store),
        areas=areas_table(source.name, fast, last.target if last.peak else None, last.level),
        speeds=speeds_table(source.name, speeds(cube, source.classes)),
        scores=score_tables(source.name, scores, days),
        clusters=clusters_table(source.name, scores),
        likeness=likeness_table(source.name, likeness, days),
        truths=truth.tables(source.name, days),
        gnss=gnss_table(source.name, gnss["comparisons"]),
        stations=stations_table(source.name, gnss.get("table", [])),
        pairs=pairs_table(source.name, found["pairs"]) if found["pairs"] else Table("", "", [], []),
        dropped=dropped_table(source.name, [*left_out(found, facts, gnss), *lost_tiles(source.batches)]),
        masked=facts.reasons,
        pixels=(facts.used, facts.total),
        credits=list(manifest.credits),
        maps=sorted(path.name for path in source.maps.iterdir() if path.suffix == ".tif"),
        simulated=manifest.truth is not None,
        extra=[corrections_table(source.name, json.loads(path.read_text(encoding="utf-8"))) for path in source.corrections],
    )
    content.headline = headline_rows(source.name, facts, last, scores, verdict, gnss)
    return content


def _evidence(facts: CubeNumbers, found: dict[str, Any]) -> list[str]:
    worst = facts.worst
    date = sentences.worst_date(
        worst.date if worst else None, worst.rms if worst else 0, facts.usual, worst.share if worst else 0, 15
    )
    first = dropped(*pair_counts(found), reasons_of_pairs(found))
    return [
        ready_words.unchecked(found) if ready_words.is_ready(found) else first,
        date,
        sentences.used(*facts.counts),
    ]
