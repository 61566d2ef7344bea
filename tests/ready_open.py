"""Acquire and open a ready series on a grid as the rules do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from insarcast.acquire import acquire_products
from insarcast.core import InsarcastError, Manifest, Study, read_manifest
from insarcast.stack.ready.grid_series import Block, GridSeries, open_grid_series


def acquire(folder: Path, source: str, products: dict[str, Any] | None = None, **series: Any) -> Manifest:
    """The manifest of a folder."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    study, out = folder.parent / "study.yaml", folder.parent / f"{source}.json"
    cube = {"source": source, "products": {"folder": str(folder)} | (products or {}), "series": series}
    study.write_text(yaml.safe_dump({"title": "A study", "cubes": {"A": cube}}))
    get = lambda key: Study(study).get(key, "A")  # noqa: E731
    places = (None, "config/originals", str(folder.parent / "cache"), None)
    acquire_products(out, source, get("products"), get("gnss"), *places, get("series"))
    return read_manifest(out)


def opened(folder: Path, source: str, products: dict[str, Any] | None = None, **series: Any) -> GridSeries:
    """The series of a folder."""
    return open_grid_series(acquire(folder, source, products, **series))


def whole(series: GridSeries) -> Block:
    """All pixels."""
    return slice(0, series.grid.ny), slice(0, series.grid.nx)


def values(series: GridSeries) -> np.ndarray:
    """(time, y, x) mm of all pixels."""
    return series.displacement(whole(series))


def refused(folder: Path, source: str, products: dict[str, Any] | None = None, **series: Any) -> str:
    """The sentence that a folder ends in, when it is found or when it is read."""
    with pytest.raises(InsarcastError) as caught:
        values(opened(folder, source, products, **series))
    text = str(caught.value)
    assert text.endswith("."), text
    assert "\n" not in text, text
    assert len(text) < 600, text
    return text


def same(one: np.ndarray, other: np.ndarray, within: float = 2e-5) -> None:
    """Equal in mm, with nothing in the same places."""
    assert one.shape == other.shape
    np.testing.assert_array_equal(np.isnan(one), np.isnan(other))
    np.testing.assert_allclose(np.nan_to_num(one), np.nan_to_num(other), rtol=0, atol=within)
