"""What the page says about one ready series: gathered from files, put into sentences and tables, not yet into HTML."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from insarcast.core import Manifest, open_store, read_manifest

from . import sentences, series_join, series_trust, series_words, words
from .answer import Tile
from .content import Content, read_facts
from .series_models import BASELINE
from .series_points import Ahead, Points, ahead, read_points
from .series_record import gaps_words, record_of, span_words
from .series_scores import POOLED, Scores, drawn_store, lead_days, read_series_scores, test_period
from .series_space import read_space, space_sentence
from .series_tables import (
    about_models,
    classes_table,
    leads_table,
    left_out,
    metrics_table,
    models_table,
    points_table,
    space_table,
    speeds_table,
    tests_table,
)
from .tables import Cell, Table, dropped_table, gnss_table, stations_table

RETROSPECTIVE = "ready series: evaluated retrospectively"


@dataclass(frozen=True)
class SeriesSources:
    """Files of one ready series that the page is made from; classes are the edges of its velocity classes, mm/yr; model is report.model.

    ``evaluated`` holds the tables of scores, tests, PIT, noise and space by their names, and the store of errors; ``autos`` is empty
    where there is one model only, ``groups`` where the points are not clustered, ``gnss`` where the study names no station.
    """

    name: str
    manifest: Path
    series: Path
    record: Path
    calibrated: Sequence[Path]
    autos: Sequence[Path]
    evaluated: Sequence[Path]
    groups: Sequence[Path]
    points: Sequence[Path]
    figures: Sequence[Path]
    classes: Sequence[float]
    model: str | None
    gnss: Sequence[Path] = ()


def gather_series(source: SeriesSources) -> Content:
    """Read one ready series' files and say what they hold."""
    manifest, points = read_manifest(source.manifest), read_points(source.series)
    record = json.loads(source.record.read_text(encoding="utf-8"))
    scores = read_series_scores(source.evaluated, source.autos, source.model)
    store = drawn_store(source.calibrated, scores.scored)
    days, last, origins = lead_days(store), ahead(store, points), test_period(store)[0]
    taken = series_words.taken_back(ahead(store, points, 0), last)
    space, why = read_space(source.evaluated, scores.scored)
    images = [path for path in source.figures if path.suffix != ".json"]
    figures = {facts.id: (image, facts) for image in images for facts in [read_facts(image.with_suffix(".json"))]}
    if points.frame is None:
        figures = {
            name: item for name, item in figures.items() if name not in ("F24", "F25")
        }  # they would only say that there is no place
    cube, empty = source.name, Table("", "", [], [])
    gnss = json.loads(source.gnss[0].read_text(encoding="utf-8")) if source.gnss else None
    content = Content(
        name=cube,
        strip=_strip(points, manifest, store, origins, last, record),
        tiles=_tiles(points, scores, days, last, taken),
        answer=_answer(points, scores, days, origins, record, manifest.source),
        figures=figures,
        where=" ".join(
            filter(None, [series_words.expected(points, last, scores.scored), taken, series_words.unforecast(points, last)])
        ),
        trust=_trust(scores, days, store, space_sentence(space, why)),
        evidence=_evidence(points, record, gnss),
        made=_made(points, scores, store, origins, manifest, source.groups),
        areas=points_table(cube, points, last),
        speeds=speeds_table(cube, points, source.classes),
        scores=[models_table(cube, scores)],
        clusters=empty,
        likeness=empty,
        truths=[],
        gnss=gnss_table(cube, gnss["comparisons"]) if gnss else empty,
        stations=stations_table(cube, gnss["table"]) if gnss else empty,
        pairs=empty,
        dropped=dropped_table(
            cube, [*left_out(record, manifest.skipped, _unscored(source.evaluated)), *(gnss["skipped"] if gnss else [])]
        ),
        masked=[],
        pixels=(points.count, points.total),
        credits=list(manifest.credits),
        maps=sorted(path.name for path in source.points if path.suffix != ".qml"),
        simulated=False,
        more=[
            ("By velocity, noise and cluster", [classes_table(cube, scores)]),
            ("All scores at the first and the last lead time", [metrics_table(cube, scores)]),
            ("Tests against persistence and the best simple model", [tests_table(cube, scores)]),
            ("Spatial statistics", [space_table(cube, space)]),
        ],
        extra=[leads_table(cube, scores, days)],
    )
    content.headline = _headline(cube, points, scores, last)
    return content


