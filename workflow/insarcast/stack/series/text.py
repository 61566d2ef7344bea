"""Text tables with a column per date, read block by block into one array."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from insarcast.core import Header, InsarcastError, split_line

from .columns import POINT, find_columns
from .dates import order_dates
from .table import Notes, Table

BLOCK = 16 * 2**20  # bytes of text that are parsed at a time
EMPTY = ["", "nan", "NaN", "NAN", "NA", "N/A", "n/a", "null", "NULL", "None", "-", "--"]
_Arrays = dict[int, NDArray[Any]]


def read_wide(header: Header, settings: Mapping[str, Any], number: int, notes: Notes, threads: int) -> Table:
    """Read a table with a row per point and a column per date.

    Memory holds the result and a block of the text: a file of 1 GB is fine.

    Args:
        header: the table's first line.
        settings: the study's ``series``.
        number: position of the file in the manifest.
        notes: where ignored columns and odd dates are listed.
        threads: parsers at work.

    Raises:
        InsarcastError: no column is a date, a cell is no number, or a row has too many or too few cells.
    """
    found = find_columns(header.names, settings["columns"], str(header.path))
    dates = header.dates
    known = {thing: at for thing, at in found.items() if thing in POINT and at[0] not in dates}
    if not dates:
        held = ", ".join(header.names[:8]) + (" ..." if len(header.names) > 8 else "")
        raise InsarcastError(
            f"{header.path} has no column named by a date (20180131, 2018-01-31, D20180131); its first line is {held}; rename its "
            "columns, or set series.layout."
        )
    used = {at for at, _ in known.values()} | set(dates)
    ignored = [name for at, name in enumerate(header.names) if at not in used]
    notes.drop("column", "neither a date nor anything that is used", ignored)
    text = {at for thing, (at, _) in known.items() if thing == "id"}
    values, others = read_numbers(header, sorted(dates), {at: at in text for at, _ in known.values()}, settings, threads)
    columns: dict[str, NDArray[Any]] = {
        thing: others[at] if thing == "id" else others[at] * sign for thing, (at, sign) in known.items()
    }
    columns.setdefault("id", np.arange(1, values.shape[1] + 1).astype(str).astype(object))
    values, days = order_dates(values, [dates[at] for at in sorted(dates)], str(header.path), notes)
    return Table(values, days, columns, np.full(values.shape[1], number, "int16"))


def read_numbers(
    header: Header, columns: Sequence[int], others: Mapping[int, bool], settings: Mapping[str, Any], threads: int
) -> tuple[NDArray[np.float32], _Arrays]:
    """Read some columns of a text table.

    Args:
        header: the table's first line; lines after it are read.
        columns: positions of the displacements.
        others: positions of other columns -> whether they are text.
        settings: the study's ``series``: decimal, nodata.
        threads: parsers at work.

    Returns:
        ``(column, row)`` displacements as they are written, NaN where there is none; position -> ``(row,)`` other columns.

    Raises:
        InsarcastError: a cell is no number, a row has another number of cells than the first line, or there are no rows.
    """
    values = np.empty((len(columns), _count_lines(header)), "float32")
    parts: dict[int, list[NDArray[Any]]] = {at: [] for at in others}
    rows = 0
    for batch in _batches(header, columns, others, settings, threads):
        stop = rows + batch.num_rows
        for position, at in enumerate(columns):
            values[position, rows:stop] = batch.column(f"c{at}").to_numpy(zero_copy_only=False)
        for at in others:
            parts[at].append(batch.column(f"c{at}").to_numpy(zero_copy_only=False))
        rows = stop
    if not rows:
        raise InsarcastError(f"{header.path} has a first line, but no rows below it; fetch it again.")
    values = values[:, :rows]
    if settings["nodata"] is not None:
        values[values == np.float32(settings["nodata"])] = np.nan
    return values, {at: np.concatenate(found) for at, found in parts.items()}


def _batches(
    header: Header, columns: Sequence[int], others: Mapping[int, bool], settings: Mapping[str, Any], threads: int
) -> Iterator[Any]:
    """Blocks of rows as record batches with columns ``c<position>``."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    pa.set_cpu_count(max(threads, 1))
    types = {f"c{at}": pa.float32() for at in columns}
    types |= {f"c{at}": pa.string() if text else pa.float64() for at, text in others.items()}
    blanks = header.delimiter == " "
    try:
        yield from arrow.open_csv(
            _without_blanks(header.path) if blanks else header.path,
            read_options=arrow.ReadOptions(
                use_threads=threads > 1,
                block_size=BLOCK,
                skip_rows=header.lines,
                column_names=[f"c{at}" for at in range(len(header.names))],
            ),
            parse_options=arrow.ParseOptions(delimiter="\t" if blanks else header.delimiter),
            convert_options=arrow.ConvertOptions(
                column_types=types, include_columns=list(types), null_values=EMPTY, decimal_point=settings["decimal"]
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return
        numbers = {*columns, *(at for at, text in others.items() if not text)}
        raise InsarcastError(_fault(header, numbers, settings["decimal"]) or _plain(header.path, error)) from None


def _without_blanks(path: Path) -> io.BytesIO:
    """The text with one tab wherever there was any white space inside a line."""
    lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines()
    return io.BytesIO(b"\n".join(re.sub(rb"[ \t]+", b"\t", line.strip()) for line in lines) + b"\n")


def _count_lines(header: Header) -> int:
    """Most rows that a text can hold."""
    lines = 1
    with open(header.path, "rb") as file:
        while block := file.read(BLOCK):
            lines += block.count(b"\n") or block.count(b"\r")
    return max(lines - header.lines, 0)


def _fault(header: Header, numbers: set[int], decimal: str) -> str:
    """The sentence on the first row that cannot be read; empty where none is found."""
    with open(header.path, encoding="utf-8-sig", newline="", errors="replace") as text:
        for line, row in enumerate(text, 1):
            if line <= header.lines or not row.strip():
                continue
            try:
                cells = split_line(row, header.delimiter)
            except csv.Error:
                return f"{header.path}, line {line}: its quotes do not close; correct the line."
            if len(cells) != len(header.names):
                return (
                    f"{header.path}, line {line}: it has {len(cells)} cells, but the first line has {len(header.names)}; the file is "
                    "cut off or the line is damaged, so fetch it again or correct the line."
                )
            for at in sorted(numbers):
                if not _is_number(cells[at], decimal):
                    name = f"column '{header.names[at]}'" if header.lines else f"column {at + 1}"
                    return (
                        f"{header.path}, line {line}, {name}: '{cells[at][:40]}' is no number; correct it, or leave the cell empty "
                        f"where nothing was measured{_marks(cells[at], decimal)}."
                    )
    return ""


def _marks(cell: str, decimal: str) -> str:
    """A hint where the decimal mark is the other one."""
    other = "," if decimal == "." else "."
    return (
        f" (series.decimal: '{other}' if that is its decimal mark)" if re.fullmatch(rf"-?\d+{re.escape(other)}\d+", cell) else ""
    )


def _is_number(cell: str, decimal: str) -> bool:
    if cell in EMPTY:
        return True
    if decimal == "," and "." in cell:
        return False
    try:
        float(cell.replace(",", ".") if decimal == "," else cell)
    except ValueError:
        return False
    return "_" not in cell


def _plain(path: Path, error: Exception) -> str:
    return f"{path} cannot be read as a table ({str(error).splitlines()[0][:200].rstrip('.')}); correct it or fetch it again."
