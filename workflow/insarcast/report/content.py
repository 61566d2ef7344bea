"""What the page says about one cube: gathered from files, put into sentences and tables, not yet into HTML."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from insarcast.core import Manifest, open_cube, open_store, read_manifest

from . import class_words, gain_words, inversion_words, ready_words, scoring, sentences, source_words, words
from .answer import Tile, answer_lines, checked, headline_rows, held, tiles_of, trusted
from .areas import SMALLEST, find_areas, speeds
from .gains import read_likeness
from .grids import grid_lines, lost_tiles
from .look import Facts
from .network import pair_counts, reasons_of_pairs
from .numbers import CubeNumbers, cube_numbers
from .outlook import chosen_store, outlooks
from .score_tables import clusters_table, likeness_table, scores_table, totals_table
from .tables import Cell, Table, areas_table, dropped_table, gnss_table, pairs_table, speeds_table, stations_table
from .truth_lines import read_truths
from .verdict import Verdict, verdict_of


@dataclass(frozen=True)
class Sources:
    """Files of one cube that the page is made from; classes are the edges of its velocity classes, mm/yr; model is report.model.

    ``clusters`` (the store of the full vintage), ``batches`` and ``seams`` (of grid models), and ``truths`` (the table and the
    numbers of a simulated scene), and ``corrections`` (their record) are empty for a cube that has none.
    """

    name: str
    manifest: Path
    decisions: Path
    cube: Path
    forecasts: Sequence[Path]
    choice: Path
    scores: Path
    likeness: Path
    gnss: Path
    clusters: Sequence[Path]
    batches: Sequence[Path]
    seams: Sequence[Path]
    truths: Sequence[Path]
    maps: Path
    figures: Sequence[Path]
    classes: Sequence[float]
    model: str | None
    corrections: Sequence[Path] = ()


@dataclass
class Content:
    """One cube on the page, a grid or a ready series; every text is plain and is escaped by the template.

    ``more`` holds further tables on the scores, unfolded on demand under a title; ``extra`` tables are written as csv alone.
    """

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
    clusters: Table
    likeness: Table
    truths: list[Table]
    gnss: Table
    pairs: Table
    dropped: Table
    masked: list[tuple[str, int]]
    pixels: tuple[int, int]
    credits: list[str]
    maps: list[str]
    simulated: bool
    more: list[tuple[str, list[Table]]] = field(default_factory=list)
    extra: list[Table] = field(default_factory=list)
    headline: list[dict[str, Cell]] = field(default_factory=list)
    stations: Table = field(default_factory=lambda: Table("", "", [], []))

    @property
    def folder(self) -> str:
        """Where its files lie, seen from the page."""
        return f"../{self.name}"

    @property
    def tables(self) -> list[Table]:
        """All tables that are written as csv."""
        scored = [*self.scores, self.clusters, self.likeness, *self.truths]
        scored += [table for _, tables in self.more for table in tables] + self.extra
        named = [
            self.areas,
            self.speeds,
            *(table for table in scored if table.rows),
            self.gnss,
            self.stations,
            self.pairs,
            self.dropped,
        ]
        return [table for table in named if table.name]


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
    days, likeness, truth = scoring.lead_days(store), read_likeness(source.likeness), read_truths(source.truths)
    edge, count, fast = find_areas(cube, last)
    said = truth.lines(verdict)
    figures = {facts_.id: (image, facts_) for image, facts_ in _figures(source.figures) if not facts_.numbers.get("hidden")}
    if manifest.truth is not None and not gnss["comparisons"]:
        figures.pop("F15", None)  # it would only say that no station was there, and that nothing checks the displacement
    content = Content(
        name=source.name,
        strip=_strip(cube, manifest, facts, found),
        tiles=tiles_of(facts, last, scores, verdict, gnss),
        answer=[
            *answer_lines(cube, facts, last, scores, verdict, checked(gnss, said[:2]), scoring.unscored(store)),
            *(ready_words.warned(found, scoring.scored_origins(scores)) if ready_words.is_ready(found) else []),
        ],
        figures=figures,
        where=sentences.areas(count, edge, SMALLEST)
        if facts.used
        else sentences.used(facts.used, facts.total, facts.masked, facts.reasons),
        trust=[
            *([ready_words.retrospective(found)] if ready_words.is_ready(found) else []),
            *_trust(facts, scores, verdict, store, likeness),
        ],
        evidence=[*checked(gnss, said), *_evidence(facts, found)],
        made=_made(manifest, found, source, store),
        areas=areas_table(source.name, fast, last.target if last.peak else None, last.level),
        speeds=speeds_table(source.name, speeds(cube, source.classes)),
        scores=_score_tables(source.name, scores, days),
        clusters=clusters_table(source.name, scores),
        likeness=likeness_table(source.name, likeness, days),
        truths=truth.tables(source.name, days),
        gnss=gnss_table(source.name, gnss["comparisons"]),
        stations=stations_table(source.name, gnss.get("table", [])),
        pairs=pairs_table(source.name, found["pairs"]) if found["pairs"] else Table("", "", [], []),
        dropped=dropped_table(source.name, [*_dropped(found, facts, gnss), *lost_tiles(source.batches)]),
        masked=facts.reasons,
        pixels=(facts.used, facts.total),
        credits=list(manifest.credits),
        maps=sorted(path.name for path in source.maps.iterdir() if path.suffix == ".tif"),
        simulated=manifest.truth is not None,
        extra=[
            inversion_words.corrections_table(source.name, json.loads(path.read_text(encoding="utf-8")))
            for path in source.corrections
        ],
    )
    content.headline = headline_rows(source.name, facts, last, scores, verdict, gnss)
    return content


def _figures(paths: Sequence[Path]) -> list[tuple[Path, Facts]]:
    images = [path for path in paths if path.suffix != ".json"]
    return [(image, read_facts(image.with_suffix(".json"))) for image in images]


def _strip(cube: xr.Dataset, manifest: Manifest, facts: CubeNumbers, found: dict[str, Any]) -> list[tuple[str, str]]:
    reference = found["reference"]
    days = f"{facts.dates[0]} to {facts.dates[-1]}, {len(found['dates'])} of {words.count(found['dates_found'], 'date')} used"
    zero = ready_words.zero(reference)
    if "reference_moved_from_lon" in cube.attrs:  # the record of the inversion has the place before
        moved = words.place(float(cube.attrs["reference_lon"]), float(cube.attrs["reference_lat"]))
        zero = f"{moved}, moved there after the inversion"
    elif reference.get("lon") is not None:
        zero = words.place(float(reference["lon"]), float(reference["lat"]))
    vintage = str(cube.attrs.get("as_of", "full"))
    known = facts.dates[-1] if vintage == "full" else words.day(vintage.removeprefix("asof-"))
    return [
        ("Source", source_words.source(manifest)),
        *(ready_words.strip(found) if ready_words.is_ready(found) else []),
        ("Geometry", sentences.geometry(facts.incidence, facts.heading)),
        ("Dates", days),
        ("Reference (zero)", zero),
        ("As of", f"{known}, the newest acquisition used"),
        ("Sign", "positive = towards the satellite"),
        (
            "Version",
            f"insarcast {cube.attrs.get('insarcast_version', 'unknown')}, settings {cube.attrs.get('config_hash', 'unknown')}",
        ),
    ]


def _source(manifest: Manifest) -> str:
    """Where the products are from; what was simulated says so, whatever layout it has."""
    return str(manifest.source) if manifest.truth is None else "simulated"


def _trust(facts: CubeNumbers, scores: pd.DataFrame, verdict: Verdict, store: xr.Dataset, likeness: pd.DataFrame) -> list[str]:
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


def _evidence(facts: CubeNumbers, found: dict[str, Any]) -> list[str]:
    worst = facts.worst
    date = sentences.worst_date(
        worst.date if worst else None, worst.rms if worst else 0, facts.usual, worst.share if worst else 0, 15
    )
    first = sentences.dropped(*pair_counts(found), reasons_of_pairs(found))
    return [
        ready_words.unchecked(found) if ready_words.is_ready(found) else first,
        date,
        sentences.used(facts.used, facts.total, facts.masked, facts.reasons),
    ]


def _made(manifest: Manifest, found: dict[str, Any], source: Sources, store: xr.Dataset) -> list[str]:
    models = words.listed([_labelled(each) for each in map(open_store, source.forecasts)])
    origins = words.listed([words.day(str(value)[:10]) for value in store.origin.values])
    if ready_words.is_ready(found):
        *before, forecasts = ready_words.made(found, _source(manifest), origins)
    else:
        *before, forecasts = _inverted(manifest, found, origins)
    lines = [
        before[0],
        source_words.cut(manifest, open_cube(source.cube)),
        *before[1:],
        *inversion_words.corrections(_steps(source)),
        *inversion_words.fitted(open_cube(source.cube)),
        forecasts,
        f"Models: {models}.",
        *(str(open_store(path).attrs.get("sentence", "")) for path in source.clusters),
        *grid_lines(source.batches, source.seams),
    ]
    return [line for line in lines if line]


def _inverted(manifest: Manifest, found: dict[str, Any], origins: str) -> list[str]:
    """How interferograms became displacement, and where forecasts start."""
    kept = pair_counts(found)[0]
    return [
        f"{words.count(len(manifest.pairs), 'interferogram')} of {words.count(found['dates_found'], 'date')} were read "
        f"({_source(manifest)}) and put on one grid.",
        f"{words.count(kept, 'interferogram')} passed the gates (coverage, coherence, loop closure) and were inverted by "
        f"{inversion_words.solver(found.get('inversion', {}))}, pixel by pixel.",
        inversion_words.noise(found),
        inversion_words.unwrapping(found),
        str(found["reference"].get("sentence", "")),
        f"Forecasts start from {origins}; each origin has its own cube, made from acquisitions up to that date only.",
    ]


def _steps(source: Sources) -> list[dict[str, Any]]:
    """What was taken off after the inversion."""
    return [step for path in source.corrections for step in json.loads(path.read_text(encoding="utf-8"))["steps"]]


def _labelled(store: xr.Dataset) -> str:
    """A model with its meaning: drift (the mean rate goes on)."""
    name = words.model(str(store.attrs["model"]))
    label = str(store.attrs.get("label") or "").removeprefix(f"{name}, ")
    return f"{name} ({label})" if label else name


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
