"""From sums to the table of scores."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .tally import Tally, bootstrap_skill

Array = NDArray[np.float64]
ALL = "all"
DRAWS = 1000
_KEYS = ("model", "origin", "horizon", "velocity_class")
_NUMBERS = ("n", "mae", "rmse", "bias", "skill", "n_interval", "coverage50", "coverage90", "width90", "noise")


def score_table(
    tally: Tally,
    models: Sequence[str],
    origins: Sequence[str],
    horizons: Sequence[int],
    classes: Sequence[str],
    levels: Sequence[int],
    seed: int,
) -> pd.DataFrame:
    """Scores by model (persistence first, the automatic choice last), origin, horizon and velocity class, and over all origins and classes.

    Rows over all origins or classes pool pixels: every scored pixel of every origin weighs the same. Groups without a scored
    pixel have no row; with none at all the table is empty.

    Args:
        tally: the sums.
        models: names, persistence first, the automatic choice last.
        origins: dates.
        horizons: steps ahead.
        classes: names of the velocity classes.
        levels: central intervals, percent.
        seed: seed of the bootstrap.
    """
    weights = _draw(tally.blocks, seed)
    percents = sorted({50, 90, *levels})
    rows = [
        {"model": model, "origin": origin, "horizon": horizon, "velocity_class": name}
        | _row(tally, which, (at, step, kind), percents, weights)
        for which, model in enumerate(models)
        for origin, at in _or_all(origins)
        for step, horizon in enumerate(horizons)
        for name, kind in _classes(classes)
        if tally.count[at, step, kind].sum() > 0
    ]
    columns = list(rows[0]) if rows else [*_KEYS, *_NUMBERS]
    return pd.DataFrame(rows, columns=columns).astype(
        {"model": "str", "origin": "str", "velocity_class": "str", "horizon": "int64"}
    )


def _or_all(names: Sequence[str]) -> Iterator[tuple[str, slice]]:
    yield from ((name, slice(index, index + 1)) for index, name in enumerate(names))
    yield ALL, slice(None)


def _classes(names: Sequence[str]) -> Iterator[tuple[str, slice]]:
    yield ALL, slice(None)
    yield from ((name, slice(index, index + 1)) for index, name in enumerate(names))


def _draw(blocks: int, seed: int) -> Array:
    """(draw, block) how often each block is drawn; the same draws for every row, so that rows can be compared."""
    return np.random.default_rng(seed).multinomial(blocks, np.full(blocks, 1 / blocks), DRAWS).astype("float64")


Where = tuple[slice, int, slice]


def _row(tally: Tally, model: int, where: Where, levels: Sequence[int], weights: Array) -> dict[str, float]:
    count = tally.count[where].sum()
    absolute, base = (tally.absolute[which][where].sum(axis=(0, 1)) for which in (model, 0))
    intervals = _total(tally, "interval", model, where)
    row = {
        "n": int(count),
        "mae": absolute.sum() / count,
        "rmse": math.sqrt(_total(tally, "square", model, where) / count),
        "bias": _total(tally, "error", model, where) / count,
        "skill": 1 - absolute.sum() / base.sum() if base.sum() > 0 else math.nan,
    }
    row["skill_low"], row["skill_high"] = (0.0, 0.0) if model == 0 else bootstrap_skill(absolute, base, weights)
    row["n_interval"] = int(intervals)
    row["calibrated"] = _total(tally, "calibrated", model, where) / count
    for level in levels:
        for column in ("coverage", "width", "own_coverage", "own_width"):
            row[f"{column}{level}"] = _total(tally, f"{column}{level}", model, where) / intervals if intervals else math.nan
    for name in ("noise", "noise_date", "noise_pixel"):
        known = tally.noise[f"n_{name}"][where].sum()
        row[name] = math.sqrt(tally.noise[name][where].sum() / known) if known else math.nan
    return row


def _total(tally: Tally, name: str, model: int, where: Where) -> float:
    """Sum over a group; NaN for an interval that the study does not ask for."""
    return float(tally.sums[name][model][where].sum()) if name in tally.sums else math.nan
