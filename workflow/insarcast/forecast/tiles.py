"""Models of grids: train a batch of tiles, and forecast each tile from every origin."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from insarcast import __version__
from insarcast.core import Tile, read_tiles, write_json, write_store
from insarcast.models import Forecaster, TrainingData, choose_device, free_memory, model_entry

from .fits import FAILURES, Fit, Plan, Trained, Trainer, plan_fits, read_trained, reason_of
from .layers import forecast_layers, forecast_template
from .origins import Start, read_starts
from .past import Past, Sample

Window = tuple[slice, slice]


def train_tiles(
    vintages: Sequence[Path],
    full: Path,
    tiles: Path,
    weights: Sequence[Path],
    made: Path,
    model: str,
    batch: int,
    settings: dict[str, Any],
    horizons: int,
    quantiles: Sequence[float],
    history: int,
    refit: str,
    retries: int,
    device: str,
    seed: int,
    cache: str,
) -> None:
    """Train a model on each tile of a batch and forecast the tile from every origin and from earlier ones.

    What is trained is kept in the cache fit by fit, known by the data, the settings and the code it was trained with: a killed
    job goes on where it was. A tile that fails is tried again with the next seed; one that fails every time is listed, and the
    stitched map has its neighbours there, or nothing.

    Args:
        vintages: as-of cubes.
        full: the newest cube.
        tiles: the table of tiles.
        weights: folder of a trained global model: the model itself, or the one that is fine-tuned; empty for none.
        made: folder to write: ``tile-0007.zarr`` with the raw forecast on the tile's window, ``tile-0007-past.zarr`` with the earlier
            origins, and ``batch.json``: how each tile was trained, its status (``trained``, ``forecast`` by a global model,
            ``skipped``, ``failed``) and why.
        model: registered name of a model of grids.
        batch: which tiles.
        settings: of the model.
        horizons: lead times 1 to this many acquisition steps.
        quantiles: levels to write; 0.5 is added.
        history: least number of dates up to and with an origin.
        refit: ``each`` origin, or only the ``first``.
        retries: further attempts for a tile that fails.
        device: ``auto``, ``cpu`` or ``cuda``.
        seed: seed of everything random.
        cache: the cache; trained models lie under ``training``.

    Raises:
        InsarcastError: the device is not there, or the cubes do not fit together. A tile's failure is listed, and no error: the
            stage stitch says when no tile at all has a forecast.
    """
    steps, levels = list(range(1, horizons + 1)), sorted({0.5, *quantiles})
    starts = read_starts(vintages, full, horizons, history)
    plan, sample = plan_fits(starts, steps, history, refit), Sample.of(starts)
    choose_device(device)  # a card that is not there is no tile's fault
    trainer = Trainer(model, settings, seed, retries, device, Path(cache) / "training", "train_tiles")
    learn = _learner(trainer, weights[0] if weights else None)
    made.mkdir(parents=True)
    entries = []
    for tile in (tile for tile in read_tiles(tiles) if tile.batch == batch):
        entry: dict[str, Any] = {"tile": tile.tile, "attempts": 0, "reason": ""}
        entries.append(entry)
        if tile.skipped:
            entry |= {"status": "skipped", "reason": f"{tile.usable:.1%} of its pixels are usable; see tile.min_usable"}
            continue
        print(f"tile {tile.tile} of batch {batch}", file=sys.stderr, flush=True)
        try:
            entry |= _forecast_tile(
                tile, starts, plan, sample, learn, steps, levels, history, made, {"model": model, "seed": seed}
            )
        except FAILURES as error:
            entry |= {"status": "failed", "reason": reason_of(error), "attempts": getattr(error, "attempts", 1)}
            print(f"tile {tile.tile} failed: {entry['reason']}", file=sys.stderr, flush=True)
            free_memory()
    write_json(made / "batch.json", {"model": model, "batch": batch, "tiles": entries})


Learn = Callable[[TrainingData, Fit], Trained]


def _learner(trainer: Trainer, weights: Path | None) -> Learn:
    """How a fit comes about: trained on the tile, taken from the global model, or fine-tuned from it."""
    entry = model_entry(trainer.name)
    if entry.scope == "global":
        if weights is None:
            raise ValueError(f"{trainer.name} needs the weights of a global model")
        return lambda data, fit: read_trained(trainer.name, weights / fit.name, trainer.device)
    return lambda data, fit: trainer.train([data], fit, None if weights is None else weights / fit.name / "model")


def _forecast_tile(
    tile: Tile,
    starts: Sequence[Start],
    plan: Plan,
    sample: Sample,
    learn: Learn,
    steps: Sequence[int],
    levels: Sequence[float],
    history: int,
    made: Path,
    attrs: dict[str, Any],
) -> dict[str, Any]:
    """Train, forecast and write one tile; returns its entry in the list of the batch. One origin's cube is in memory at a time."""
    window = tile.window
    trained = {fit.name: learn(window_data(starts[fit.at], window), fit) for fit in plan.fits}
    past = None if plan.past is None else trained[plan.past.name].model
    earlier = Past(starts, steps, history, sample.within(window))
    layers = []
    for at, (fit, start) in enumerate(zip(plan.origins, starts, strict=True)):
        data = window_data(start, window)
        layers.append(forecast_layers(trained[fit.name].model, data, start.origin, steps, levels))
        if past is not None:
            fill_past(earlier, at, past, data, window)
    attrs |= {"label": model_entry(str(attrs["model"])).label, "insarcast_version": __version__, "tile": tile.tile}
    store = forecast_template(starts, list(steps), list(levels), attrs, window)
    for name, values in zip(("increment", "sd"), zip(*layers, strict=True), strict=True):
        store[name] = (store[name].dims, np.stack(values), store[name].attrs)
    write_store(store, made / f"tile-{tile.tile:04d}.zarr")
    known = earlier.dataset()
    write_store(known.assign_attrs(attrs | known.attrs), made / f"tile-{tile.tile:04d}-past.zarr")
    first = plan.origins[0]
    entries = [trained[fit.name].entry(fit) for fit in plan.fits]
    return _entry(entries, trained[first.name].model, window_data(starts[first.at], window), str(attrs["model"]))


def _entry(fits: list[dict[str, Any]], first: Any, data: TrainingData, model: str) -> dict[str, Any]:
    again = [entry for entry in fits if entry["attempts"] > 1]
    return {
        "status": "forecast" if model_entry(model).scope == "global" else "trained",
        "seed": fits[-1]["seed"],
        "attempts": max(entry["attempts"] for entry in fits),
        "reason": again[0]["reason"] if again else "",
        "receptive_field": float(first.receptive_field(data)),
        "parameters": int(first.parameters),
        "fits": fits,
    }


def window_data(start: Start, window: Window) -> TrainingData:
    """The points of one origin's cube inside a window; rows and columns count from the window's corner."""
    cube = start.cube[["displacement", "filled", "mask"]].isel(y=window[0], x=window[1])
    return TrainingData.from_cube(cube.load(), start.calendar)


def fill_past(past: Past, at: int, model: Forecaster, data: TrainingData, window: Window) -> None:
    """Ask a model of grids at the earlier origins of one origin, at the sampled pixels of a window."""
    row, col = data.pixels
    points, places = past.sample.match(past.starts[at].cube.mask.shape, row + window[0].start, col + window[1].start)
    past.fill(at, model, data, points, places)
