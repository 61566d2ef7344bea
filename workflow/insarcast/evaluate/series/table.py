"""From sums to the tables of scores of point forecasts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..grid.table import ALL
from .bootstrap import block_weights, ratio_interval
from .rank import rank_correlation
from .tally import SeriesTally

Array = NDArray[np.float64]

KEYS = ("model", "label", "horizon", "velocity_class", "cluster", "noise_class")
CLASSES = KEYS[3:]
NUMBERS = (
    *(
        "n",
        "n_origins",
        "mae",
        "rmse",
        "mse",
        "sd",
        "bias",
        "r2",
        "pcc",
        "mu",
        "mase",
        "crps",
        "skill",
        "skill_low",
        "skill_high",
    ),
    *("coverage50", "width50", "coverage90", "coverage90_low", "coverage90_high", "width90"),
    *("own_coverage50", "own_width50", "own_coverage90", "own_width90", "spread_skill", "n_interval"),
)
_draw = cache(block_weights)


def series_table(
    tally: SeriesTally, models: Sequence[str], labels: Sequence[str], horizons: Sequence[int], seed: int
) -> pd.DataFrame:
    """Rows by model, horizon (0: all pooled) and class; groups without a scored cell have none."""
    rows = []
    for which, (model, label) in enumerate(zip(models, labels, strict=True)):
        for step, horizon in [*enumerate(horizons), (None, 0)]:
            for group, own in enumerate(tally.groups):
                if _cut(tally.shared["n"], step, group).sum() > 0:
                    keys = {"model": model, "label": label, "horizon": horizon, **dict.fromkeys(CLASSES, ALL), **own}
                    length = horizon or max(horizons)
                    rows.append({**keys, **_row(tally, which, step, group, length, seed)})
    table = pd.DataFrame(rows)
    return table.astype({"horizon": "int64", **dict.fromkeys(("model", "label", *CLASSES), "str")})


def _cut(values: Array, step: int | None, group: int) -> Array:
    """Sums by origin of one group, of one horizon or of all."""
    own: Array = values[..., group]
    return own.sum(axis=-1) if step is None else own[..., step]


def _row(tally: SeriesTally, which: int, step: int | None, group: int, length: int, seed: int) -> dict[str, Any]:
    shared = {name: _cut(values, step, group) for name, values in tally.shared.items()}
    sums = {name: _cut(values[which], step, group) for name, values in tally.sums.items()}
    base = _cut(tally.sums["absolute"][0], step, group)
    used = shared["n"] > 0
    s = {name: float(values.sum()) for name, values in {**shared, **sums}.items()}
    n, n_origins = s["n"], int(used.sum())
    mae, mse, bias = s["absolute"] / n, s["square"] / n, s["error"] / n
    spread = s["truth2"] - s["truth"] ** 2 / n
    row: dict[str, Any] = {
        "n": int(n),
        "n_origins": n_origins,
        "mae": mae,
        "rmse": math.sqrt(mse),
        "mse": mse,
        "sd": math.sqrt(max(mse - bias**2, 0.0)),
        "bias": bias,
        "r2": 1 - s["square"] / spread if spread > 1e-9 * s["truth2"] else math.nan,
        "pcc": _correlation(s),
        "mu": 100 * (1 - s["absolute"] / s["truth_absolute"]) if s["truth_absolute"] > 0 else math.nan,
        "mase": s["scaled"] / s["n_scaled"] if s["n_scaled"] else math.nan,
        "crps": s["crps"] / s["interval"] if s["interval"] else math.nan,
        "skill": 1 - s["absolute"] / base.sum() if base.sum() > 0 else math.nan,
    }
    weights = _draw(n_origins, length, seed) if n_origins >= 2 * length and n_origins >= 4 else None
    row["skill_low"], row["skill_high"] = math.nan, math.nan
    if weights is not None:
        low, high = ratio_interval(sums["absolute"][used], base[used], weights)
        row["skill_low"], row["skill_high"] = 1 - high, 1 - low
    for percent in (50, 90):
        for prefix in ("", "own_"):
            intervals = s[f"{prefix}interval"]
            known = intervals > 0 and f"inside{percent}" in s
            row[f"{prefix}coverage{percent}"] = s[f"{prefix}inside{percent}"] / intervals if known else math.nan
            row[f"{prefix}width{percent}"] = s[f"{prefix}width{percent}"] / intervals if known else math.nan
    row["coverage90_low"], row["coverage90_high"] = math.nan, math.nan
    if weights is not None and "inside90" in sums:
        row["coverage90_low"], row["coverage90_high"] = ratio_interval(sums["inside90"][used], sums["interval"][used], weights)
    counts = tally.rank[which, :, group].sum(axis=0) if step is None else tally.rank[which, step, group]
    row["spread_skill"] = rank_correlation(counts)
    row["n_interval"] = int(s["interval"])
    return {name: row[name] for name in NUMBERS}


def _correlation(s: dict[str, float]) -> float:
    """Pearson's, from sums over all cells; NaN where a side does not vary, as the forecast that nothing changes."""
    n = s["n"]
    spread = [s[f"{name}2"] - s[name] ** 2 / n for name in ("forecast", "truth")]
    if any(value <= 1e-9 * s[f"{name}2"] for value, name in zip(spread, ("forecast", "truth"), strict=True)):
        return math.nan
    return (s["product"] - s["forecast"] * s["truth"] / n) / math.sqrt(spread[0] * spread[1])


def pit_table(tally: SeriesTally, models: Sequence[str], horizons: Sequence[int]) -> pd.DataFrame:
    """Shares of outcomes between consecutive quantiles, by model and horizon (0: all pooled)."""
    edges = [0.0, *tally.levels, 1.0]
    rows = []
    for which, model in enumerate(models):
        for step, horizon in [*enumerate(horizons), (None, 0)]:
            counts = tally.below[which].sum(axis=0) if step is None else tally.below[which, step]
            if counts.sum() == 0:
                continue
            for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True):
                rows.append(
                    {
                        "model": model,
                        "horizon": horizon,
                        "low": low,
                        "high": high,
                        "share": count / counts.sum(),
                        "expected": high - low,
                        "n": int(counts.sum()),
                    }
                )
    columns = ["model", "horizon", "low", "high", "share", "expected", "n"]
    return pd.DataFrame(rows, columns=columns).astype({"model": "str", "horizon": "int64"})
