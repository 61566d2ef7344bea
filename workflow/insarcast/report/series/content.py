"""What the page says about one ready series: gathered from files, put into sentences and tables, not yet into HTML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from insarcast.core import Manifest, open_store, read_manifest

from ..checks import gnss_words
from ..checks.gnss_tables import gnss_table, stations_table
from ..writing import words
from ..writing.content import Content
from ..writing.facts import read_figures
from ..writing.tables import Table, dropped_table
from . import join_words, sentences
from .answer import answer_lines, headline_rows, tiles_of
from .moran import read_space, space_sentence
from .points.ahead import Ahead, ahead
from .points.numbers import Points, read_points
from .record import gaps_words, record_of, span_words
from .scores import rivals
from .scores.reading import Scores, drawn_store, lead_days, read_series_scores, test_period
from .scores.tables import about_models, classes_table, leads_table, metrics_table, models_table, tests_table
from .tables import left_out, points_table, space_table, speeds_table

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
    taken = sentences.taken_back(ahead(store, points, 0), last)
    space, why = read_space(source.evaluated, scores.scored)
    figures = read_figures(source.figures)
    if points.frame is None:
        figures = {
            name: item for name, item in figures.items() if name not in ("F24", "F25")
        }  # they would only say that there is no place
    cube, empty = source.name, Table("", "", [], [])
    gnss = json.loads(source.gnss[0].read_text(encoding="utf-8")) if source.gnss else None
    content = Content(
        name=cube,
        strip=_strip(points, manifest, store, origins, last, record),
        tiles=tiles_of(points, scores, days, last, taken),
        answer=answer_lines(points, scores, days, origins, record, manifest.source),
        figures=figures,
        where=" ".join(
            filter(None, [sentences.expected(points, last, scores.scored), taken, sentences.unforecast(points, last)])
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
        vertical=points.vertical,
        more=[
            ("By velocity, noise and cluster", [classes_table(cube, scores)]),
            ("All scores at the first and the last lead time", [metrics_table(cube, scores)]),
            ("Tests against persistence and the best simple model", [tests_table(cube, scores)]),
            ("Spatial statistics", [space_table(cube, space)]),
        ],
        extra=[leads_table(cube, scores, days)],
    )
    content.headline = headline_rows(cube, points, scores, last)
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
    attrs, joins = points.cube.attrs, join_words.dates(record)
    meet = f"; releases meet {words.listed(joins)}" if joins else ""
    return [
        ("Source", product),
        ("Direction", "up and down") if points.vertical else ("Geometry", sentences.geometry(points)),
        (
            "Points",
            f"{words.whole(points.count)} of {words.whole(points.total)} used, {words.whole(int(last.known.sum()))} forecast",
        ),
        ("Dates", f"{points.dates[0]} to {points.dates[-1]}, {words.count(len(points.dates), 'date')}{meet}"),
        ("Evaluation", tried),
        ("Reference (zero)", str(attrs.get("reference") or "not recorded")),
        ("Sign", f"positive = {sentences.positive(points)}"),
        ("Version", f"insarcast {attrs.get('insarcast_version', 'unknown')}, settings {attrs.get('config', 'unknown')}"),
    ]


def _trust(scores: Scores, days: Mapping[int, float], store: xr.Dataset, space: str) -> list[str]:
    said = store.attrs.get("sentences", [])
    calibrated = [str(text) for text in ([said] if isinstance(said, str) else said)]
    lines = [
        f"This evaluation is retrospective: at each test date a model knows the values up to that date, but those values come from a product "
        f"that was made later. {rivals.picked(scores)}".strip(),
        rivals.best(scores),
        rivals.tested(scores),
        str(scores.noise.get("sentence", "")),
        *calibrated,
        space,
    ]
    return [line for line in lines if line]


def _evidence(points: Points, record: Mapping[str, Any], gnss: Mapping[str, Any] | None) -> list[str]:
    counted = record_of(points)
    warnings = [re.sub(r"\b(20\d\d)([01]\d)([0-3]\d)\b", r"\1-\2-\3", str(text)) for text in record.get("warnings", [])]
    return [
        gnss_words.gnss(gnss["comparisons"], gnss["skipped"], gnss["sentence"])
        if gnss
        else "Nothing independent was compared with the displacement: a ready series is taken as it is.",
        sentences.measured(points),
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