def _strip(
    points: Points, manifest: Manifest, store: xr.Dataset, origins: Sequence[str], last: Ahead, record: Mapping[str, Any]
) -> list[tuple[str, str]]:
    product = str(manifest.conventions.get("product") or manifest.source)
    tried = (
        f"{RETROSPECTIVE}, from {words.count(len(origins), 'date')}, {origins[0]} to {origins[-1]}"
        if origins
        else f"{RETROSPECTIVE}; no test date"
    )
    attrs, joins = points.cube.attrs, series_join.dates(record)
    meet = f"; releases meet {words.listed(joins)}" if joins else ""
    return [
        ("Source", product),
        ("Geometry", series_words.geometry(points)),
        (
            "Points",
            f"{words.whole(points.count)} of {words.whole(points.total)} used, {words.whole(int(last.known.sum()))} forecast",
        ),
        ("Dates", f"{points.dates[0]} to {points.dates[-1]}, {words.count(len(points.dates), 'date')}{meet}"),
        ("Evaluation", tried),
        ("Reference (zero)", str(attrs.get("reference") or "not recorded")),
        ("Sign", "positive = towards the satellite"),
        ("Version", f"insarcast {attrs.get('insarcast_version', 'unknown')}, settings {attrs.get('config', 'unknown')}"),
    ]


def _answer(
    points: Points, scores: Scores, days: Mapping[int, float], origins: Sequence[str], record: Mapping[str, Any], source: str
) -> list[str]:
    """What moves, how much better than nothing, what the noise allows, whether intervals hold, the fastest, joins, what is not known."""
    lines = [
        series_words.fastest(points),
        series_trust.better(scores, days, origins),
        series_trust.against_simple(scores),
        series_trust.floor(scores, days),
        series_trust.covered(scores, days) if scores.horizons else "",
        series_trust.moving(scores, days),
        series_join.told(record, points, source),
        series_trust.unknown(scores, days),
    ]
    return [line for line in lines if line]


def _tiles(points: Points, scores: Scores, days: Mapping[int, float], last: Ahead, taken: str) -> list[Tile]:
    tiles = []
    if points.fastest is not None:
        speed = float(points.velocity[points.fastest])
        tiles.append(Tile(words.whole(abs(speed)), "mm/yr", f"fastest point, {sentences.motion(speed)}"))
    if last.peak is not None:
        change = float(last.change[last.peak])
        way = f", {sentences.motion(change)}" if round(abs(change)) else ""
        way += ", mostly the newest date's noise taken back" if taken else ""
        about = f"largest change expected by {last.target}{way} ({last.level}\N{NO-BREAK SPACE}% interval {series_words.span(last, last.peak)})"
        tiles.append(Tile(words.whole(abs(change)), "mm", about))
    for horizon in dict.fromkeys(scores.horizons[:1] + scores.horizons[-1:]):
        skill = scores.value(scores.scored, horizon, "skill")
        if skill is not None:
            tiles.append(
                Tile(
                    words.signed(skill, 2),
                    "",
                    f"skill against “nothing changes”, after {series_trust.lead(days, horizon)} (0: no better, 1: perfect)",
                )
            )
    held = scores.value(scores.scored, POOLED, "coverage90")
    if held is not None:
        tiles.append(Tile(f"{100 * held:.0f}", "%", "of the unseen values lay in the 90\N{NO-BREAK SPACE}% interval"))
    return tiles


def _trust(scores: Scores, days: Mapping[int, float], store: xr.Dataset, space: str) -> list[str]:
    said = store.attrs.get("sentences", [])
    calibrated = [str(text) for text in ([said] if isinstance(said, str) else said)]
    lines = [
        f"This evaluation is retrospective: at each test date a model knows the values up to that date, but those values come from a product "
        f"that was made later. {series_trust.picked(scores)}".strip(),
        series_trust.best(scores),
        series_trust.tested(scores),
        str(scores.noise.get("sentence", "")),
        *calibrated,
        space,
    ]
    return [line for line in lines if line]


