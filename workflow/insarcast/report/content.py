"""What the page says about one cube: gathered from files, put into sentences and tables, not yet into HTML."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from insarcast.core import Manifest, open_cube, read_manifest

from . import scoring, sentences, words
from .answer import Tile, answer_lines, headline_rows, held, tiles_of, trusted
from .areas import SMALLEST, find_areas, speeds
from .look import Facts
from .network import pair_counts, reasons_of_pairs
from .numbers import CubeNumbers, cube_numbers
from .outlook import chosen_store, outlooks
from .tables import Cell, Table, areas_table, dropped_table, gnss_table, pairs_table, scores_table, speeds_table, totals_table
from .verdict import Verdict, verdict_of


@dataclass(frozen=True)
class Sources:
    """Files of one cube that the page is made from; classes are the edges of its velocity classes, mm/yr; model is report.model."""

    name: str
    manifest: Path
    decisions: Path
    cube: Path
    forecasts: Sequence[Path]
    choice: Path
    scores: Path
    gnss: Path
    maps: Path
    figures: Sequence[Path]
    classes: Sequence[float]
    model: str | None


@dataclass
class Content:
    """One cube on the page; every text is plain and is escaped by the template."""

    name: str
    strip: list[tuple[str, str]]
    tiles: list[Tile]
    answer: list[str]
    figures: dict[str, tuple[Path, Facts]]
    where: str
    trust: list[str]
    evidence: list[str]
    made: list[str]
    areas: Table
    speeds: Table
    scores: list[Table]
    gnss: Table
    pairs: Table
    dropped: Table
    masked: list[tuple[str, int]]
    pixels: tuple[int, int]
    credits: list[str]
    maps: list[str]
    headline: list[dict[str, Cell]] = field(default_factory=list)

    @property
    def tables(self) -> list[Table]:
        """All tables that are written as csv."""
        return [self.areas, self.speeds, *self.scores, self.gnss, self.pairs, self.dropped]


def read_facts(path: Path) -> Facts:
    """The facts beside a figure."""
    return Facts(**json.loads(path.read_text(encoding="utf-8")))


def gather(source: Sources) -> Content:
    """Read one cube's files and say what they hold."""
    found = json.loads(source.decisions.read_text(encoding="utf-8"))
    gnss = json.loads(source.gnss.read_text(encoding="utf-8"))
    manifest, cube = read_manifest(source.manifest), open_cube(source.cube)
    store, scores = chosen_store(source.forecasts, source.choice, source.model), scoring.read_scores(source.scores)
    verdict = verdict_of(source.choice, source.model, scores)
    facts, last = cube_numbers(cube), outlooks(store, cube)[-1]
    edge, count, fast = find_areas(cube, last)
    figures = {facts_.id: (image, facts_) for image, facts_ in _figures(source.figures)}
    content = Content(
        name=source.name,
        strip=_strip(cube, manifest, facts, found),
        tiles=tiles_of(facts, last, scores, verdict, gnss),
        answer=answer_lines(cube, facts, last, scores, verdict, gnss),
        figures=figures,
        where=sentences.areas(count, edge, SMALLEST)
        if facts.used
        else sentences.measured(facts.used, facts.total, facts.reasons),
        trust=_trust(facts, scores, verdict, store),
        evidence=_evidence(facts, found, gnss),
        made=_made(manifest, found, facts, store, scores),
        areas=areas_table(source.name, fast, last.target if last.peak else None, last.level),
        speeds=speeds_table(source.name, speeds(cube, source.classes)),
        scores=_score_tables(source.name, scores, scoring.lead_days(store)),
        gnss=gnss_table(source.name, gnss["comparisons"]),
        pairs=pairs_table(source.name, found["pairs"]),
        dropped=dropped_table(source.name, _dropped(found, facts, gnss)),
        masked=facts.reasons,
        pixels=(facts.used, facts.total),
        credits=list(manifest.credits),
        maps=sorted(path.name for path in source.maps.iterdir() if path.suffix == ".tif"),
    )
    content.headline = headline_rows(source.name, facts, last, scores, verdict, gnss)
    return content


def _figures(paths: Sequence[Path]) -> list[tuple[Path, Facts]]:
    images = [path for path in paths if path.suffix != ".json"]
    return [(image, read_facts(image.with_suffix(".json"))) for image in images]


