"""F21: where the forecast is better than “nothing changes”, and where it is worse."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.colors import Normalize

from insarcast.core import open_cube, open_store

from ..displacement.captions import map_line, reference_of
from ..displacement.numbers import cube_numbers
from ..drawing.bars import draw_signed_bar
from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import GREY, LINES, SOFT, signed_map
from ..drawing.frame import frame_of
from ..drawing.limits import beyond, symmetric_limit
from ..drawing.maps import draw_graticule, draw_map, map_height
from ..drawing.marks import draw_marks, draw_scale
from ..writing import words
from ..writing.facts import Facts
from . import gain_words, scoring
from .scoring import Leads
from .verdict import Verdict, chosen_store, verdict_of

SHARES = ("improved", "tied")
LIKENESS = ("correlation", "ssim_increment", "ms_ssim_increment", "ssim", "ms_ssim")


def draw_gains(
    cube: Path,
    fields: Path,
    likeness: Path,
    scores: Path,
    forecasts: Sequence[Path],
    choice: Path,
    gains: Path,
    gains_json: Path,
    model: str | None,
) -> None:
    """Draw the mean absolute error minus that of persistence, and the share of the pixels that are better by lead time.

    Args:
        cube: the full cube.
        fields: ``mae_difference`` (model, y, x) in mm, negative where the model is better.
        likeness: table of improved shares and structural similarity by model, origin and horizon.
        scores: table of scores.
        forecasts: calibrated forecasts, one store per model; the lead times are theirs.
        choice: the models chosen at every origin.
        gains: F21, mm and %.
        gains_json: its facts.
        model: the study's ``report.model``; None: the automatic choice.
    """
    data, store, verdict = open_cube(cube), open_store(fields), verdict_of(choice, model, scoring.read_scores(scores))
    forecast = chosen_store(forecasts, choice, model)
    table, leads, nothing = read_likeness(likeness), scoring.lead_days(forecast), scoring.unscored(forecast)
    mapped = [str(each) for each in store.model.values]
    name, why = drawn_model(verdict, table, mapped)
    rows = table[table["model"] == name].sort_values("horizon")
    frame = frame_of(store)
    values = frame.up(store.mae_difference.sel(model=name).values.astype(float)) if name in mapped else None
    seen = values is not None and bool(np.isfinite(values).any()) and len(rows) > 0
    limit = symmetric_limit(values) if values is not None else 1.0
    with canvas(map_height(frame, 4.0, 1.45)) as figure:
        if values is None or not seen:
            say(figure, nothing)
        else:
            sides = figure.subfigures(1, 2, width_ratios=[1.25, 1], squeeze=False)[0]
            left, right = (side.subplots() for side in sides)
            colours = signed_map("uplift_red")  # blue: less error, as in the scorecard
            draw_map(left, values, frame, colours, Normalize(-limit, limit))
            draw_graticule(left, frame, (4.0, 3.2))
            draw_scale(left, frame)
            draw_marks(left, frame, reference_of(data), {})
            draw_signed_bar(sides[0], left, values, limit, colours, None, ("less error: better", "more: worse"), aspect=26)
            left.set_title("error minus that of persistence [mm]")
            _draw_shares(right, rows, leads)
    line = map_line(data, cube_numbers(data))
    keep(
        figure,
        _facts(verdict, name, why, rows, values, limit, line) if seen else Facts("F21", nothing, nothing, nothing, "mm"),
        gains,
        gains_json,
    )


def read_likeness(path: Path) -> pd.DataFrame:
    """Rows over all origins that hold any value, persistence first, the automatic choice last."""
    table = pd.read_parquet(path)
    for name in ("model", "origin"):
        table[name] = table[name].astype(str)
    table = table[(table["origin"] == scoring.ALL) & (table["n"] > 0)].copy()
    table["horizon"] = table["horizon"].astype(int)
    place = {name: at for at, name in enumerate(scoring.model_order(table))}
    return table.sort_values("model", key=lambda column: column.map(place), kind="stable").reset_index(drop=True)


def drawn_model(verdict: Verdict, table: pd.DataFrame, mapped: Sequence[str]) -> tuple[str, str]:
    """Whose map is drawn, and why it is not the scored model's; empty where it is.

    The automatic choice is no one model, so it has no map: the newest choice's is drawn. Persistence differs from itself nowhere:
    the best of the others is drawn.
    """
    if verdict.scored in mapped and verdict.scored != scoring.BASELINE:
        return verdict.scored, ""
    if verdict.drawn in mapped and verdict.drawn != scoring.BASELINE:
        return verdict.drawn, "the newest choice"
    others = table[table["model"].isin(mapped) & (table["model"] != scoring.BASELINE)]
    means = {str(name): scoring.mean(rows, "mae") for name, rows in others.groupby("model")}
    return min(means, key=means.__getitem__, default=scoring.BASELINE), "the best of the others, for “nothing changes” was chosen"


def _draw_shares(axes: Any, rows: pd.DataFrame, leads: Leads) -> None:
    """One bar by lead time: pixels with less, the same, and more error than persistence."""
    places = np.arange(len(rows))
    better, same = (100 * rows[name].to_numpy(float) for name in SHARES)
    worse = 100 - better - same
    styles: list[tuple[str, Any, dict[str, Any]]] = [
        ("better", better, {"color": LINES[0]}),
        ("the same", same, {"color": GREY}),
        ("worse", worse, {"facecolor": "white", "edgecolor": LINES[1], "hatch": "///", "linewidth": 0.6}),
    ]
    base = np.zeros(len(rows))
    for name, share, style in styles:
        if share.max() > 0.05:
            axes.bar(places, share, bottom=base, width=0.72, label=name, **style)
        base = base + share
    if len(rows) <= 12:
        for place, share in zip(places, better, strict=True):
            inside = share > 9
            axes.text(
                place, share - 1.5 if inside else share + 1.5, f"{share:.0f}", ha="center", va="top" if inside else "bottom", fontsize=8,
                color="white" if inside else "black",
            )  # fmt: skip
    axes.axhline(50, color=SOFT, linewidth=0.8, linestyle=(0, (4, 2)))
    step = -(-len(rows) // 10)
    axes.set_xticks(places[::step], [f"{leads[int(h)]:.0f}" for h in rows["horizon"]][::step])
    axes.set_xlabel("lead time [days]")
    axes.set_ylabel("share of the values [%]")
    axes.set_ylim(0, 100)
    axes.set_title("against “nothing changes”")
    axes.figure.legend(loc="outside lower center", ncols=3, handlelength=1.2, columnspacing=1.2)


def _facts(verdict: Verdict, name: str, why: str, rows: pd.DataFrame, values: Any, limit: float, line: str) -> Facts:
    known = values[np.isfinite(values)]
    share, improved = float((known < 0).mean()), scoring.mean(rows, "improved")
    sentence = gain_words.gains(words.model(name) if why else verdict.who, share, improved, why)
    return Facts(
        "F21",
        sentence,
        "Left: map of the mean absolute error minus that of “nothing changes”, in mm. Right: bars of the share of the values that are "
        f"better, the same and worse, by lead time. {sentence}",
        "Mean absolute error over all test origins and lead times minus that of persistence, in mm: blue and negative is better. "
        f"{line}{words.clipped(beyond(values, limit))}",
        "mm and %",
        {
            "model": name, "pixels_better": share, "values_better": improved, "limit": limit,
            **{key: known_values(rows, key) for key in (*SHARES, *LIKENESS)},
        },
    )  # fmt: skip


def known_values(rows: pd.DataFrame, name: str) -> dict[str, float | None]:
    """A column by horizon; None for what is not known."""
    if name not in rows:
        return {}
    return {str(h): float(v) if np.isfinite(v) else None for h, v in zip(rows["horizon"], rows[name].astype(float), strict=True)}
