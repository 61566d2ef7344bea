"""One model of grids for all tiles."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from insarcast.core import InsarcastError, Tile, read_tiles

from .fits import Trainer, plan_fits, write_trained
from .origins import read_starts
from .tiles import window_data


def train_global(
    vintages: Sequence[Path],
    full: Path,
    tiles: Path,
    weights: Path,
    model: str,
    settings: dict[str, Any],
    horizons: int,
    history: int,
    refit: str,
    retries: int,
    device: str,
    seed: int,
    most_tiles: int,
    cache: str,
) -> None:
    """Train one network on tiles from all over the scene.

    Args:
        vintages: as-of cubes.
        full: the newest cube.
        tiles: the table of tiles.
        weights: folder to write: one folder for each fit (``past``, and the vintages that are trained) with model and record.
        model: registered name of a model with the scope ``global``.
        settings: of the model.
        horizons: lead times 1 to this many acquisition steps.
        history: least number of dates up to and with an origin.
        refit: ``each`` origin, or only the ``first``.
        retries: further attempts after a failure.
        device: ``auto``, ``cpu`` or ``cuda``.
        seed: seed of everything random.
        most_tiles: most tiles to learn from, spread evenly over the scene: they are in memory together.
        cache: the cache; trained models lie under ``training``.

    Raises:
        InsarcastError: no tile can be used, or training failed every time.
    """
    steps = list(range(1, horizons + 1))
    starts = read_starts(vintages, full, horizons, history)
    usable = [tile for tile in read_tiles(tiles) if not tile.skipped]
    if not usable:
        raise InsarcastError(
            f"No tile of {tiles} has enough usable pixels for {model}; lower tile.min_usable, or look at the mask."
        )
    trainer = Trainer(model, settings, seed, retries, device, Path(cache) / "training", "train_global")
    for fit in plan_fits(starts, steps, history, refit).fits:
        chosen = spread_tiles(usable, most_tiles)
        print(f"{fit.name}: {len(chosen)} of {len(usable)} tiles", file=sys.stderr, flush=True)
        datas = [window_data(starts[fit.at], tile.window) for tile in chosen]
        write_trained(trainer.train(datas, fit), weights / fit.name)
        del datas  # before the next are read


def spread_tiles(tiles: Sequence[Tile], most: int) -> list[Tile]:
    """At most so many tiles, at even steps in their order."""
    which = np.unique(np.linspace(0, len(tiles) - 1, min(most, len(tiles))).round().astype(int))
    return [tiles[index] for index in which]
