"""Tiles of a scene: what the stage tile wrote, for every stage that reads it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from .cube import Block
from .errors import InsarcastError

TILE_LAYER = "tiles"


@dataclass(frozen=True)
class Tile:
    """One window of a scene. Rows and columns are of the whole grid, ends exclusive; the columns of the table have these names.

    Attributes:
        tile: number, 0 and on, row by row.
        batch: job that the tile is dealt to.
        top: first row of the window that a model sees.
        bottom: row after its last.
        left: first column.
        right: column after its last.
        core_top: first row of the part that is this tile's own; the cores cover the grid exactly once.
        core_bottom: row after its last.
        core_left: first column.
        core_right: column after its last.
        usable: share of the window's pixels that are usable in the earliest vintage, 0-1.
        skipped: too few pixels are usable: the tile is not trained.
    """

    tile: int
    batch: int
    top: int
    bottom: int
    left: int
    right: int
    core_top: int
    core_bottom: int
    core_left: int
    core_right: int
    usable: float
    skipped: bool

    @property
    def rows(self) -> slice:
        """Rows that a model sees."""
        return slice(self.top, self.bottom)

    @property
    def cols(self) -> slice:
        """Columns that a model sees."""
        return slice(self.left, self.right)

    @property
    def window(self) -> Block:
        """Rows and columns that a model sees."""
        return self.rows, self.cols

    @property
    def core(self) -> Block:
        """Rows and columns that are this tile's own, on the grid."""
        return slice(self.core_top, self.core_bottom), slice(self.core_left, self.core_right)

    @property
    def core_inside(self) -> Block:
        """The same, counted from the window's first row and column."""
        rows = slice(self.core_top - self.top, self.core_bottom - self.top)
        return rows, slice(self.core_left - self.left, self.core_right - self.left)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the window, in pixels."""
        return self.bottom - self.top, self.right - self.left


def read_tiles(path: Path | str) -> list[Tile]:
    """The tiles of a scene, by number.

    A GeoPackage is an SQLite database, and the outlines are not needed here: this asks for no library of vector data.

    Raises:
        InsarcastError: the file is no table of tiles.
    """
    names = list(Tile.__dataclass_fields__)
    try:
        # immutable: nobody writes a finished output, and some cluster file systems have no locks.
        with closing(sqlite3.connect(f"{Path(path).resolve(strict=True).as_uri()}?immutable=1", uri=True)) as table:
            rows = table.execute(f'SELECT {", ".join(names)} FROM "{TILE_LAYER}" ORDER BY tile').fetchall()
    except (OSError, sqlite3.Error) as error:
        raise InsarcastError(f"{path} is no readable table of tiles ({error}); delete it and run again.") from error
    return [Tile(**dict(zip(names, row, strict=True)) | {"skipped": bool(row[-1])}) for row in rows]
