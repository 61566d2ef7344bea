"""Numbers and sentences of a comparison with GNSS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
_YEAR = np.timedelta64(31_557_600, "s")
_ALONG = {
    "los": ("along the line of sight", "+ towards the satellite"),
    "vertical": ("vertically", "+ up"),
    "east": ("to the east", "+ east"),
}


def slope(dates: npt.NDArray[np.datetime64], values: Array) -> tuple[float | None, float | None]:
    """Slope of the least-squares line, mm/yr, and its standard error from the scatter about it; None with too few dates."""
    known = np.isfinite(values)
    years, height = (dates[known] - dates[0]) / _YEAR, values[known]
    if known.sum() < 2 or np.ptp(years) == 0:
        return None, None
    lag = years - years.mean()
    rate = float((lag * height).sum() / (lag**2).sum())
    if known.sum() < 3:
        return rate, None
    rest = height - height.mean() - rate * lag
    return rate, float(np.sqrt((rest**2).sum() / (len(years) - 2) / (lag**2).sum()))


def judge(table: pd.DataFrame, component: str = "los") -> dict[str, Any]:
    """RMSE and bias over the dates after the first, and the rates over all dates with their standard errors."""
    gnss, insar = (table[name].to_numpy(np.float64) for name in ("gnss_mm", "insar_mm"))
    dates, error = table["date"].to_numpy(), (gnss - insar)[1:]
    result: dict[str, Any] = {
        "name": " - ".join(filter(None, [table["station_a"].iloc[0], table["station_b"].iloc[0]])),
        "component": component,
        "n": len(error),
        "first": str(dates[0])[:10],
        "last": str(dates[-1])[:10],
        "rmse": float(np.sqrt(np.mean(error**2))),
        "bias": float(np.mean(error)),
    }
    for name, values in (("gnss", gnss), ("insar", insar), ("difference", gnss - insar)):
        result[f"velocity_{name}"], result[f"velocity_{name}_sigma"] = slope(dates, values)
    return result | {"sentence": _sentence(result, bool(table["station_b"].iloc[0]))}


def _sentence(result: Mapping[str, Any], pair: bool) -> str:
    along, sign = _ALONG[result["component"]]
    alone = "" if pair else " The reference point's own motion is part of the difference."
    rates = [_rate(result[f"velocity_{name}"], result[f"velocity_{name}_sigma"]) for name in ("gnss", "insar")]
    return (
        f"{result['name']} {along}, {result['first']} to {result['last']}: over {result['n']} dates after the first, RMSE "
        f"{result['rmse']:.1f} mm and GNSS minus InSAR {result['bias']:+.1f} mm on average; GNSS moves at "
        f"{rates[0]} mm/yr, InSAR at {rates[1]} mm/yr ({sign}).{alone}"
    )


def _rate(value: float, error: float | None) -> str:
    digits = 0 if error is None or error >= 1 or abs(value) >= 100 else 1
    return f"{value:+.{digits}f}" + (f" ± {error:.{digits}f}" if error is not None else "")


def overall(results: Sequence[Mapping[str, Any]], settings: Mapping[str, Any], files: bool, missing: Sequence[str]) -> str:
    """One text about all comparisons.

    Args:
        results: what :func:`judge` made of each.
        settings: the study's ``gnss``.
        files: whether any GNSS file was found.
        missing: why files that the study names were not.
    """
    if results:
        return " ".join(result["sentence"] for result in results)
    if settings["folder"] is None:
        return "No GNSS station was compared: the study names none (gnss.folder)."
    if not files and missing:
        return f"No GNSS station was compared: {missing[0].rstrip('.')}" + (
            f" (and {len(missing) - 1} more)." if missing[1:] else "."
        )
    return f"No GNSS station was compared: {'none could be used' if files else 'no file was found'}; the reasons are listed."
