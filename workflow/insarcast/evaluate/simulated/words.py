"""The comparison with the truth of a simulated scene in a few numbers and sentences."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..grid.picks import CHOSEN
from ..grid.table import ALL
from .increment_errors import GROUND, OBSERVED

_BASELINE = "persistence"
_UNITS = {"displacement": "mm", "velocity": "mm/yr"}


def truth_summary(table: pd.DataFrame, n_pixels: int, lost: int) -> dict[str, Any]:
    """Headline numbers and sentences.

    Args:
        table: of compare_truth.
        n_pixels: of the cube.
        lost: pixels of the cube that the truth does not cover.
    """
    cube = _cube_numbers(table)
    forecast = _forecast_numbers(table)
    sentences = [_cube_sentence(cube[name], name) for name in _UNITS if cube.get(name)]
    sentences += [_masked_sentence(table)] if cube else []
    sentences += [_forecast_sentence(forecast, horizon) for horizon in dict.fromkeys(row["horizon"] for row in forecast)]
    if not forecast:
        sentences.append("No forecast could be held against the truth: none was scored.")
    if lost:
        sentences.append(f"{lost} of {n_pixels} pixels of the cube have no truth and were not compared.")
    sentences = [sentence for sentence in sentences if sentence]
    return {
        "n_pixels": n_pixels,
        "n_without_truth": lost,
        "cube": cube,
        "forecast": forecast,
        "sentences": sentences,
        "sentence": " ".join(sentences),
    }


def _cube_numbers(table: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """Quantity -> what it is held against -> n, rmse, bias over all used pixels."""
    whole = table[
        (table["part"] == "cube") & (table["pixels"] == "used") & (table["kind"] == ALL) & (table["completeness"] == ALL)
    ]
    found: dict[str, dict[str, dict[str, float]]] = {}
    for row in whole.to_dict("records"):
        found.setdefault(row["quantity"], {})[row["against"]] = {name: row[name] for name in ("n", "rmse", "bias")}
    return found


def _forecast_numbers(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Every model and horizon over all origins and classes, against the observation and against the true motion."""
    whole = table[(table["part"] == "forecast") & (table["origin"] == ALL) & (table["velocity_class"] == ALL)]
    by = {against: rows.set_index(["model", "horizon"]) for against, rows in whole.groupby("against", sort=False)}
    if OBSERVED not in by:
        return []
    levels = [name for name in table.columns if name.startswith("coverage")]
    found = []
    for model, horizon in by[OBSERVED].index:
        seen, true, ground = (by[against].loc[(model, horizon)] for against in (OBSERVED, "deformation", GROUND))
        row = {"model": model, "horizon": int(horizon), "n": int(seen["n"])}
        for name in ("mae", "skill", *levels):
            row |= {
                f"{name}_observed": float(seen[name]),
                f"{name}_truth": float(true[name]),
                f"{name}_ground": float(ground[name]),
            }
        noise = by["deformation"].loc[(OBSERVED, horizon)]
        found.append(row | {"mae_of_observation": float(noise["mae"])})
    return found


def _cube_sentence(numbers: dict[str, dict[str, float]], name: str) -> str:
    alone, visible = numbers["deformation"], numbers["visible"]
    unit = _UNITS[name]
    return (
        f"Over {int(alone['n'])} used pixels the cube's {name} differs from the true motion by {alone['rmse']:.1f} {unit} (rms), and "
        f"from the motion with the atmosphere, all that InSAR can see, by {visible['rmse']:.1f} {unit}: that much is the "
        "processing's and the decorrelation's, the rest the atmosphere's."
    )


def _masked_sentence(table: pd.DataFrame) -> str:
    """How much worse the rejected pixels are; empty where none was rejected."""
    rows = table[(table["part"] == "cube") & (table["quantity"] == "displacement") & (table["against"] == "visible")]
    rows = rows[(rows["kind"] == ALL) & (rows["completeness"] == ALL)]
    by = {row["pixels"]: row for row in rows.to_dict("records")}
    if len(by) < 2:
        return ""
    used, masked = by["used"], by["masked"]
    return (
        f"Pixels that the mask rejects ({int(masked['n'])}) differ from what InSAR can see by {masked['rmse']:.1f} mm (rms), used "
        f"ones by {used['rmse']:.1f} mm."
    )


def _forecast_sentence(forecast: list[dict[str, Any]], horizon: int) -> str:
    """The automatic choice beside persistence, against the observation and against the truth."""
    rows = {row["model"]: row for row in forecast if row["horizon"] == horizon}
    ours, base = rows[CHOSEN], rows[_BASELINE]
    return (
        f"{horizon} step{'s' if horizon > 1 else ''} ahead the automatic choice errs by {ours['mae_observed']:.1f} mm (mean absolute) "
        f"against the observed increment, which itself errs by {ours['mae_of_observation']:.1f} mm, and by {ours['mae_truth']:.1f} mm "
        f"against the true one, persistence by {base['mae_observed']:.1f} and {base['mae_truth']:.1f} mm: skill "
        f"{ours['skill_observed']:+.2f} and {ours['skill_truth']:+.2f}. Where the ground then is, without the atmosphere of single "
        f"dates, it misses by {ours['mae_ground']:.1f} mm, persistence by {base['mae_ground']:.1f} mm: skill {ours['skill_ground']:+.2f}."
    )
