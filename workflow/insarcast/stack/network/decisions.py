"""The record of a vintage: what was kept, dropped and chosen, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import as_of, write_json

from .quality import Network, compact
from .reference import Reference

Float = npt.NDArray[np.float64]


def write_decisions(
    decisions: Path,
    vintage: str,
    data: xr.Dataset,
    found: Network,
    triplets: npt.NDArray[np.int64],
    rms: Float,
    bad: npt.NDArray[np.bool_],
    chosen: Reference,
    settings: dict[str, Any],
    totals: dict[str, Any],
) -> None:
    """Write what was decided; every number that the report's record prints comes from here."""
    residual, model = dict(zip(found.kept, totals["pair_rms"], strict=True)), totals["model"]
    sigma = dict(zip(found.kept, np.sqrt(model.pair).tolist(), strict=True)) if model else {}
    cycles = dict(zip(found.kept, totals["cycles"].tolist(), strict=True))
    for index, fact in enumerate(found.facts):
        fact |= {"kept": bool(found.keep[index]), "reason": found.reason[index], "resid_rms": residual.get(index)}
        # sigma_mm: noise of a sample of usual coherence, estimated from the network's misfits; n_corrected: samples off by cycles.
        fact |= {"sigma_mm": sigma.get(index), "n_corrected": cycles.get(index, 0)}
    dropped = list(found.dropped)
    for key, reason in (("no_data", "no interferogram measures them"), ("too_few_pairs", "too few valid interferograms")):
        if totals[key]:
            dropped.append({"what": "pixel", "name": f"{totals[key]} pixels", "reason": reason, "count": totals[key]})
    if totals["nullified"]:
        dropped.append(
            {
                "what": "sample",
                "name": f"{totals['nullified']} samples",
                "reason": "their loops do not close",
                "count": totals["nullified"],
            }
        )
    write_json(
        decisions,
        {
            "vintage": vintage,
            "as_of": as_of(vintage),
            "dates": [compact(found.dates[number]) for number in found.kept_dates],
            "dates_found": len(found.dates),
            "pairs": found.facts,
            "triplets": [
                {
                    "dates": sorted({found.facts[side][key] for side in loop for key in ("date1", "date2")}),
                    "rms": rms[t],
                    "bad": bool(bad[t]),
                }
                for t, loop in enumerate(triplets)
            ],
            "dropped": dropped,
            "reference": chosen.record(data),
            "pixels": {key: totals[key] for key in ("total", "inverted", "no_data", "too_few_pairs")},
            "inversion": settings,
            "variance": None if model is None else {"by_coherence": model.level.tolist(), "outliers": model.outliers},
            "loop_errors": {key: totals[key] for key in ("samples", "over_pi")},
            "corrected": totals["corrected"],
        },
    )
