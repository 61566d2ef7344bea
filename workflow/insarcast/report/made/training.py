"""F20: how the training of the grid models went."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import LINES, SOFT
from ..writing import words
from ..writing.facts import Facts
from . import tile_words
from .fates import Fate, fits_of, grouped, read_fates

KINDS = (("training", LINES[0], "-"), ("validation", LINES[1], (0, (5, 1.5))))
MOST = 4  # panels side by side


def draw_training(batches: Sequence[Path], losses: Path, losses_json: Path) -> None:
    """Draw the loss of training and validation by epoch.

    Args:
        batches: folders of the tiles' forecasts, each with its ``batch.json``, of all grid models.
        losses: F20, loss by epoch, median and range over tiles and origins.
        losses_json: its facts.
    """
    found = grouped(read_fates(batches))
    curved = {model: own for model, own in found.items() if fits_of(own)}
    sentence = " ".join(training_words(model, own) for model, own in found.items()) or "No tile was trained."
    shown = dict(list(curved.items())[:MOST])
    with canvas(3.5) as figure:
        if not curved:
            say(figure, sentence)
        else:
            grid = figure.subplots(1, len(shown), squeeze=False)[0]
            for axes, (model, own) in zip(grid, shown.items(), strict=True):
                _draw_losses(axes, own)
                axes.set_title(words.model(model))
            grid[0].set_ylabel("loss [mm; mm² if squared]")
            figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    facts = Facts(
        "F20",
        sentence,
        f"Lines of the loss by epoch, training and validation, one panel for each model. {sentence}",
        "Loss in mm for absolute errors, mm² for squared ones: median over tiles and origins, and the band from the "
        "lowest to the highest; a line ends where half of the trainings have ended. Dotted: the median of the epochs "
        "that beat the start, 0 where none did. A training starts from the forecast that the network corrects (setting convlstm.base), by default "
        "the straight line through the dates of its window.",
        "mm or mm²",
        {model: losses_of(own) for model, own in found.items()},
    )
    keep(figure, facts, losses, losses_json)


def curves(fates: Sequence[Fate], kind: str) -> NDArray[np.float64]:
    """Losses (fit, epoch) of all fits of a model; NaN after the end of a fit and where a loss is missing."""
    fits = [[item.get(kind) for item in fit["epochs"]] for fit in fits_of(fates)]
    longest = max(map(len, fits), default=0)
    table = np.full((len(fits), longest), np.nan)
    for row, values in enumerate(fits):
        table[row, : len(values)] = [np.nan if value is None else float(value) for value in values]
    return table


def best_epochs(fates: Sequence[Fate]) -> list[int]:
    """The epochs that were kept, counted from 1, one for each fit that names one; 0: none was better than the start."""
    found = []
    for fit in fits_of(fates):
        if fit.get("best_epoch") is not None:
            first = min(int(item["epoch"]) for item in fit["epochs"])
            found.append(int(fit["best_epoch"]) + 1 - first)
    return found


def training_words(model: str, fates: Sequence[Fate]) -> str:
    """How much a model was trained."""
    best, fits = best_epochs(fates), len(fits_of(fates))
    own = sum(bool(fate.fits) and not fate.shared for fate in fates)
    return tile_words.trained(model, fits, own, median_epoch(best), best.count(0))


def median_epoch(best: Sequence[int]) -> float | None:
    """The median of the epochs kept over the trainings that beat their start; 0 where none did, None where nothing is known."""
    return float(np.median([epoch for epoch in best if epoch] or best)) if best else None


def losses_of(fates: Sequence[Fate]) -> dict[str, Any]:
    """Numbers of a model's training: fits, the median epoch that was kept, the median losses there, parameters."""
    best, kept = best_epochs(fates), {}
    for kind, *_ in KINDS:
        at_best = []
        for fit in fits_of(fates):
            loss = {int(item["epoch"]): item.get(kind) for item in fit["epochs"]}.get(fit.get("best_epoch", -1))
            at_best += [] if loss is None else [float(loss)]
        kept[kind] = float(np.median(at_best)) if at_best else None
    parameters = [fate.parameters for fate in fates if fate.parameters]
    return kept | {
        "fits": len(fits_of(fates)),
        "best_epoch": median_epoch(best),
        "parameters": max(parameters, default=None),
    }


def _draw_losses(axes: Any, fates: Sequence[Fate]) -> None:
    drawn = []
    for kind, colour, dashes in KINDS:
        table = curves(fates, kind)
        running = np.isfinite(table).sum(axis=0)
        length = int((running >= max(1, running.max(initial=0) / 2)).sum())
        if not length or not running.max():
            continue
        epochs, part = np.arange(1, length + 1), table[:, :length]
        axes.fill_between(epochs, np.nanmin(part, axis=0), np.nanmax(part, axis=0), color=colour, alpha=0.15, linewidth=0)
        axes.plot(
            epochs, np.nanmedian(part, axis=0), color=colour, linestyle=dashes, label=kind, marker="o" if length == 1 else ""
        )
        drawn.append(part)
    kept = median_epoch(best_epochs(fates))
    if kept is not None:
        axes.axvline(kept, color=SOFT, linestyle=(0, (1, 1.5)), linewidth=1.3, label="epoch kept")
    known = np.concatenate([part[np.isfinite(part)] for part in drawn]) if drawn else np.array([])
    if known.size and known.min() > 0 and known.max() > 10 * known.min():
        axes.set_yscale("log")
    axes.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(axis="y")
