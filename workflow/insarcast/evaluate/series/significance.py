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
COLUMNS = ("model", "against", "horizon", "dm", "p", "p_bh", "n_origins", "difference", "p_cosine", "kernel", "chosen_on")


class Comparison(NamedTuple):
    """A test of equal losses.

    Attributes:
        statistic: negative where the first model's loss is less; NaN where the losses do not differ, or there are too few dates.
        p: two-sided.
        kernel: ``rectangular``, ``bartlett``, or nothing where there is no test.
    """

    statistic: float
    p: float
    kernel: str


_NONE = Comparison(math.nan, math.nan, "")


def diebold_mariano(difference: Array, horizon: int) -> Comparison:
    """Test whether the mean of a loss differential is zero (Diebold and Mariano 1995; Harvey, Leybourne and Newbold 1997).

    Errors of forecasts ``horizon`` steps ahead from successive origins overlap, so the variance of the mean counts autocovariances
    up to the lag ``horizon - 1`` with the divisor n, all in full: the rectangular kernel that the correction was derived for.
    With few dates that comes out too small, or negative: where Bartlett's kernel, which weighs them down with the lag (Newey and
    West 1987), gives more, it is taken instead. The small-sample factor sqrt((n + 1 - 2h + h(h - 1)/n) / n) and Student's law with
    n - 1 degrees of freedom follow Harvey et al.

    It keeps its level for few steps ahead only. Of losses without a difference that overlap as much as they can, so many tests
    stand at the 5 % level: 6 % of h = 1 or 2 with 30 origins, 11 % of h = 5 with 26, 18 % of h = 10 with 21.
    :func:`cosine_test` is held against it for that reason.

    Args:
        difference: ``(origin,)`` loss of the model minus that of the other at successive origins, already averaged over points:
            points of one date share its atmosphere and are no independent trials.
        horizon: steps ahead.
    """
    n = len(difference)
    if not _testable(difference, horizon):
        return _NONE
    centred = difference - difference.mean()
    covariances = np.array([centred[lag:] @ centred[: n - lag] / n for lag in range(horizon)])
    sums = {
        "rectangular": covariances[0] + 2 * covariances[1:].sum(),
        "bartlett": covariances[0] + 2 * (1 - np.arange(1, horizon) / horizon) @ covariances[1:],
    }
    kernel = max(sums, key=lambda name: sums[name])
    factor = math.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
    statistic = float(factor * difference.mean() / math.sqrt(sums[kernel] / n))
    return Comparison(statistic, _student(statistic, n - 1), kernel)


def cosine_test(difference: Array, horizon: int) -> float:
    """Two-sided p of the same mean, its variance from the B slowest cosines of the differential (Lazarus et al. 2018).

    B = 0.4 n^(2/3), at most n / horizon and at least 2, and Student's law with B degrees of freedom. It is less keen, but of losses
    as in :func:`diebold_mariano` only 5 to 9 % stand at the 5 % level, of h = 10 with 21 origins too. NaN as there.
    """
    n = len(difference)
    if not _testable(difference, horizon):
        return math.nan
    count = max(2, min(round(0.4 * n ** (2 / 3)), n // horizon))
    waves = np.cos(np.pi * np.arange(1, count + 1)[:, None] * (np.arange(n) + 0.5) / n)
    variance = float(((math.sqrt(2 / n) * waves @ difference) ** 2).mean())
    return _student(math.sqrt(n) * float(difference.mean()) / math.sqrt(variance), count) if variance > 0 else math.nan


def _testable(difference: Array, horizon: int) -> bool:
    """Whether there are two spans of the horizon, and four dates; what differs by rounding alone does not differ."""
    n = len(difference)
    return n >= max(2 * horizon, 4) and bool(difference.std() > 1e-12 * np.abs(difference).max())


def _student(statistic: float, freedom: int) -> float:
    from scipy.special import stdtr

    return float(2 * stdtr(freedom, -abs(statistic)))


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
                        "p_cosine": cosine_test(difference, horizon or max(horizons)),
                        "kernel": test.kernel,
                        "chosen_on": chosen,
                    }
                )
    rows.sort(key=lambda row: (row["against"] != models[0], models.index(row["model"]), row["horizon"] == 0, row["horizon"]))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["p_bh"] = benjamini_hochberg(table[["p", "p_cosine"]].to_numpy("float64").max(axis=1, initial=0))
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
