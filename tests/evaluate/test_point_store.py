"""Stores over points, written chunk by chunk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from insarcast.core import blank, open_store
from insarcast.evaluate.series.point_store import create_points, write_points


@pytest.mark.parametrize(("points", "chunks"), [(50, (3, 100, 50, 50)), (2000, (1, 100, 1, 1024))])
def test_chunks_of_points_come_back_and_large_ones_are_cut_by_model_and_horizon(
    tmp_path: Path, points: int, chunks: tuple[int, ...]
) -> None:
    shape = (3, 100, 50, points)
    dims = ("model", "origin", "horizon", "point")
    coords = {"model": np.array(["a", "b", "c"], object), "index": ("point", np.arange(points))}
    template = xr.Dataset({"error": (dims, blank("float32", *shape), {"units": "mm"})}, coords=coords, attrs={"title": "t"})
    create_points(template, tmp_path / "store.zarr", 1024)
    store = open_store(tmp_path / "store.zarr")
    assert tuple(size[0] for size in store.error.chunks or ()) == chunks
    window = slice(points - 40, points) if points == 50 else slice(1024, points)
    values = np.broadcast_to(np.arange(window.stop - window.start, dtype="float32"), (*shape[:3], window.stop - window.start))
    write_points(xr.Dataset({"error": (dims, values)}), tmp_path / "store.zarr", window)
    found = open_store(tmp_path / "store.zarr").error.isel(model=1, origin=5, horizon=7).load()
    assert (found.values[window] == values[1, 5, 7]).all()
    assert not np.nan_to_num(found.values[: window.start]).any()
    assert found.attrs["units"] == "mm"
    assert (found["index"].values == np.arange(points)).all()
