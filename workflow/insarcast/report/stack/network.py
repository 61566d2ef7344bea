"""F11: the network of interferograms; with it F12 (coherence.py) and F13 (closure.py) are drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.lines import Line2D

from insarcast.core import open_cube, open_store

from ..drawing.axes import dates_axis
from ..drawing.canvas import canvas, keep
from ..drawing.colours import ALARM, INK, SOFT, scale_map
from ..writing import words
from ..writing.facts import Facts
from . import sentences
from .closure import draw_closure
from .coherence import draw_matrix
from .pairs import date_baselines, pair_counts, reasons_of_pairs, time


def draw_network(
    decisions: Path,
    closure: Path,
    cube: Path,
    network: Path,
    network_json: Path,
    coherence: Path,
    coherence_json: Path,
    loops: Path,
    loops_json: Path,
    max_rms: float,
) -> None:
    """Draw network, coherence matrix and loop closure.

    Args:
        decisions: what was kept and dropped in the full vintage, and why.
        closure: closure of every triplet.
        cube: the full cube, for the map of loop errors.
        network: F11, perpendicular baseline in m over time.
        network_json: its facts.
        coherence: F12, mean coherence of each interferogram.
        coherence_json: its facts.
        loops: F13, closure in rad.
        loops_json: its facts.
        max_rms: closure rms in rad above which a triplet is bad (``stack.closure.max_rms``).
    """
    found = json.loads(decisions.read_text(encoding="utf-8"))
    _draw_network(found, network, network_json)
    draw_matrix(found, coherence, coherence_json)
    draw_closure(found, open_store(closure), open_cube(cube), loops, loops_json, max_rms)


def _draw_network(found: dict[str, Any], image: Path, text: Path) -> None:
    pairs = found["pairs"]
    height = date_baselines(pairs)
    values = [pair["coherence"] for pair in pairs if pair["coherence"] is not None]
    colour, norm = ListedColormap(scale_map("batlow_r")(np.linspace(0.2, 1, 256))), _coherence_norm(values)
    with canvas(4.4) as figure:
        axes = figure.add_subplot()
        for pair in sorted(pairs, key=lambda item: (item["kept"], item["date1"], item["date2"])):
            ends = [pair["date1"], pair["date2"]]
            style: dict[str, Any] = {"color": SOFT, "linewidth": 1.6, "zorder": 2}
            if not pair["kept"]:
                style = {"color": ALARM, "linewidth": 1.6, "linestyle": (0, (4, 2)), "zorder": 3}
            elif pair["coherence"] is not None:
                style["color"] = colour(norm(pair["coherence"]))
            axes.plot(*_course(ends, height), **style)
        used = set(found["dates"])
        for date in sorted({pair[key] for pair in pairs for key in ("date1", "date2")}):
            fill = INK if date in used else "white"
            axes.plot(time(date), height.get(date, 0.0), "o", markersize=7, color=fill, markeredgecolor=INK, zorder=4)
        axes.set_ylabel("perpendicular baseline [m]" if height else "perpendicular baselines are not known")
        if not height:
            axes.set_yticks([])
        axes.grid(axis="x")
        axes.margins(x=0.04, y=0.12)
        dates_axis(axes)
        if values:
            bar = figure.colorbar(ScalarMappable(norm, colour), ax=axes, aspect=26, pad=0.02)
            bar.set_label("mean coherence")
            bar.ax.yaxis.set_major_formatter("{x:.2f}")
            bar.outline.set_linewidth(0.5)
        _name_reasons(figure, reasons_of_pairs(found))
    keep(figure, _network_facts(found, values, height), image, text)


def _course(ends: list[str], height: dict[str, float]) -> tuple[Any, Any]:
    """The line of an interferogram: straight between baselines, an arc where none is known."""
    first, second = time(ends[0]), time(ends[1])
    if height:
        return [first, second], [height.get(end, 0.0) for end in ends]
    way = np.linspace(0, 1, 25)
    days = (second - first) / np.timedelta64(1, "h")
    return first + (way * days).astype("timedelta64[h]"), 4 * way * (1 - way) * days


def _name_reasons(figure: Any, reasons: dict[str, int]) -> None:
    handles: list[Any] = [
        Line2D([], [], marker="o", linestyle="", color=INK, label="acquisition"),
        Line2D([], [], color=SOFT, label="interferogram used"),
    ]
    for name, number in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:4]:
        label = f"dropped ({number}): {name}"
        handles.append(Line2D([], [], color=ALARM, linestyle=(0, (4, 2)), label=label if len(label) < 70 else f"{label[:67]}..."))
    figure.legend(handles=handles, loc="outside lower left", ncols=2 if len(handles) == 2 else 1)


def _coherence_norm(values: list[float]) -> Normalize:
    """Limits on whole tenths around the values, so that the colours tell them apart."""
    if not values:
        return Normalize(0, 1)
    low, high = np.floor(min(values) * 10) / 10, np.ceil(max(values) * 10) / 10
    return Normalize(low, max(high, low + 0.1))


def _network_facts(found: dict[str, Any], values: list[float], height: dict[str, float]) -> Facts:
    kept, total = pair_counts(found)
    sentence = sentences.dropped(kept, total, reasons_of_pairs(found))
    spans = [pair["days"] for pair in found["pairs"] if pair["kept"]]
    reach = f"They span {min(spans)} to {words.count(max(spans), 'day')}" if spans else "None is used"
    apart = f" and baselines within {np.ptp(list(height.values())):.0f} m" if height and spans else ""
    mean = f", mean coherence {np.mean(values):.2f}" if values else ""
    return Facts(
        "F11",
        f"Network: {sentence}",
        f"Dates against perpendicular baseline, interferograms as lines. {sentence} {reach}{apart}{mean}.",
        "Each dot is an acquisition, each line an interferogram, coloured by its mean coherence; baselines in m against the first date, by least "
        f"squares from those of the interferograms; dropped ones are dashed. {reach}{apart}{mean}.",
        "m",
        {
            "kept": kept,
            "total": total,
            "dates": len(found["dates"]),
            "dates_found": found["dates_found"],
            "reasons": reasons_of_pairs(found),
        },
    )
