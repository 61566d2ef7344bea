"""Tables of ready series as they come from elsewhere, and reading them as the rules do."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import yaml
from numpy.typing import NDArray

from insarcast.acquire import acquire_products
from insarcast.core import InsarcastError, Study, open_cube
from insarcast.stack import read_series

ROOT = Path(__file__).resolve().parents[1]
DATA = os.environ.get("INSARCAST_DATA")
with_data = pytest.mark.skipif(DATA is None, reason="INSARCAST_DATA is not set: the real series are there")


def days(count: int, step: int = 6, first: str = "2018-01-05") -> list[str]:
    """Dates ``yyyymmdd``."""
    start = date.fromisoformat(first)
    return [(start + timedelta(days=step * at)).strftime("%Y%m%d") for at in range(count)]


def noise(dates: int, points: int, seed: int = 0, level: float = 3.0) -> NDArray[np.float64]:
    """``(point, time)`` white noise in mm, to a tenth as EGMS has it."""
    return np.round(np.random.default_rng(seed).normal(0, level, (points, dates)), 1)


def write_csv(
    path: Path,
    values: NDArray[np.float64],
    dates: Sequence[str],
    columns: Mapping[str, Sequence[Any]] | None = None,
    delimiter: str = ",",
    first: bool = True,
    head: str = "",
) -> Path:
    """Write a table with a row per point; NaN becomes an empty cell. Columns stand before the dates.

    Args:
        path: the file.
        values: ``(point, time)``.
        dates: names of the columns of the displacements.
        columns: other columns; None: pid, latitude and longitude near Wrocław.
        delimiter: between cells.
        first: whether there is a first line.
        head: bytes before it.
    """
    count = len(values)
    if columns is None:
        columns = {
            "pid": [f"p{at}" for at in range(count)],
            "latitude": [f"{51 + 0.001 * at:.6f}" for at in range(count)],
            "longitude": [f"{17 + 0.002 * at:.6f}" for at in range(count)],
        }
    lines = [delimiter.join([*columns, *dates])] if first else []
    for at in range(count):
        cells = [str(column[at]) for column in columns.values()]
        lines.append(delimiter.join([*cells, *("" if np.isnan(value) else f"{value:g}" for value in values[at])]))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def read(
    folder: Path, source: str = "egms", products: dict[str, Any] | None = None, **series: Any
) -> tuple[xr.Dataset, dict[str, Any]]:
    """Acquire and read a folder of tables: the cube, in memory, and its record."""
    study = folder.parent / "study.yaml"
    series = ({"units": "mm"} if source == "points" else {}) | series
    cube = {"source": source, "products": {"folder": str(folder)} | (products or {}), "series": series}
    study.write_text(yaml.safe_dump({"title": "A study", "cubes": {"A": cube}}))
    return read_study(study, "A", folder.parent / "out")


def read_study(study: Path, cube: str, out: Path) -> tuple[xr.Dataset, dict[str, Any]]:
    """The same for a cube of a study."""
    values, get = Study(study), lambda key: Study(study).get(key, cube)
    out.mkdir(exist_ok=True)
    manifest, store, record = out / "manifest.json", out / "series.zarr", out / "series.json"
    originals = str(ROOT / "config/originals")
    acquire_products(
        manifest, get("source"), get("products"), get("gnss"), DATA, originals, str(out / "cache"), None, get("series")
    )
    read_series(manifest, store, record, get("products"), get("series"), values.get("title"), "c0ffee")
    return open_cube(store).load(), json.loads(record.read_text())


def refused(folder: Path, source: str = "egms", products: dict[str, Any] | None = None, **series: Any) -> str:
    """The sentence that a folder of tables ends in."""
    with pytest.raises(InsarcastError) as caught:
        read(folder, source, products, **series)
    return one_sentence(str(caught.value))


def one_sentence(text: str) -> str:
    """A sentence is one line with an end."""
    assert text.endswith((".", "?")), text
    assert "\n" not in text, text
    assert len(text) < 600, text
    return text


def dropped(record: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """The entry of what was left out for a reason."""
    entries = [entry for entry in record["dropped"] if reason in entry["reason"]]
    assert len(entries) == 1, record["dropped"]
    return dict(entries[0])
