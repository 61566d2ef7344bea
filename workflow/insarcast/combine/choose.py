"""The automatic choice: whose forecast to show, by what was known when it was made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast.core import open_store, write_json

from .words import many

BASELINE = "persistence"


def choose_model(pasts: Sequence[Path], choice: Path) -> None:
    """Choose the model with the smallest mean absolute error at earlier origins; persistence where none beats it.

    Models are compared on the pixels, earlier origins and horizons that all of them forecast; every horizon weighs the same. The
    choice at an origin knows nothing later than it, so each test origin has its own, and the newest is the one to draw maps of.

    Args:
        pasts: stores of forecast_cube with earlier origins, one per model, persistence first.
        choice: JSON to write: ``model``, ``label``, ``origin``, ``past_mae`` (mm) and ``past_skill`` by model, ``n_origins``,
            ``n_pixels``, ``sentence``; and ``by_origin``: the same for every origin, ascending.
    """
    stores = [open_store(path) for path in pasts]
    names = [str(store.attrs["model"]) for store in stores]
    labels = {str(store.attrs["model"]): str(store.attrs["label"]) for store in stores}
    by_origin = [_choose(stores, names, labels, at) for at in range(stores[0].sizes["origin"])]
    write_json(choice, {**by_origin[-1], "by_origin": by_origin})


def _choose(stores: Sequence[xr.Dataset], names: Sequence[str], labels: dict[str, str], at: int) -> dict[str, Any]:
    errors = np.stack([np.abs(s["median"][at] - s.observed[at]).values.astype("float64") for s in stores])
    known = np.isfinite(errors).all(axis=0)
    mae = mean_errors(errors, known)
    base = mae[names.index(BASELINE)]
    best = int(np.argmin(np.where(np.isfinite(mae), mae, np.inf)))
    skill = 1 - mae / base if base > 0 else np.full(len(names), np.nan)
    chosen = names[best] if skill[best] > 0 else BASELINE
    origin = str(stores[0].origin.values[at].astype("datetime64[D]"))
    n_origins = int(known.any(axis=(1, 2)).sum())
    return {
        "origin": origin,
        "model": chosen,
        "label": labels[chosen],
        "past_mae": dict(zip(names, mae, strict=True)),
        "past_skill": dict(zip(names, skill, strict=True)),
        "n_origins": n_origins,
        "n_pixels": int(known.any(axis=(0, 1)).sum()),
        "sentence": choice_sentence(names, mae, chosen, origin, n_origins),
    }


def mean_errors(errors: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean absolute error per model over (past, horizon, point), every horizon weighing the same; NaN where nothing is known."""
    count = known.sum(axis=(0, 2))
    sums = np.where(known, errors, 0.0).sum(axis=(1, 3))[:, count > 0]
    return sums @ (1 / count[count > 0]) / max((count > 0).sum(), 1) if count.any() else np.full(len(errors), np.nan)


def choice_sentence(names: Sequence[str], mae: NDArray[np.float64], chosen: str, origin: str, n_origins: int) -> str:
    """Why this model, for a person."""
    if not n_origins:
        return f'Before {origin} there is no earlier origin to compare models on, so "nothing changes" (persistence) is shown.'
    base = mae[names.index(BASELINE)]
    where = f"On {many(n_origins, 'earlier origin')} up to {origin}"
    if chosen != BASELINE:
        best = mae[names.index(chosen)]
        return (
            f'{where}, {chosen} has the smallest mean error: {best:.1f} mm against {base:.1f} mm for "nothing changes" '
            f"(skill {1 - best / base:.2f})."
        )
    others = [index for index, name in enumerate(names) if name != BASELINE and np.isfinite(mae[index])]
    if not others:
        return f'{where}, "nothing changes" (persistence) was the only model, with a mean error of {base:.1f} mm.'
    best_other = min(others, key=lambda index: mae[index])
    return (
        f'{where}, no model beats "nothing changes" ({base:.1f} mm; the best other, {names[best_other]}, has '
        f"{mae[best_other]:.1f} mm), so persistence is shown."
    )
