"""F23: noise of the interferograms; with it F30 and F31 (displacement) are drawn."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from insarcast.core import open_cube, open_store

from ..displacement.course import draw_course
from ..displacement.fitted import draw_fitted
from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import INK, LINES, scale_map
from ..writing.facts import HIDDEN, Facts
from . import inversion_words


def draw_motion(
    cube: Path,
    decisions: Path,
    pair_noise: Path,
    pair_noise_json: Path,
    fitted: Path,
    fitted_json: Path,
    course: Path,
    course_json: Path,
    colours: str,
    filtered: Sequence[Path] = (),
) -> None:
    """Draw the noise of the interferograms, the maps of what is fitted beside the velocity, and the fastest pixel's series.

    Args:
        cube: the full cube.
        decisions: what was kept and dropped in the full vintage, and why.
        pair_noise: F23, mm.
        pair_noise_json: its facts.
        fitted: F30, m, mm and days.
        fitted_json: its facts.
        course: F31, mm along the line of sight.
        course_json: its facts.
        colours: which end of a signed bar is red (``report.colours``).
        filtered: ``filtered.zarr`` in a list, where the study filters.
    """
    data = open_cube(cube)
    _draw_noise(json.loads(decisions.read_text(encoding="utf-8")), pair_noise, pair_noise_json)
    draw_fitted(data, colours, fitted, fitted_json)
    draw_course(data, [open_store(path) for path in filtered], course, course_json)


def _draw_noise(found: dict[str, Any], image: Path, text: Path) -> None:
    pairs = [pair for pair in found["pairs"] if pair.get("kept") and pair.get("sigma_mm") is not None]
    sentence = inversion_words.noise(found) or "The noise of the interferograms was not estimated."
    with canvas(3.2) as figure:
        if not pairs:
            say(figure, sentence)
        else:
            axes = figure.add_subplot()
            colour = [pair["coherence"] if pair["coherence"] is not None else np.nan for pair in pairs]
            known = bool(np.isfinite(colour).any())
            drawn = axes.scatter(
                [pair["days"] for pair in pairs], [pair["sigma_mm"] for pair in pairs], c=colour if known else LINES[0],
                cmap=scale_map("batlow_r") if known else None, s=26, edgecolors=INK, linewidths=0.4,
            )  # fmt: skip
            axes.set_xlabel("days between the acquisitions")
            axes.set_ylabel("noise [mm]")
            axes.set_ylim(0, None)
            axes.grid(axis="y")
            if known:
                bar = figure.colorbar(drawn, ax=axes, aspect=26, pad=0.02)
                bar.set_label("mean coherence")
                bar.outline.set_linewidth(0.5)
    keep(
        figure,
        Facts(
            "F23",
            sentence,
            f"Dots: days between the acquisitions of each interferogram against its noise. {sentence}",
            "Standard deviation of a sample of usual coherence, in mm along the line of sight, from the misfits of the network's inversion"
            f"{inversion_words.use_of_noise(found.get('inversion') or {})}.",
            "mm",
            {
                HIDDEN: not pairs,
                "pairs": len(pairs),
                "median": float(np.median([pair["sigma_mm"] for pair in pairs])) if pairs else None,
            },
        ),
        image,
        text,
    )
