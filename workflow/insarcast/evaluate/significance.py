"""Whether one model is better than another, or was lucky with these dates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]

SIMPLE = ("persistence", "drift", "window_mean", "linear", "trend", "linear_annual", "last_velocity", "ses", "theta")
COLUMNS = ("model", "against", "horizon", "dm", "p", "p_bh", "n_origins", "difference", "kernel", "chosen_on")


class Comparison(NamedTuple):
    """A Diebold-Mariano test.

    Attributes:
        statistic: negative where the first model's loss is less; NaN where the losses do not differ, or there are too few dates.
        p: two-sided.
        kernel: ``rectangular``, ``bartlett``, or nothing where there is no test.
    """

    statistic: float
    p: float
    kernel: str


def diebold_mariano(difference: Array, horizon: int) -> Comparison:
    """Test whether the mean of a loss differential is zero (Diebold and Mariano 1995; Harvey, Leybourne and Newbold 1997).

    Errors of forecasts ``horizon`` steps ahead from successive origins overlap, so the variance of the mean counts autocovariances
    up to the lag ``horizon - 1``, all in full (the rectangular kernel that the correction was derived for) with the divisor n.
    Where that is not positive, as may happen with few dates, they are weighted down by Bartlett's kernel (Newey and West 1987),
    which is positive always but too small for losses that overlap. The small-sample factor
    sqrt((n + 1 - 2h + h(h - 1)/n) / n) and Student's law with n - 1 degrees of freedom follow Harvey et al.

    Args:
        difference: ``(origin,)`` loss of the model minus that of the other at successive origins, already averaged over points:
            points of one date share its atmosphere and are no independent trials.
        horizon: steps ahead.
    """
    n = len(difference)
    if n < 2 * horizon or n < 4:
        return Comparison(math.nan, math.nan, "")
    centred = difference - difference.mean()
    covariances = np.array([centred[lag:] @ centred[: n - lag] / n for lag in range(horizon)])
    # What differs by rounding alone does not differ.
    if covariances[0] <= (1e-12 * np.abs(difference).max()) ** 2:
        return Comparison(math.nan, math.nan, "")
    kernel, weights = "rectangular", np.ones(horizon)
    if covariances[0] + 2 * covariances[1:].sum() <= 0:
        kernel, weights = "bartlett", 1 - np.arange(horizon) / horizon
    variance = (covariances[0] + 2 * (weights * covariances)[1:].sum()) / n
    factor = math.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
    statistic = float(factor * difference.mean() / math.sqrt(variance))
    from scipy.special import stdtr

    return Comparison(statistic, float(2 * stdtr(n - 1, -abs(statistic))), kernel)


def significance_table(
    absolute: Array, count: Array, models: Sequence[str], horizons: Sequence[int], past: Mapping[str, Mapping[str, Any]] | None
) -> pd.DataFrame:
    """Diebold-Mariano tests of every model against persistence and the best simple one, by horizon and (horizon 0) pooled.

    Args:
        absolute: ``(model, origin, horizon)`` sums of absolute errors over points, mm.
        count: ``(origin, horizon)`` points.
        models: names, persistence first.
        horizons: steps ahead.
        past: model -> horizon -> skill at earlier origins, which the best simple model is chosen by; None: by the test itself.

    Returns:
        The columns of :func:`insarcast.evaluate.score_series`.
    """
    rows: list[dict[str, Any]] = []
    for place, horizon in [*enumerate(horizons), (-1, 0)]:
        steps = slice(None) if horizon == 0 else slice(place, place + 1)
        sums, n = absolute[:, :, steps].sum(axis=2), count[:, steps].sum(axis=1)
        used = n > 0
        if not used.any():
            continue
        loss = sums[:, used] / n[used]
        best, chosen_on = best_simple(models, horizon, past, sums.sum(axis=1))
        for base, chosen in {models[0]: "", **({best: chosen_on} if best else {})}.items():
            for model in models:
                if model in (models[0], base):  # persistence against the best simple model is the first table's test again
                    continue
                difference = loss[models.index(model)] - loss[models.index(base)]
                test = diebold_mariano(difference, horizon or max(horizons))
                rows.append(
                    {
                        "model": model,
                        "against": base,
                        "horizon": horizon,
                        "dm": test.statistic,
                        "p": test.p,
                        "p_bh": math.nan,
                        "n_origins": int(used.sum()),
                        "difference": float(difference.mean()),
                        "kernel": test.kernel,
                        "chosen_on": chosen,
                    }
                )
    rows.sort(key=lambda row: (row["against"] != models[0], models.index(row["model"]), row["horizon"] == 0, row["horizon"]))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["p_bh"] = benjamini_hochberg(table["p"].to_numpy("float64"))
    return table.astype(dict.fromkeys(("model", "against", "kernel", "chosen_on"), "str"))


def best_simple(
    models: Sequence[str], horizon: int, past: Mapping[str, Mapping[str, Any]] | None, test: Array
) -> tuple[str | None, str]:
    """The best of the simple models but persistence, and what it was chosen on: ``past`` or, where that is not known, ``test``.

    Args:
        models: names.
        horizon: steps ahead; 0: all of them, whose skills are averaged.
        past: model -> horizon -> skill at earlier origins.
        test: ``(model,)`` absolute errors of the test.
    """
    simple = [name for name in models[1:] if name in SIMPLE]
    skills: dict[str, float] = {}
    for name in simple:
        found = {int(step): value for step, value in (past or {}).get(name, {}).items() if value is not None}
        values = list(found.values()) if horizon == 0 else [found[horizon]] if horizon in found else []
        if values:
            skills[name] = float(np.mean(values))
    if skills:
        return max(simple, key=lambda name: skills.get(name, -math.inf)), "past"
    return (min(simple, key=lambda name: test[models.index(name)]), "test") if simple else (None, "")


def benjamini_hochberg(p: Array) -> Array:
    """Adjust p values for the false discovery rate over all that are known (Benjamini and Hochberg 1995); NaN stays NaN."""
    from scipy.stats import false_discovery_control

    adjusted, known = np.full(p.shape, np.nan), np.isfinite(p)
    if known.any():
        adjusted[known] = false_discovery_control(p[known], method="bh")
    return adjusted
