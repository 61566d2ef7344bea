"""Batches of tile forecasts by the contract, with values of one's own choice."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import xarray as xr
from cubes import make_cube, make_dates

from insarcast.core import TILE_LAYER, Tile, write_store
from insarcast.stitch import stitch_tiles

QUANTILES = (0.05, 0.5, 0.95)
VINTAGES = ["asof-20180424", "full"]
# (tile, origin, horizon, quantile, row, col) -> mm, with rows and columns of the whole grid, all broadcast
Field = Callable[..., np.ndarray]


def cut(length: int, starts: Sequence[int], size: int) -> list[tuple[int, int, int, int]]:
    """Window and core of each span of an axis; cores meet in the middle of the overlaps."""
    middles = [(start + size + after) // 2 for start, after in pairwise(starts)]
    edges = [0, *middles, length]
    return [(start, start + size, edges[i], edges[i + 1]) for i, start in enumerate(starts)]


def make_tiles(
    ny: int,
    nx: int,
    rows: Sequence[int],
    cols: Sequence[int],
    size: tuple[int, int],
    batches: int = 1,
    skipped: Sequence[int] = (),
) -> list[Tile]:
    """Tiles whose windows start at some rows and columns."""
    down, right = cut(ny, rows, size[0]), cut(nx, cols, size[1])
    both = [(r, c) for r in down for c in right]
    return [
        Tile(n, n % batches, r[0], r[1], c[0], c[1], r[2], r[3], c[2], c[3], 1.0, n in skipped) for n, (r, c) in enumerate(both)
    ]


def write_table(tiles: Sequence[Tile], path: Path) -> None:
    """The columns of tiles.gpkg that are read; a GeoPackage is an SQLite database."""
    names = list(Tile.__dataclass_fields__)
    with closing(sqlite3.connect(path)) as table:
        table.execute(f"CREATE TABLE {TILE_LAYER} ({', '.join(names)})")
        marks = ", ".join("?" * len(names))
        table.executemany(f"INSERT INTO {TILE_LAYER} VALUES ({marks})", [tuple(asdict(tile).values()) for tile in tiles])
        table.commit()


@dataclass
class World:
    """Files of one scene."""

    folder: Path
    tiles: list[Tile]
    batches: list[Path]
    full: Path
    grid: xr.Dataset = field(repr=False)

    def stitch(self, name: str = "out", blend: str = "hann", halo: int | None = 0) -> tuple[xr.Dataset, xr.Dataset, dict]:
        """Run the stage; everything loaded."""
        out = self.folder / name
        out.mkdir()
        paths = out / "m.zarr", out / "m-past.zarr", out / "m.json"
        stitch_tiles(self.batches, self.folder / "tiles.gpkg", self.full, *paths, blend=blend, halo=halo)
        forecast, past = (xr.open_zarr(path, consolidated=False, decode_coords="all").load() for path in paths[:2])
        return forecast, past, json.loads(paths[2].read_text())


def make_world(
    folder: Path,
    tiles: list[Tile],
    value: Field,
    *,
    statuses: dict[int, str] | None = None,
    receptive_field: float | None = 2.0,
    sd: Field | None = None,
    past: Field | None = None,
    points: Sequence[tuple[int, int]] = (),
    origins: int = 2,
    horizons: int = 2,
    batches: int = 1,
    masked: Sequence[tuple[int, int]] = (),
) -> World:
    """Write a cube, a table of tiles and batches.

    Args:
        folder: where.
        tiles: of the scene.
        value: increments.
        statuses: of the tiles that are not simply trained.
        receptive_field: said of every tile.
        sd: like ``value``, without a quantile (it is given 0); default 1 mm.
        past: medians of the points, like ``value`` with the earlier origin for the quantile; default ``value``.
        points: sampled rows and columns of the grid.
        origins: number of origins.
        horizons: number of horizons.
        batches: number of batches.
        masked: pixels that the newest cube rejects.
    """
    ny, nx = max(tile.core_bottom for tile in tiles), max(tile.core_right for tile in tiles)
    grid = make_cube(ny=ny, nx=nx, not_inverted=(), masked=masked)
    write_store(grid, full := folder / "full.zarr")
    write_table(tiles, folder / "tiles.gpkg")
    folders = [folder / f"m-{number}" for number in range(batches)]
    for each in folders:
        each.mkdir()
    records: list[list[dict]] = [[] for _ in folders]
    for tile in tiles:
        status = (statuses or {}).get(tile.tile, "skipped" if tile.skipped else "trained")
        record = {"tile": tile.tile, "status": status, "reason": None, "seed": tile.tile, "attempts": 1, "receptive_field": None}
        if status in ("trained", "forecast"):
            record["receptive_field"] = receptive_field
            dates = make_dates(13).astype("datetime64[ns]")
            shape = (origins, horizons)
            name = f"tile-{tile.tile:04}"
            write_store(_forecast(tile, grid, value, sd, dates, shape), folders[tile.batch] / f"{name}.zarr")
            write_store(_past(tile, past or value, points, dates, shape), folders[tile.batch] / f"{name}-past.zarr")
        else:
            record["reason"] = "the loss was not finite" if status == "failed" else "too few usable pixels"
        records[tile.batch].append(record)
    for number, each in enumerate(folders):
        (each / "batch.json").write_text(json.dumps({"model": "m", "batch": number, "tiles": records[number]}))
    return World(folder, tiles, folders, full, grid)


def _forecast(
    tile: Tile, grid: xr.Dataset, value: Field, sd: Field | None, dates: np.ndarray, shape: tuple[int, int]
) -> xr.Dataset:
    o, h = np.arange(shape[0]), np.arange(shape[1])
    row, col = np.arange(tile.top, tile.bottom), np.arange(tile.left, tile.right)
    full = (*shape, len(QUANTILES), len(row), len(col))
    at = np.ix_(o, h, np.arange(len(QUANTILES)), row, col)
    increment = np.broadcast_to(value(tile.tile, *at), full).astype("float32")
    flat = tuple(part[:, :, 0] for part in at)
    spread = np.broadcast_to(1.0 if sd is None else sd(tile.tile, *flat[:2], 0, *flat[3:]), (*full[:2], *full[3:]))
    data = xr.Dataset(
        {
            "increment": (("origin", "horizon", "quantile", "y", "x"), increment, {"units": "mm"}),
            "sd": (("origin", "horizon", "y", "x"), spread.astype("float32"), {"units": "mm"}),
        },
        coords={
            "origin": dates[8 : 8 + shape[0]],
            "horizon": np.arange(1, shape[1] + 1),
            "quantile": list(QUANTILES),
            "target_time": (("origin", "horizon"), np.array([[dates[8 + a + b + 1] for b in h] for a in o])),
            "y": grid.y[tile.window[0]],
            "x": grid.x[tile.window[1]],
        },
        attrs={
            "model": "m",
            "label": "M",
            "tile": tile.tile,
            "seed": 0,
            "vintages": VINTAGES[-shape[0] :],
            "insarcast_version": "test",
        },
    )
    return data.rio.write_crs(grid.rio.crs)


def _past(tile: Tile, value: Field, points: Sequence[tuple[int, int]], dates: np.ndarray, shape: tuple[int, int]) -> xr.Dataset:
    inside = [(r, c) for r, c in points if tile.top <= r < tile.bottom and tile.left <= c < tile.right]
    row, col = np.array([r for r, _ in inside], int), np.array([c for _, c in inside], int)
    o, h, p = np.arange(shape[0])[:, None, None, None], np.arange(shape[1])[:, None], np.arange(3)[:, None, None]
    full = (shape[0], 3, shape[1], row.size)
    median = np.broadcast_to(value(tile.tile, o, h, p, row, col), full).astype("float32")
    earlier = np.broadcast_to(dates[4:7], (shape[0], 3)).copy()
    earlier[0, 2] = np.datetime64("NaT")  # the first origin has fewer earlier ones
    dims = ("origin", "past", "horizon", "point")
    return xr.Dataset(
        {
            "median": (dims, median, {"units": "mm"}),
            "sd": (dims, np.abs(median) + 1, {"units": "mm"}),
            "observed": (dims, np.broadcast_to(row * 0.1 + col, full).astype("float32"), {"units": "mm"}),
        },
        coords={
            "origin": dates[8 : 8 + shape[0]],
            "horizon": np.arange(1, shape[1] + 1),
            "past_origin": (("origin", "past"), earlier),
            "row": ("point", row),
            "col": ("point", col),
        },
        attrs={"history": 5, "stride": 1},
    )
