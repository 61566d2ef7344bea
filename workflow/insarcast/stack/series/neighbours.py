"""Who is whose neighbour, from a square matrix of 0 and 1."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from insarcast.core import InsarcastError, read_header, split_line

from .table import Notes


def read_neighbours(name: str | None, points: int, kept: NDArray[np.intp], notes: Notes) -> NDArray[np.int64] | None:
    """Read an adjacency matrix.

    Args:
        name: the file, or None where there is none.
        points: points of the table as it was read; the matrix has as many rows and columns.
        kept: their positions that are still there, in order.
        notes: where a matrix that is not symmetric is mentioned.

    Returns:
        ``(edge, 2)`` positions of neighbours among the points kept, each pair once, the smaller first; None without a file.

    Raises:
        InsarcastError: the matrix is not square, has other values than 0 and 1, or another size than there are points.
    """
    if name is None:
        return None
    header = read_header(Path(name))
    with open(name, encoding="utf-8-sig", newline="") as text:
        rows = [split_line(line, header.delimiter) for line in text if line.strip()]
    for number, row in enumerate(rows, 1):
        if len(row) != points or len(rows) != points:
            raise InsarcastError(
                f"{name} has {len(rows)} rows, and {len(row)} cells in row {number}, but there are {points} points; series.neighbours "
                "needs a row and a column for each."
            )
        if wrong := next((cell for cell in row if cell not in ("0", "1", "0.0", "1.0")), None):
            raise InsarcastError(
                f"{name}, row {number}: '{wrong[:20]}' is neither 0 nor 1; series.neighbours says who is a neighbour."
            )
    matrix = np.array(rows).astype(float) > 0
    if (matrix != matrix.T).any():
        notes.warn(f"{Path(name).name} is not symmetric: points are taken as neighbours where either row says so.")
    both = (matrix | matrix.T)[np.ix_(kept, kept)]
    return np.argwhere(np.triu(both, 1)).astype("int64")
