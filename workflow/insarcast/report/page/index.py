"""The one page a person reads: self-contained, offline, every string escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from insarcast import __version__

from ..checks import truth_words
from ..decomposed.content import DecomposedContent, gather_decomposed
from ..grid.content import gather
from ..grid.sources import Sources
from ..series.content import SeriesSources, gather_series
from ..writing.content import Content
from .glossary import GLOSSARY
from .html import environment
from .record import headline_table, settings_rows, versions

# Which figures a section shows, in this order; what a study does not have is left out.
SECTIONS = {
    "maps": ("F1", "F2", "F3"),
    "where": ("F22", "F31"),
    "trust": ("F5", "F6", "F7", "F8", "F10", "F21", "F24", "F25"),
    "evidence": ("F33", "F11", "F12", "F13", "F23", "F14", "F32", "F30", "F15", "F26"),
    "decomposed": ("F27", "F28"),
    "made": ("F16", "F18", "F20"),
}


def write_report(
    page: Path,
    style: Path,
    manifests: Sequence[Path],
    decisions: Sequence[Path],
    cubes: Sequence[Path],
    forecasts: Sequence[Path],
    choices: Sequence[Path],
    scores: Sequence[Path],
    likeness: Sequence[Path],
    gnss: Sequence[Path],
    clusters: Sequence[Path],
    batches: Sequence[Path],
    seams: Sequence[Path],
    truths: Sequence[Path],
    maps: Sequence[Path],
    figures: Sequence[Path],
    index: Path,
    tables: Path,
    study: str,
    names: Sequence[str],
    classes: Sequence[Sequence[float]],
    drawn: Sequence[str | None],
    values: Mapping[str, Any],
    series: Sequence[Path] = (),
    records: Sequence[Path] = (),
    calibrated: Sequence[Path] = (),
    autos: Sequence[Path] = (),
    evaluated: Sequence[Path] = (),
    groups: Sequence[Path] = (),
    points: Sequence[Path] = (),
    decomposed: Sequence[Path] = (),
    decomposed_figures: Sequence[Path] = (),
    decomposed_gnss: Sequence[Path] = (),
    decomposed_maps: Sequence[Path] = (),
    corrections: Sequence[Path] = (),
) -> None:
    """Write the page and its tables; the same inputs give the same bytes.

    Args:
        page: template of the page.
        style: its style sheet, put into the page.
        manifests: what acquire found, one per cube in the order of ``names``.
        decisions: what was kept and dropped, one per cube of a grid in the order of ``names``; so are the next.
        cubes: full cubes.
        choices: models chosen at every origin.
        scores: tables of scores.
        likeness: tables of improved shares and structural similarity.
        gnss: comparisons with GNSS, ``<cube>/evaluate/gnss.json``, of the grids and of the ready series that name stations.
        maps: folders of maps.
        forecasts: calibrated forecasts of all cubes, ``<cube>/combine/<model>.zarr``.
        clusters: clusters of the full vintages, ``<cube>/cluster/full.zarr``, of the cubes that have them.
        batches: folders of tiles' forecasts, ``<cube>/forecast/tiles/<model>-<batch>``, of the cubes that have models of grids.
        seams: what stitching said of them, ``<cube>/stitch/<model>.json``.
        truths: ``<cube>/evaluate/truth.parquet`` and ``truth.json`` of the cubes that are simulated.
        figures: figures and their JSON of all cubes, ``<cube>/report/figures/...``.
        index: page to write.
        tables: folder to write, csv files.
        study: name of the study.
        names: names of the cubes.
        classes: edges of the velocity classes of each cube, mm/yr.
        drawn: ``report.model`` of each cube: the model to show, or None for the automatic choice.
        values: the study's values, defaults included.
        series: cubes of the ready series, ``<cube>/stack/full/series.zarr``; the cubes that have none are grids.
        records: what was read and left out, ``<cube>/stack/full/series.json``.
        calibrated: their calibrated forecasts, ``<cube>/combine/series/<model>.zarr``.
        autos: their automatic choices, ``<cube>/combine/ensembles/auto.json``, where there are several models.
        evaluated: what evaluate left of them, ``<cube>/evaluate/<name>``.
        groups: clusters of their points, ``<cube>/cluster/series.zarr``, where they are clustered.
        points: their points for a GIS, ``<cube>/report/maps/points.{gpkg,qml}``.
        decomposed: ``decomposed.zarr`` and ``decomposed.json`` of the study, where it decomposes cubes.
        decomposed_figures: figures of them and their JSON.
        decomposed_gnss: ``decomposed_gnss.json``, where the study names GNSS.
        decomposed_maps: the folder of their maps.
        corrections: ``<cube>/stack/full/corrections.json`` of the cubes that have any.
    """
    grids = [name for name in names if not _of(name, series, 4)]
    contents = []
    for which, name in enumerate(names):
        shared: dict[str, Any] = {
            "name": name, "manifest": manifests[which], "figures": _of(name, figures, 4), "classes": classes[which], "model": drawn[which],
        }  # fmt: skip
        if name not in grids:
            [cube], [record] = _of(name, series, 4), _of(name, records, 4)
            contents.append(
                gather_series(
                    SeriesSources(
                        **shared, series=cube, record=record, calibrated=_of(name, calibrated, 4), autos=_of(name, autos, 4),
                        evaluated=_of(name, evaluated, 3), groups=_of(name, groups, 3), points=_of(name, points, 4),
                        gnss=_of(name, gnss, 3),
                    )
                )
            )  # fmt: skip
            continue
        at = grids.index(name)
        contents.append(
            gather(
                Sources(
                    **shared, decisions=decisions[at], cube=cubes[at], choice=choices[at], scores=scores[at], likeness=likeness[at],
                    gnss=_of(name, gnss, 3)[0], maps=maps[at], forecasts=_of(name, forecasts, 3), clusters=_of(name, clusters, 3),
                    batches=_of(name, batches, 4), seams=_of(name, seams, 3), truths=_of(name, truths, 3), corrections=_of(name, corrections, 4),
                )
            )
        )  # fmt: skip
    apart = gather_decomposed(decomposed, decomposed_figures, decomposed_gnss, decomposed_maps)
    parts: list[Content | DecomposedContent] = [*contents, *([apart] if apart else [])]
    headline = headline_table([row for content in parts for row in content.headline])
    tables.mkdir(parents=True)
    every = [headline, *(table for content in parts for table in content.tables)]
    for table in every:
        table.write(tables)
    text = environment(page.parent).get_template(page.name).render(
        study=study,
        notice=_notice(contents),
        title=str(values.get("title") or study),
        summary=str(values.get("summary") or ""),
        style=style.read_text(encoding="utf-8"),
        cubes=contents,
        decomposed=apart,
        sections=SECTIONS,
        tables=every,
        settings=settings_rows(values),
        versions=versions(),
        citation=f"insarcast {__version__}: forecasts of ground subsidence that can be trusted.",
        credits=list(dict.fromkeys(credit for content in contents for credit in content.credits)),
        glossary=GLOSSARY,
    )  # fmt: skip
    index.write_text(text, encoding="utf-8")


def _of(cube: str, paths: Sequence[Path], depth: int) -> list[Path]:
    """The paths of one cube, whose name is the ``depth``-th part from the end."""
    return [path for path in paths if path.parts[-depth] == cube]


def _notice(contents: Sequence[Content]) -> str:
    """What must be said before anything else: that a scene is simulated. Empty where none is."""
    names = [content.name for content in contents if content.simulated]
    return truth_words.notice(names, len(names) == len(contents)) if names else ""
