"""Tables of scores of a ready series: models, lead times, classes, tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...writing import words
from ...writing.tables import Cell, Column, Table, cells
from .models import BASELINE, family, label
from .reading import CLASSES, POOLED, Scores, stars
from .trust import who

P_VALUES = {"p": "p", "p_cosine": "p, cosine", "p_bh": "p, adjusted"}


def models_table(cube: str, scores: Scores) -> Table:
    """Every model at the first and the last lead time, persistence first, then by family, the combined ones last."""
    ends = _ends(scores)
    columns = [Column("model", "Model"), Column("family", "Kind", hidden=True)]
    for horizon in ends:
        columns += [
            Column(f"mae_{horizon}", f"MAE after {words.count(horizon, 'date')} [mm]", 2),
            Column(f"said_{horizon}", "Skill (90 % interval)", right=True),
            Column(f"stars_{horizon}", "Sure"),
            *(Column(f"{key}_{horizon}", key, 3, hidden=True) for key in ("skill", "skill_low", "skill_high", "p_bh")),
        ]
    columns += [Column("crps", "CRPS [mm]", 2), Column("coverage90", "In 90 % [%]", 1, 100)]
    rows: list[dict[str, Cell]] = []
    for name in scores.models:
        row: dict[str, Cell] = {"model": words.model(name), "family": family(name)}
        for horizon in ends:
            row |= {f"{key}_{horizon}": scores.value(name, horizon, key) for key in ("mae", "skill", "skill_low", "skill_high")}
            test = scores.against(name, horizon)
            row[f"p_bh_{horizon}"] = None if test is None else float(test["p_bh"])
            row |= {f"said_{horizon}": _skill(scores, name, horizon), f"stars_{horizon}": _sure(scores, name, horizon)}
        rows.append(row | {key: scores.value(name, POOLED, key) for key in ("crps", "coverage90")})
    title = (
        "Retrospective scores of all models over all points and test origins; persistence first, then simple, statistical and learned "
        "models, and what is made of them. Skill: 1 − MAE/MAE(persistence), with the "
        "90 % interval of blocks of origins drawn again. Stars: Diebold-Mariano test against persistence, adjusted for the number of tests: "
        "*** below 0.001, ** below 0.01, * below 0.05, in brackets where the model is worse, none: not told apart. CRPS and coverage "
        "after calibration, over all lead times."
    )
    return Table(f"{cube}_models", title, columns, rows)


def _skill(scores: Scores, name: str, horizon: int) -> str | None:
    """A skill with its interval."""
    skill, low, high = (scores.value(name, horizon, key) for key in ("skill", "skill_low", "skill_high"))
    if skill is None or name == BASELINE:
        return None
    span = f" ({words.number(low, 2)}, {words.number(high, 2)})" if low is not None and high is not None else ""
    return f"{words.number(skill, 2)}{span}"


def _sure(scores: Scores, name: str, horizon: int) -> str:
    """Stars of the test against persistence, in brackets where the model is worse."""
    test = scores.against(name, horizon)
    found = "" if test is None else stars(float(test["p_bh"]))
    return f"({found})" if found and test is not None and test["dm"] > 0 else found


def _ends(scores: Scores) -> list[int]:
    return list(dict.fromkeys(scores.horizons[:1] + scores.horizons[-1:]))


_METRICS = (
    ("n", "n", 0, 1), ("mae", "MAE [mm]", 2, 1), ("rmse", "RMSE [mm]", 2, 1), ("sd", "SD [mm]", 2, 1), ("bias", "Bias [mm]", 2, 1),
    ("r2", "R² of change", 2, 1), ("pcc", "Correlation", 2, 1), ("mu", "μ [%]", 1, 1), ("mase", "MASE", 2, 1), ("crps", "CRPS [mm]", 2, 1),
    ("skill", "Skill", 3, 1), ("coverage50", "In 50 % [%]", 1, 100), ("width50", "Width 50 % [mm]", 1, 1),
    ("coverage90", "In 90 % [%]", 1, 100), ("width90", "Width 90 % [mm]", 1, 1), ("own_coverage90", "Own 90 % [%]", 1, 100),
    ("spread_skill", "Spread-skill", 2, 1),
)  # fmt: skip


def metrics_table(cube: str, scores: Scores) -> Table:
    """Every number of every model at the first and the last lead time."""
    rows = []
    for horizon in _ends(scores):
        for name in scores.models:
            row: dict[str, Cell] = {"model": words.model(name), "horizon": horizon}
            rows.append(row | {key: scores.value(name, horizon, key) for key, *_ in _METRICS})
    columns = [Column("model", "Model"), Column("horizon", "Lead [dates]", 0)]
    columns += [Column(key, head, digits, factor) for key, head, digits, factor in _METRICS]
    title = (
        "All retrospective scores at the first and the last lead time. R² and correlation are those of the change from origin to target; "
        "μ = 100 (1 − MAE / mean absolute change); MASE: error over the mean absolute step of the training dates; spread-skill: rank "
        "correlation of the stated spread with the absolute error."
    )
    return Table(f"{cube}_metrics", title, columns, rows)


def leads_table(cube: str, scores: Scores, days: Mapping[int, float]) -> Table:
    """All lead times and classes, for the csv alone."""
    columns = [Column("model", "Model"), Column("horizon", "Lead", 0), Column("lead_days", "Days", 1)]
    columns += [Column(name, name) for name in CLASSES]
    numbers = [str(name) for name in scores.table.columns if name not in ("model", "label", "horizon", *CLASSES)]
    columns += [Column(name, name, 3) for name in numbers]
    rows = []
    for item in scores.table.to_dict("records"):
        row = cells(columns, item)
        rows.append(row | {"lead_days": days.get(int(item["horizon"]))})
    return Table(f"{cube}_scores", "All scores by lead time (0: all pooled) and class.", columns, rows)


def classes_table(cube: str, scores: Scores) -> Table:
    """How the quoted model fares by velocity, noise and cluster."""
    ends = _ends(scores)
    columns = [Column("kind", "Class of"), Column("name", "Class"), Column("n", "n", 0)]
    for horizon in ends:
        columns += [
            Column(f"base_{horizon}", "Persistence [mm]", 2, hidden=True),
            Column(f"own_{horizon}", f"MAE after {words.count(horizon, 'date')} [mm]", 2),
            Column(f"skill_{horizon}", "Skill", 3),
            Column(f"best_{horizon}", "Best, known afterwards"),
        ]
    columns.append(Column("coverage90", "Within 90 % [%]", 1, 100))
    titles = {"velocity_class": "velocity [mm/yr]", "noise_class": "noise", "cluster": "cluster"}
    rows: list[dict[str, Cell]] = []
    for kind, title in titles.items():
        for name in scores.labels(kind):
            where = {kind: name}
            if not ends or scores.row(BASELINE, ends[0], **where) is None:
                continue
            row: dict[str, Cell] = {"kind": title, "name": name, "n": scores.value(BASELINE, ends[0], "n", **where)}
            for horizon in ends:
                skill = {
                    model: value
                    for model in scores.models
                    if (value := scores.value(model, horizon, "skill", **where)) is not None
                }
                top = max(skill, key=skill.__getitem__) if skill else None
                row[f"base_{horizon}"] = scores.value(BASELINE, horizon, "mae", **where)
                row[f"own_{horizon}"] = scores.value(scores.scored, horizon, "mae", **where)
                row[f"skill_{horizon}"] = scores.value(scores.scored, horizon, "skill", **where)
                row[f"best_{horizon}"] = None if top is None else f"{words.model(top)} ({words.signed(skill[top], 2)})"
            rows.append(row | {"coverage90": scores.value(scores.scored, POOLED, "coverage90", **where)})
    title = (
        f"Retrospective scores of {who(scores)} by class: of absolute velocity and of noise from dates before the first test origin, and by "
        "cluster."
    )
    return Table(f"{cube}_classes", title, columns, rows)


def tests_table(cube: str, scores: Scores) -> Table:
    """Diebold-Mariano tests at the first and the last lead time."""
    columns = [
        Column("model", "Model"),
        Column("against", "Against"),
        Column("horizon", "Lead [dates]", 0),
        Column("dm", "DM", 2),
        *(Column(key, key, 4, hidden=True) for key in ("p", "p_cosine", "p_bh")),
        *(Column(f"{key}_said", head, right=True) for key, head in P_VALUES.items()),
        Column("sure", "Sure"),
        Column("n_origins", "Origins", 0),
    ]
    table, rows = scores.significance, []
    if len(table):
        place = {name: at for at, name in enumerate(scores.models)}
        kept = table[table["horizon"].isin(_ends(scores))].to_dict("records")
        for item in sorted(
            kept, key=lambda item: (item["against"] != BASELINE, item["horizon"], place.get(str(item["model"]), 99))
        ):
            row = cells(columns, item)
            row |= {"model": words.model(str(item["model"])), "against": words.model(str(item["against"]))}
            row |= {f"{key}_said": _p(item.get(key)) for key in P_VALUES}
            rows.append(row | {"sure": stars(float(item["p_bh"]))})
    title = (
        "Diebold-Mariano tests of the mean absolute error over the points, origin by origin, with small-sample and autocorrelation "
        "correction; negative: the model errs less. The second p is that of a test with cosine weights, which keeps its level where "
        "forecasts overlap; adjusted: Benjamini-Hochberg over all tests, of the larger of the two."
    )
    return Table(f"{cube}_tests", title, columns, rows)


def _p(value: Any) -> str | None:
    """A probability to three decimals, never 0."""
    if value is None or not np.isfinite(value):
        return None
    return "< 0.001" if value < 0.001 else f"{float(value):.3f}"


def about_models(scores: Scores) -> list[str]:
    """Models with their meaning."""
    return [f"{words.model(name)} ({text})" if (text := label(name)) else words.model(name) for name in scores.models]
