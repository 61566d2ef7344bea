"""F11 the network of interferograms, F12 their coherence; with F13 (closure.py) the evidence under the displacement."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from insarcast.core import open_cube, open_store

from . import sentences, words
from .closure import draw_closure
from .look import ALARM, INK, SOFT, Facts, canvas, ink_on, keep, say, scale_map

TEXT_CELLS = 24  # more dates than this leave no room for numbers in the cells of the matrix


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
    _draw_matrix(found, coherence, coherence_json)
    draw_closure(found, open_store(closure), open_cube(cube), loops, loops_json, max_rms)


def date_baselines(pairs: list[dict[str, Any]]) -> dict[str, float]:
    """Perpendicular baseline of each date in m against the first, by least squares from those of the interferograms.

    Dates that no known baseline reaches are left out.
    """
    known = [pair for pair in pairs if pair.get("baseline") is not None and np.isfinite(pair["baseline"])]
    dates = sorted({pair[key] for pair in known for key in ("date1", "date2")})
    if not known:
        return {}
    place = {date: index for index, date in enumerate(dates)}
    design = np.zeros((len(known), len(dates)))
    for row, pair in enumerate(known):
        design[row, place[pair["date2"]]], design[row, place[pair["date1"]]] = 1.0, -1.0
    solved = np.linalg.lstsq(design, np.array([pair["baseline"] for pair in known]), rcond=None)[0]
    return dict(zip(dates, (solved - solved[0]).tolist(), strict=True))


def time(date: str) -> np.datetime64:
    """``yyyymmdd`` as a day."""
    return np.datetime64(words.day(date), "D")


def reasons_of_pairs(found: dict[str, Any]) -> dict[str, int]:
    """Why interferograms were dropped: reason -> how many, those that were never read included."""
    counts: dict[str, int] = {}
    for item in found["dropped"]:
        if item["what"] == "pair":
            counts[item["reason"]] = counts.get(item["reason"], 0) + 1
    return counts


def pair_counts(found: dict[str, Any]) -> tuple[int, int]:
    """Interferograms used, and all that were found (those that could not be read included)."""
    kept = sum(pair["kept"] for pair in found["pairs"])
    return kept, kept + sum(reasons_of_pairs(found).values())


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


def dates_axis(axes: Any, most: int = 9) -> None:
    """Dates in a few words each, at most so many."""
    from matplotlib import dates

    untyped: Any = dates
    locator = untyped.AutoDateLocator(minticks=min(4, most), maxticks=most)
    axes.xaxis.set_major_locator(locator)
    months = ["%Y-%m", "%Y-%m", "%m-%d", "%H:%M", "%H:%M", "%S"]
    axes.xaxis.set_major_formatter(untyped.ConciseDateFormatter(locator, show_offset=False, formats=months))


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


def coherence_matrix(pairs: list[dict[str, Any]]) -> tuple[list[str], NDArray[Any], NDArray[Any]]:
    """Dates, coherence (date2, date1) with NaN where there is no interferogram, and which cells were dropped."""
    dates = sorted({pair[key] for pair in pairs for key in ("date1", "date2")})
    place = {date: index for index, date in enumerate(dates)}
    matrix, dropped = np.full((len(dates), len(dates)), np.nan), np.zeros((len(dates), len(dates)), bool)
    for pair in pairs:
        cell = place[pair["date2"]], place[pair["date1"]]
        matrix[cell] = np.nan if pair["coherence"] is None else pair["coherence"]
        dropped[cell] = not pair["kept"]
    return dates, matrix, dropped


def _draw_matrix(found: dict[str, Any], image: Path, text: Path) -> None:
    dates, matrix, dropped = coherence_matrix(found["pairs"])
    known = bool(np.isfinite(matrix).any())
    with canvas(5.33, width=6.6) as figure:
        if not known:
            say(figure, "The products hold no coherence.")
        else:
            _fill_matrix(figure, dates, matrix, dropped)
    low, high = (float(np.nanmin(matrix)), float(np.nanmax(matrix))) if known else (None, None)
    range_words = f"from {low:.2f} to {high:.2f}" if known else "not known"
    facts = Facts(
        "F12",
        f"Mean coherence of the interferograms: {range_words}",
        f"Matrix of dates by dates, coloured by mean coherence, {range_words}.",
        "Mean coherence (0 to 1) over the valid area, first date across, second date down; empty: no interferogram; crossed out: dropped.",
        "1",
        {"lowest": low, "highest": high, "interferograms": int(np.isfinite(matrix).sum())},
    )
    keep(figure, facts, image, text)


def _fill_matrix(figure: Any, dates: list[str], matrix: NDArray[Any], dropped: NDArray[Any]) -> None:
    axes = figure.add_subplot()
    colour, norm = scale_map("grayC_r"), Normalize(0, 1)
    axes.imshow(matrix, cmap=colour, norm=norm, interpolation="nearest")
    step = max(1, -(-len(dates) // 20))
    ticks = range(0, len(dates), step)
    axes.set_xticks(list(ticks), [words.day(dates[i]) for i in ticks], rotation=60, ha="right", rotation_mode="anchor")
    axes.set_yticks(list(ticks), [words.day(dates[i]) for i in ticks])
    if len(dates) <= 60:  # lines, not a grid of minor ticks, which takes longer than the rest of the figure
        edges, ends = np.arange(len(dates) + 1) - 0.5, (-0.5, len(dates) - 0.5)
        for draw in (axes.vlines, axes.hlines):
            draw(edges, *ends, color="#eceff2", linewidth=0.6, zorder=1.5)
    axes.tick_params(length=0)
    axes.set(xlim=(-0.5, len(dates) - 0.5), ylim=(len(dates) - 0.5, -0.5))
    axes.set_xlabel("first date")
    axes.set_ylabel("second date")
    for row, col in zip(*np.nonzero(np.isfinite(matrix)), strict=True):
        if len(dates) <= TEXT_CELLS:
            shade = ink_on(colour(norm(matrix[row, col])))
            axes.text(col, row, f"{matrix[row, col]:.2f}", ha="center", va="center", fontsize=7.5, color=shade)
    for row, col in zip(*np.nonzero(dropped), strict=True):
        axes.plot([col - 0.45, col + 0.45], [row - 0.45, row + 0.45], color=ALARM, linewidth=1.8)
    bar = figure.colorbar(ScalarMappable(norm, colour), ax=axes, aspect=30, pad=0.02)
    bar.set_label("mean coherence")
    bar.outline.set_linewidth(0.5)
