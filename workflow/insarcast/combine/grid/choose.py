"""The automatic choice: whose forecast to show, by what was known when it was made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from insarcast.core import InsarcastError, open_cube, open_store, velocity_class, velocity_class_names, write_json

from .choice_words import choice_sentence
from .compare import Comparison, compare


def choose_model(
    pasts: Sequence[Path], vintages: Sequence[Path], full: Path, choice: Path, velocity_classes: Sequence[float]
) -> None:
    """Choose the model with the best skill at earlier origins, fast and slow ground weighing the same; else persistence.

    Skill is 1 - MAE / MAE of persistence in each class of velocity with at least 30 pixels; the mean of the classes
    decides. A model worse than persistence in any of them (skill below -0.05) is never chosen: most pixels of a scene hardly
    move, and a mean over pixels would let them hide that a forecast is wrong where the ground sinks. Where no class has enough
    pixels, all of them are one class.

    Models are compared on the pixels, earlier origins and horizons that all of them forecast; every horizon weighs the same. The
    choice at an origin knows nothing later than it, so each test origin has its own, and the newest is the one to draw maps of.

    Args:
        pasts: stores of forecast_cube with earlier origins, one per model, persistence first.
        vintages: as-of cubes, for their velocity: an origin's classes are those of the cube that ends with it.
        full: the newest cube, for the velocity at the operational origin.
        choice: JSON to write: ``model``, ``label``, ``origin``, ``past_mae`` (mm) and ``past_skill`` by model (means of the classes),
            ``past_skill_by_class`` by model and class, ``n_origins``, ``n_pixels``, ``sentence``; and ``by_origin``: the same for
            every origin, ascending.
        velocity_classes: edges of the classes, mm/yr.
    """
    stores = [open_store(path) for path in pasts]
    stores = [_on_points_of(stores[0], store) for store in stores]
    labels = {str(store.attrs["model"]): str(store.attrs["label"]) for store in stores}
    cubes: dict[np.datetime64, xr.Dataset] = {}
    for cube in map(open_cube, [*vintages, full]):
        cubes.setdefault(
            cube.time.values[-1].astype("datetime64[D]"), cube
        )  # two vintages that end alike are one origin, the first's
    row, col = stores[0].row.values, stores[0].col.values
    by_origin = []
    for at, origin in enumerate(stores[0].origin.values.astype("datetime64[D]")):
        kinds = velocity_class(cubes[origin].velocity.values[row, col], velocity_classes)
        errors = np.stack([np.abs(s["median"][at] - s.observed[at]).values.astype("float64") for s in stores])
        comparison = compare(list(labels), errors, kinds, velocity_class_names(velocity_classes))
        by_origin.append(_entry(comparison, labels, str(origin)))
    write_json(choice, {**by_origin[-1], "by_origin": by_origin})


def _on_points_of(first: xr.Dataset, store: xr.Dataset) -> xr.Dataset:
    """A store on the pixels of another, NaN at those it lacks: a tile that was skipped or failed has no forecast there."""
    pixels = [list(zip(part.row.values.tolist(), part.col.values.tolist(), strict=True)) for part in (first, store)]
    if pixels[0] == pixels[1]:
        return store
    place = {pixel: at for at, pixel in enumerate(pixels[1])}
    if len(place.keys() - set(pixels[0])):
        raise InsarcastError(
            f"The earlier origins of {store.attrs['model']} and {first.attrs['model']} were sampled at different pixels; "
            "delete the results of forecast and stitch and run again."
        )
    at = np.array([place.get(pixel, -1) for pixel in pixels[0]])
    layers = {
        name: (store[name].dims, np.where(at >= 0, store[name].values[..., at], np.nan).astype("float32"))
        for name in ("median", "observed")
    }
    return xr.Dataset(layers, {"origin": store.origin, "row": first.row, "col": first.col}, dict(store.attrs))


def _entry(found: Comparison, labels: dict[str, str], origin: str) -> dict[str, Any]:
    models = found.models
    return {
        "origin": origin,
        "model": found.chosen,
        "label": labels[found.chosen],
        "past_mae": dict(zip(models, found.mae.mean(axis=1), strict=True)),
        "past_skill": dict(zip(models, found.skill.mean(axis=1), strict=True)),
        "past_skill_by_class": {
            model: dict(zip(found.classes, skill, strict=True)) for model, skill in zip(models, found.skill, strict=True)
        },
        "n_origins": found.n_origins,
        "n_pixels": found.n_pixels,
        "sentence": choice_sentence(found, origin),
    }
