"""Tile forecasts as the batches left them, held to one set of dates, horizons and quantiles."""

from __future__ import annotations

import json
import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from insarcast.core import InsarcastError, Tile, open_store

DONE = ("trained", "forecast")
LEFT_OUT = ("failed", "skipped")


@dataclass(frozen=True, eq=False)
class Part:
    """The forecast of one tile.

    Attributes:
        tile: where it lies.
        forecast: opened store, ``increment`` (origin, horizon, quantile, y, x) and ``sd`` (origin, horizon, y, x), mm.
        past: opened store, ``median``, ``sd`` and ``observed`` (origin, past, horizon, point), mm; ``row`` and ``col`` of the grid.
    """

    tile: Tile
    forecast: xr.Dataset
    past: xr.Dataset


@dataclass(frozen=True, eq=False)
class Parts:
    """Everything that the batches of one model left.

    Attributes:
        model: registered name.
        entries: what ``batch.json`` says of each tile, by tile.
        parts: tiles with a forecast, by tile.
    """

    model: str
    entries: dict[int, dict[str, Any]]
    parts: list[Part]

    @property
    def receptive_field(self) -> float | None:
        """Median over the tiles of the measured radius in pixels from which a forecast is influenced; None where none is known.

        Tiles whose network stayed at its start look at no neighbour, radius 0: they say nothing of those that learnt.
        """
        known = [entry.get("receptive_field") for entry in self.entries.values()]
        radii = [float(radius) for radius in known if radius is not None and math.isfinite(radius)]
        return statistics.median([radius for radius in radii if radius > 0] or radii) if radii else None

    @property
    def counts(self) -> dict[str, int]:
        """Number of tiles of each status."""
        return dict(sorted(Counter(entry["status"] for entry in self.entries.values()).items()))

    def with_status(self, status: str) -> list[dict[str, Any]]:
        """Tile, reason and attempts of the tiles of one status."""
        chosen = [(tile, entry) for tile, entry in self.entries.items() if entry["status"] == status]
        return [{"tile": tile, "reason": entry.get("reason"), "attempts": entry.get("attempts")} for tile, entry in chosen]


def read_parts(batches: Sequence[Path], tiles: Sequence[Tile], grid: xr.Dataset) -> Parts:
    """Open the tiles of all batches of a model.

    Args:
        batches: folders, each with a ``batch.json`` and the stores of its tiles; a batch may have no tiles.
        tiles: all tiles of the scene.
        grid: dataset with the scene's ``y`` and ``x``.

    Raises:
        InsarcastError: a tile is in no batch or in two, a store is missing or disagrees with the others, or no tile has a forecast.
    """
    models: list[str] = []
    homes: dict[int, tuple[Path, dict[str, Any]]] = {}
    for folder in batches:
        batch = _read_batch(folder)
        models.append(batch["model"])
        for entry in batch["tiles"]:
            if entry["tile"] in homes:
                raise InsarcastError(
                    f"Tile {entry['tile']} is in two batches, {homes[entry['tile']][0]} and {folder}; delete both and run again."
                )
            homes[entry["tile"]] = (folder, entry)
    if len(set(models)) != 1:
        raise InsarcastError(f"The batches {', '.join(map(str, batches))} are of several models; delete them and run again.")
    if absent := [tile.tile for tile in tiles if tile.tile not in homes]:
        raise InsarcastError(
            f"Tile {absent[0]} is in no batch of {models[0]} ({batches[0]} and on); delete these batches and run again."
        )
    entries = {tile.tile: homes[tile.tile][1] for tile in tiles}
    parts: list[Part] = []
    for tile in tiles:
        folder, entry = homes[tile.tile]
        if entry["status"] not in (*DONE, *LEFT_OUT):
            raise InsarcastError(
                f"{folder / 'batch.json'}: tile {tile.tile} has the unknown status '{entry['status']}'; run it again."
            )
        if entry["status"] in DONE:
            parts.append(_open_part(folder, tile, grid, parts[0] if parts else None))
    if not parts:
        raise InsarcastError(f"No tile of {models[0]} has a forecast: {_why(entries)}.")
    return Parts(models[0], entries, parts)


def _read_batch(folder: Path) -> dict[str, Any]:
    try:
        batch: dict[str, Any] = json.loads((folder / "batch.json").read_text(encoding="utf-8"))
        _ = batch["model"], [(entry["tile"], entry["status"]) for entry in batch["tiles"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InsarcastError(
            f"{folder / 'batch.json'} is no record of a batch ({error}); delete {folder} and run again."
        ) from error
    return batch


def _open_part(folder: Path, tile: Tile, grid: xr.Dataset, first: Part | None) -> Part:
    """One tile's stores, after a look that they are of this window and of the same dates as the first tile's."""
    path = folder / f"tile-{tile.tile:04}.zarr"
    part = Part(tile, open_store(path), open_store(path.with_name(f"tile-{tile.tile:04}-past.zarr")))
    window = dict(zip(("y", "x"), tile.window, strict=True))
    for dim, side in window.items():
        if not np.array_equal(part.forecast[dim], grid[dim][side]):
            raise InsarcastError(
                f"{path} does not lie on the window of tile {tile.tile} ({dim} differs); delete {folder} and run again."
            )
    inside = [
        (side.start <= part.past[at]) & (part.past[at] < side.stop) for at, side in zip(("row", "col"), tile.window, strict=True)
    ]
    if not all(bool(each.all()) for each in inside):
        raise InsarcastError(
            f"The earlier origins of {path} have points outside tile {tile.tile}; delete {folder} and run again."
        )
    if first is not None and (what := _difference(part, first)):
        raise InsarcastError(
            f"{path} has other {what} than tile {first.tile.tile}, so the two cannot be one map; delete {folder.parent} and run again."
        )
    return part


def _difference(part: Part, first: Part) -> str | None:
    """The first thing in which two tiles differ that all tiles of a map must share."""
    pairs = {
        "origins": (part.forecast.origin, first.forecast.origin),
        "horizons": (part.forecast.horizon, first.forecast.horizon),
        "quantiles": (part.forecast["quantile"], first.forecast["quantile"]),
        "target times": (part.forecast.target_time, first.forecast.target_time),
        "origins of the past": (part.past.origin, first.past.origin),
        "horizons of the past": (part.past.horizon, first.past.horizon),
        "earlier origins": (part.past.past_origin, first.past.past_origin),
    }
    for what, (ours, theirs) in pairs.items():
        if not ours.variable.equals(theirs.variable):
            return what
    return "vintages" if part.forecast.attrs.get("vintages") != first.forecast.attrs.get("vintages") else None


def _why(entries: dict[int, dict[str, Any]]) -> str:
    """How many tiles failed and were skipped, with the first reason."""
    said = []
    for status in LEFT_OUT:
        chosen = [entry for entry in entries.values() if entry["status"] == status]
        if chosen:
            reason = str(chosen[0].get("reason") or "no reason given").rstrip(".")
            said.append(f"{len(chosen)} {status} (tile {chosen[0]['tile']}: {reason})")
    return ", ".join(said)
