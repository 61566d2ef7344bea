"""Tables of the report: the same rows go into the page (rounded) and into csv files (as measured)."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import words

Cell = str | float | int | None


@dataclass(frozen=True)
class Column:
    """A column: key in the rows and in the csv, words over it, and how many decimals the page shows (None: text).

    What is ``hidden`` is in the csv alone.
    """

    key: str
    head: str
    digits: int | None = None
    factor: float = 1.0
    right: bool = False
    hidden: bool = False


@dataclass(frozen=True)
class Table:
    """A table: file name without ending, caption, columns, rows."""

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Cell]]

    @property
    def visible(self) -> Sequence[Column]:
        """The columns of the page."""
        return [column for column in self.columns if not column.hidden]

    def shown(self, row: Mapping[str, Cell], column: Column) -> str:
        """A cell as the page prints it."""
        value = row.get(column.key)
        if column.digits is None or isinstance(value, str):
            return "\N{EN DASH}" if value is None else str(value)
        return words.number(None if value is None else float(value) * column.factor, column.digits)

    def write(self, folder: Path) -> None:
        """Write ``<name>.csv``: numbers with six significant digits, missing ones empty."""
        with open(folder / f"{self.name}.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([column.key for column in self.columns])
            writer.writerows([[_plain(row.get(column.key)) for column in self.columns] for row in self.rows])


# Columns of a place in degrees.
PLACE = (Column("lat", "Latitude [°]", 4), Column("lon", "Longitude [°]", 4))


def cells(columns: Sequence[Column], item: Mapping[Any, Any]) -> dict[str, Cell]:
    """The row of an item: what it holds under the columns' keys."""
    return {column.key: item.get(column.key) for column in columns}


def headline_cells(cube: str, numbers: Sequence[tuple[str, Cell, str]]) -> list[dict[str, Cell]]:
    """Rows of the table of the first section's numbers, given as (number, value, unit)."""
    return [{"cube": cube, "number": number, "value": value, "unit": unit} for number, value, unit in numbers]


def _plain(value: Cell) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, str):
        # A spreadsheet runs a cell that begins like a formula.
        return f"'{value}" if value[:1] in ("=", "+", "@") or (value[:1] == "-" and not _is_number(value)) else value
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def dropped_table(cube: str, items: Sequence[Mapping[str, Any]]) -> Table:
    """Everything that was left out, with its reason."""
    columns = [Column("what", "What"), Column("name", "Name"), Column("count", "Count", 0), Column("reason", "Reason")]
    rows = [cells(columns, item) for item in items]
    caption = "Everything that was found and not used."
    if sum(item.get("name") == "masked" for item in items) > 1:
        caption += " A pixel that is masked for several reasons counts under each, so these add up to more than the pixels."
    if any(item.get("what") == "resampled" for item in items):
        caption += " What is resampled is used all the same, moved onto the grid of the others."
    return Table(f"{cube}_dropped", caption, columns, rows)