def _evidence(points: Points, record: Mapping[str, Any], gnss: Mapping[str, Any] | None) -> list[str]:
    counted = record_of(points)
    warnings = [re.sub(r"\b(20\d\d)([01]\d)([0-3]\d)\b", r"\1-\2-\3", str(text)) for text in record.get("warnings", [])]
    return [
        sentences.gnss(gnss["comparisons"], gnss["skipped"], gnss["sentence"])
        if gnss
        else "Nothing independent was compared with the displacement: a ready series is taken as it is.",
        series_words.measured(points),
        span_words(points, counted),
        gaps_words(counted),
        *warnings,
    ]


def _unscored(evaluated: Sequence[Path]) -> list[str]:
    """What evaluate says it could not score."""
    for path in evaluated:
        if path.name == "series_errors.zarr":
            said = open_store(path).attrs.get("unscored", [])
            return [str(text) for text in ([said] if isinstance(said, str) else said)]
    return []


def _made(
    points: Points, scores: Scores, store: xr.Dataset, origins: Sequence[str], manifest: Manifest, groups: Sequence[Path]
) -> list[str]:
    files = [Path(name).name for name in manifest.static.get("series", [])]
    levels = words.listed([f"{100 * float(q):g}" for q in store["quantile"].values])
    lines = [
        f"{words.count(points.total, 'series', 'series')} were read from {words.listed(files)}." if files else "",
        f"{words.count(store.sizes['point'], 'point')} were used to try the models; the test dates are {origins[0]} to {origins[-1]}, and "
        f"training and every choice used earlier dates only."
        if origins
        else "",
        f"Each model gives the {levels} % quantiles of the change 1 to {int(store.horizon.values[-1])} acquisitions ahead; their intervals are "
        "then calibrated on errors at earlier origins.",
        f"Models: {words.listed(about_models(scores))}.",
        *(str(open_store(path).attrs.get("sentence", "")) for path in groups),
    ]
    return [line for line in lines if line]


def _headline(cube: str, points: Points, scores: Scores, last: Ahead) -> list[dict[str, Cell]]:
    """Every number of the first section, as it was measured."""
    rows: list[tuple[str, Cell, str]] = [("points_used", points.count, "1"), ("points", points.total, "1")]
    if points.fastest is not None:
        place = points.place(points.fastest) or (None, None)
        rows += [
            ("fastest", float(points.velocity[points.fastest]), "mm/yr"),
            ("fastest_point", points.name(points.fastest), ""),
            ("fastest_lat", place[1], "degree"),
            ("fastest_lon", place[0], "degree"),
            ("faster_than", points.edge, "mm/yr"),
            ("faster_share", points.share, "1"),
        ]
    if last.peak is not None:
        ends = (("expected_change", last.change), ("expected_low", last.low), ("expected_high", last.high))
        rows += [(name, float(values[last.peak]), "mm") for name, values in ends]
    for horizon in dict.fromkeys(scores.horizons[:1] + scores.horizons[-1:]):
        rows += [
            (f"mae_{horizon}", scores.value(scores.scored, horizon, "mae"), "mm"),
            (f"mae_persistence_{horizon}", scores.value(BASELINE, horizon, "mae"), "mm"),
            (f"skill_{horizon}", scores.value(scores.scored, horizon, "skill"), "1"),
            (f"skill_low_{horizon}", scores.value(scores.scored, horizon, "skill_low"), "1"),
            (f"skill_high_{horizon}", scores.value(scores.scored, horizon, "skill_high"), "1"),
            (f"skill_at_most_{horizon}", scores.ceiling(horizon), "1"),
        ]
    sigma = scores.noise.get("noise_mm")
    rows += [("noise", float(sigma) if sigma is not None and math.isfinite(sigma) else None, "mm")]
    rows += [("coverage90", scores.value(scores.scored, POOLED, "coverage90"), "1")]
    return [{"cube": cube, "number": key, "value": value, "unit": unit} for key, value, unit in rows]