def _strip(cube: xr.Dataset, manifest: Manifest, facts: CubeNumbers, found: dict[str, Any]) -> list[tuple[str, str]]:
    reference = found["reference"]
    days = f"{facts.dates[0]} to {facts.dates[-1]}, {len(found['dates'])} of {words.count(found['dates_found'], 'date')} used"
    place = words.place(float(reference["lon"]), float(reference["lat"])) if reference.get("lon") is not None else "not recorded"
    vintage = str(cube.attrs.get("as_of", "full"))
    known = facts.dates[-1] if vintage == "full" else words.day(vintage.removeprefix("asof-"))
    return [
        ("Source", str(manifest.source)),
        ("Geometry", sentences.geometry(facts.incidence, facts.heading)),
        ("Dates", days),
        ("Reference (zero)", place),
        ("As of", f"{known}, the newest acquisition used"),
        ("Sign", "positive = towards the satellite"),
        (
            "Version",
            f"insarcast {cube.attrs.get('insarcast_version', 'unknown')}, settings {cube.attrs.get('config_hash', 'unknown')}",
        ),
    ]


def _trust(facts: CubeNumbers, scores: pd.DataFrame, verdict: Verdict, store: xr.Dataset) -> list[str]:
    flags = store["calibrated"].values if "calibrated" in store else None
    calibrated = sentences.calibration(
        int(flags.sum()) if flags is not None else 0, flags.size if flags is not None else 0, store.attrs.get("sentence")
    )
    lines = [
        sentences.few_dates(len(facts.dates), scoring.scored_origins(scores)),
        *verdict.reasons(),
        trusted(scores, verdict),
    ]
    return [line for line in [*lines, held(scores, verdict) or "", calibrated] if line]


def _evidence(facts: CubeNumbers, found: dict[str, Any], gnss: dict[str, Any]) -> list[str]:
    worst = facts.worst
    date = sentences.worst_date(
        worst.date if worst else None, worst.rms if worst else 0, facts.usual, worst.share if worst else 0, 15
    )
    return [
        sentences.gnss(gnss["comparisons"], gnss["skipped"]),
        sentences.dropped(*pair_counts(found), reasons_of_pairs(found)),
        date,
        sentences.measured(facts.used, facts.total, facts.reasons),
    ]


def _made(manifest: Manifest, found: dict[str, Any], facts: CubeNumbers, store: xr.Dataset, scores: pd.DataFrame) -> list[str]:
    inversion, reference = found.get("inversion", {}), found["reference"]
    norm = {"l2": "least squares", "l1": "least absolute residuals"}.get(
        str(inversion.get("norm")), str(inversion.get("norm", "least squares"))
    )
    weights = {"none": "without weights", "coherence": "weighted by coherence"}.get(
        str(inversion.get("weights", "none")), "weighted"
    )
    kept = pair_counts(found)[0]
    models = words.listed([words.model(name) for name in scoring.model_order(scores) if name != scoring.CHOSEN])
    origins = [words.day(str(value)[:10]) for value in store.origin.values]
    lines = [
        f"{words.count(len(manifest.pairs), 'interferogram')} of {words.count(found['dates_found'], 'date')} were read "
        f"({manifest.source}) and put on one grid.",
        f"{words.count(kept, 'interferogram')} passed the gates (coverage, coherence, loop closure) and were inverted by "
        f"{norm}, {weights}, pixel by pixel.",
        str(reference.get("sentence", "")),
        f"Forecasts start from {words.listed(origins)}; each origin has its own cube, made from acquisitions up to that date only.",
        f"Models: {models}." if models else "",
    ]
    return [line for line in lines if line]


def _score_tables(name: str, scores: pd.DataFrame, days: Mapping[int, float]) -> list[Table]:
    tables = [totals_table(name, scores), scores_table(scores, days, scoring.ALL, f"{name}_scores")]
    for number, label in enumerate(scoring.class_order(scores), 1):
        tables.append(scores_table(scores, days, label, f"{name}_scores_class{number}"))
    return tables


def _dropped(found: dict[str, Any], facts: CubeNumbers, gnss: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Pairs, dates, pixels by the mask's reasons, and GNSS stations that were left out."""
    rows = [dict(item) for item in found["dropped"]]
    told = any(item["what"] == "pixel" for item in rows)  # the inversion says itself why a pixel was not inverted
    masked = [item for item in facts.reasons if not (told and item[0] == "not_inverted")]
    rows += [{"what": "pixel", "name": "masked", "reason": words.reason(name), "count": number} for name, number in masked]
    for item in gnss["skipped"]:
        rows.append({"what": "gnss", "name": str(item), "reason": "", "count": None} if not isinstance(item, dict) else item)
    return rows
