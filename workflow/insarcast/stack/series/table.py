"""What every form of table becomes: displacements of points at dates, and what the table says about the points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

_NAMED = 20  # so many points, dates or columns of one kind are listed by name


@dataclass(frozen=True, eq=False)
class Table:
    """Displacements as a file has them.

    Attributes:
        values: ``(time, point)`` float32 in the file's units and sign, NaN where there is none.
        dates: ``yyyymmdd`` of the rows of ``values``, ascending, each once.
        columns: what is known of the points, ``(point,)`` each: ``id`` (text) and any of lon, lat (degrees), x, y (``crs``),
            height (m), coherence, los_east, los_north, los_up, rmse (mm).
        file: ``(point,)`` position of the point's file in the manifest.
        crs: CRS of x and y, or None.
    """

    values: NDArray[np.float32]
    dates: list[str]
    columns: dict[str, NDArray[Any]]
    file: NDArray[np.int16]
    crs: str | None = None

    @property
    def points(self) -> int:
        """Number of points."""
        return int(self.values.shape[1])

    def take(self, keep: NDArray[Any]) -> Self:
        """Some of the points, by position or by a mask."""
        columns = {name: values[keep] for name, values in self.columns.items()}
        return replace(self, values=self.values[:, keep], columns=columns, file=self.file[keep])


@dataclass
class Notes:
    """What a person must know of how a table was read.

    Attributes:
        dropped: what was left out: ``{"what", "reason", "count", "names"}``, the first names only.
        warnings: sentences.
    """

    dropped: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def drop(self, what: str, reason: str, names: Sequence[str]) -> None:
        """List what was left out for one reason; nothing where there is nothing."""
        if len(names):
            named = [str(name) for name in names[:_NAMED]]
            self.dropped.append({"what": what, "reason": reason, "count": len(names), "names": named})

    def warn(self, sentence: str) -> None:
        """Say something, once."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)


def join_tables(tables: Sequence[Table]) -> Table:
    """Points of several files in one table, on the dates of all of them; what only some files know of a point is unknown (NaN) elsewhere."""
    if len(tables) == 1:
        return tables[0]
    dates = sorted({day for table in tables for day in table.dates})
    row = {day: index for index, day in enumerate(dates)}
    values = np.full((len(dates), sum(table.points for table in tables)), np.nan, "float32")
    start = 0
    for table in tables:
        values[[row[day] for day in table.dates], start : start + table.points] = table.values
        start += table.points
    names = list(dict.fromkeys(name for table in tables for name in table.columns))
    columns = {
        name: np.concatenate([table.columns.get(name, np.full(table.points, np.nan)) for table in tables]) for name in names
    }
    return Table(values, dates, columns, np.concatenate([table.file for table in tables]), tables[0].crs)
