"""The grid cut to the study's area: which pixels, what is read, and that nothing else changes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import Transformer
from rasterio.crs import CRS

from insarcast.core import InsarcastError, Manifest, Pair, open_store, read_manifest
from insarcast.stack import align_products, close_loops, invert_network
from insarcast.stack.alignment.grid import Grid, Layer
from tests.stack.conftest import SETTINGS

PIXEL = 0.001
DATES = ["20200101", "20200113", "20200125"]
NAMES = [(DATES[0], DATES[1]), (DATES[0], DATES[2]), (DATES[1], DATES[2])]
CONVENTIONS: dict[str, Any] = {"sign": "away", "wavelength": 0.0555, "nodata": 0.0, "los": [-0.62, -0.14, 0.77]}


def write(path: Path, values: np.ndarray, *, row: int = 0, col: int = 0, nodata: float | None = 0) -> str:
    transform = Affine(PIXEL, 0, -99 + col * PIXEL, 0, -PIXEL, 20 - row * PIXEL)
    size = {"height": values.shape[0], "width": values.shape[1], "count": 1, "dtype": values.dtype}
    with rasterio.open(path, "w", driver="GTiff", **size, crs="EPSG:4326", transform=transform, nodata=nodata) as file:
        file.write(values, 1)
    return str(path)


def stack(folder: Path, ny: int = 60, nx: int = 80, **changes: Any) -> Path:
    """Three pairs with coherence, heights and water; extents differ."""
    rng, pairs, heights, water = np.random.default_rng(1), [], [], []
    for k, name in enumerate(NAMES):
        at = {"row": 2 * k, "col": -3 * k}
        phase = rng.uniform(0.5, 1, (ny, nx)).astype(np.float32)
        coherence = rng.integers(100, 200, (ny, nx)).astype(np.uint8)
        phase[5:9, 5:9] = 0
        phase[20, 30], coherence[20, 30] = 0, 250  # the interferogram's own reference
        phase[40, 60], coherence[40, 60] = 0, 199  # masked alone: less coherent than nine tenths of the reference
        paths = (write(folder / f"{k}.tif", phase, **at), write(folder / f"c{k}.tif", coherence, **at))
        pairs.append(Pair(*name, *paths, 10.0 * k))
        heights.append(write(folder / f"h{k}.tif", rng.uniform(1, 9, (ny, nx)).astype(np.float32), **at))
        water.append(write(folder / f"w{k}.tif", (rng.random((ny, nx)) > 0.1).astype(np.uint8), nodata=None, **at))
    found = Manifest("hyp3", DATES, pairs, {"dem": heights, "water": water}, conventions=CONVENTIONS | {"reference_zero": True})
    replace(found, **changes).write(folder / "manifest.json")
    return folder / "manifest.json"


def box(rows: tuple[float, float], cols: tuple[float, float]) -> list[float]:
    """An area by rows and columns, in pixels, of the lattice."""
    return [-99 + cols[0] * PIXEL, 20 - rows[1] * PIXEL, -99 + cols[1] * PIXEL, 20 - rows[0] * PIXEL]


def test_the_grid_is_cut_to_the_pixels_that_the_area_touches() -> None:
    grid = Grid(CRS.from_epsg(4326), Affine(PIXEL, 0, -99, 0, -PIXEL, 20), 60, 80)
    for rows, cols, found in (
        ((10.2, 20.7), (30.1, 40.9), (slice(10, 21), slice(30, 41))),
        ((10, 20), (30, 40), (slice(10, 20), slice(30, 40))),  # edges on edges touch no further pixel
        ((10.5, 10.6), (30.5, 30.6), (slice(10, 11), slice(30, 31))),  # less than a pixel
        ((-50, 20.5), (70.5, 900), (slice(0, 21), slice(70, 80))),  # partly outside
    ):
        assert grid.window(box(rows, cols)) == found
        cut = grid.cut(box(rows, cols))
        assert (cut.ny, cut.nx) == (found[0].stop - found[0].start, found[1].stop - found[1].start)
        assert grid.offset(cut, "") == (found[0].start, found[1].start)


def test_a_whole_degree_is_cut_to_a_whole_degree() -> None:
    """Integers in floating point: neither a pixel too much nor one too few."""
    grid = Grid(CRS.from_epsg(4326), Affine(PIXEL, 0, -100, 0, -PIXEL, 21), 3000, 3000)
    assert grid.window([-99, 19, -98, 20]) == (slice(1000, 2000), slice(1000, 2000))
    assert grid.window([-100, 18, -97, 21]) == (slice(0, 3000), slice(0, 3000))


def test_an_area_on_a_projected_grid_is_all_that_it_covers() -> None:
    grid = Grid(CRS.from_epsg(32614), Affine(80, 0, 400_000, 0, -80, 2_200_000), 900, 1000)
    west, south, east, north = area = (-99.6, 19.4, -99.3, 19.7)
    cut = grid.cut(area)
    to_metres = Transformer.from_crs(4326, 32614, always_xy=True)
    along = np.linspace(0, 1, 50)
    edge_lon = np.concatenate([west + (east - west) * along] * 2 + [np.full(50, west), np.full(50, east)])
    edge_lat = np.concatenate([np.full(50, south), np.full(50, north)] + [south + (north - south) * along] * 2)
    x, y = to_metres.transform(edge_lon, edge_lat)
    left, top = cut.transform @ (0, 0)
    right, bottom = cut.transform @ (cut.nx, cut.ny)
    for inner, outer in ((x.min(), left), (-x.max(), -right), (y.min(), bottom), (-y.max(), -top)):
        assert 0 <= inner - outer < 81


def test_the_cut_store_is_the_part_of_the_whole_one(tmp_path: Path) -> None:
    area = box((11.5, 45.2), (12.3, 66.8))
    align_products(stack(tmp_path), tmp_path / "whole.zarr", "stop")
    align_products(stack(tmp_path, area=area), tmp_path / "cut.zarr", "stop")
    align_products(stack(tmp_path, area=area), tmp_path / "not.zarr", "stop", crop=False)
    whole, cut, uncut = (open_store(tmp_path / f"{name}.zarr").load() for name in ("whole", "cut", "not"))
    assert whole.identical(uncut)
    part = whole.sel(y=slice(20 - 11 * PIXEL, 20 - 46 * PIXEL), x=slice(-99 + 12 * PIXEL, -99 + 67 * PIXEL))
    assert (cut.sizes["y"], cut.sizes["x"]) == (35, 55)
    np.testing.assert_allclose(cut.y, part.y, rtol=0, atol=1e-12)
    np.testing.assert_allclose(cut.x, part.x, rtol=0, atol=1e-12)
    # The reference pixels lie inside, the masked single ones too: coherence is told from that of the whole file.
    for name in ("phase", "coherence", "height", "los", "water"):
        np.testing.assert_array_equal(cut[name].values, part[name].values, err_msg=name)
    np.testing.assert_array_equal(cut.n_measured, np.isfinite(part.phase).sum(("y", "x")))
    references = [(part.y.values - 20 + (20.5 + 2 * k) * PIXEL, part.x.values + 99 - (30.5 - 3 * k) * PIXEL) for k in range(3)]
    at = [(int(np.abs(dy).argmin()), int(np.abs(dx).argmin())) for dy, dx in references]
    kept = [place for place in at if not part.water.values[place]]
    assert kept
    assert (cut.phase.values == 0).sum() == len(kept)


def test_coherence_outside_of_the_area_decides_what_a_zero_is(tmp_path: Path) -> None:
    """The reference lies outside; inside, a masked pixel is the most coherent."""
    area = box((38.0, 50.0), (50.0, 70.0))
    align_products(stack(tmp_path, area=area), tmp_path / "i.zarr", "stop")
    phase = open_store(tmp_path / "i.zarr").phase.values
    assert not (phase == 0).any()


def test_nothing_outside_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[str, int]] = []
    plain = Layer.read

    def counted(self: Layer, block: tuple[slice, slice], nodata: float | None, **named: Any) -> Any:
        read.append((Path(self.path).name, (block[0].stop - block[0].start) * (block[1].stop - block[1].start)))
        return plain(self, block, nodata, **named)

    listed = stack(tmp_path, area=box((10.0, 20.0), (40.0, 50.0)))
    monkeypatch.setattr(Layer, "read", counted)
    align_products(listed, tmp_path / "i.zarr", "stop")
    assert {name for name, _ in read} >= {"0.tif", "c0.tif", "h0.tif", "w0.tif"}
    assert max(size for _, size in read) <= 12 * 12


def test_an_area_elsewhere_is_a_sentence_with_both_places(tmp_path: Path) -> None:
    with pytest.raises(InsarcastError) as error:
        align_products(stack(tmp_path, area=[-98.5, 19.3, -98.4, 19.4]), tmp_path / "i.zarr", "stop")
    said = str(error.value)
    assert "area, [-98.5000, 19.3000, -98.4000, 19.4000], lies outside of the products" in said
    assert "which cover [-99.0060, 19.9360, -98.9200, 20.0000]" in said
    assert "\n" not in said


def test_a_pair_with_nothing_inside_is_listed_and_no_reason_to_stop(tmp_path: Path) -> None:
    found = read_manifest(stack(tmp_path, area=box((10.0, 20.0), (40.0, 50.0))))
    values = np.random.default_rng(2).uniform(1, 2, (60, 80)).astype(np.float32)
    for how, shift in (("does not reach into area", 70), ("nothing but nodata inside area", 0)):
        values[8:22, 38:52] = 0
        write(tmp_path / "1.tif", values, col=shift)
        found.write(tmp_path / "manifest.json")
        align_products(tmp_path / "manifest.json", tmp_path / f"{shift}.zarr", "stop")
        data = open_store(tmp_path / f"{shift}.zarr")
        assert data.sizes["pair"] == 2
        notes = json.loads(data.attrs["skipped"])
        assert [(note["what"], note["name"]) for note in notes] == [("pair", "20200101_20200125")]
        assert how in notes[0]["reason"]


def test_a_truncated_file_still_stops(tmp_path: Path) -> None:
    listed = stack(tmp_path, area=box((50.0, 58.0), (40.0, 50.0)))
    (tmp_path / "0.tif").write_bytes((tmp_path / "0.tif").read_bytes()[:-4000])
    with pytest.raises(InsarcastError, match="truncated"):
        align_products(listed, tmp_path / "i.zarr", "stop")


def test_another_area_is_another_grid_also_with_a_cache(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    one, two = box((10.0, 40.0), (10.0, 50.0)), box((20.0, 50.0), (10.0, 50.0))
    for area, said in ((one, "3 interferograms read, 0 kept"), (one, "0 interferograms read, 3 kept"), (two, "another extent")):
        align_products(stack(tmp_path, area=area), tmp_path / "i.zarr", "stop", str(tmp_path / "cache"))
        assert said in capfd.readouterr().out
        align_products(stack(tmp_path, area=area), tmp_path / "j.zarr", "stop")
        capfd.readouterr()
        kept, fresh = (
            {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*") if path.is_file()}
            for name in ("i.zarr", "j.zarr")
        )
        assert kept == fresh


def test_a_reference_outside_of_the_area_is_a_sentence(tmp_path: Path) -> None:
    align_products(stack(tmp_path, area=box((10.0, 40.0), (10.0, 50.0))), tmp_path / "i.zarr", "stop")
    close_loops(tmp_path / "i.zarr", tmp_path / "c.zarr", tmp_path / "n.parquet")
    reference = {"lon": -98.93, "lat": 19.95, "window": 1, "min_coherence": 0}
    with pytest.raises(InsarcastError, match=r"98\.9300 E lies outside the cube's grid.*stack\.crop"):
        invert_network(
            tmp_path / "i.zarr", tmp_path / "c.zarr", tmp_path / "v.zarr", tmp_path / "d.json", vintage="full", threads=1,
            **SETTINGS | {"reference": reference},
        )  # fmt: skip


def test_a_large_area_with_the_smallest_pair_first(tmp_path: Path) -> None:
    """Extents of every size on one lattice: the first pair is the smallest, later ones begin before it in both directions."""
    rng, pairs, placed = np.random.default_rng(5), [], {}
    days = [f"202001{day:02d}" for day in range(1, 14)]
    for k in range(12):
        ny, nx = (40, 50) if k == 0 else (int(rng.integers(200, 700)), int(rng.integers(200, 900)))
        row, col = (300, 400) if k == 0 else (int(rng.integers(-200, 300)), int(rng.integers(-250, 350)))
        values = rng.uniform(1, 2, (ny, nx)).astype(np.float32)
        pairs.append(Pair(days[k], days[k + 1], write(tmp_path / f"{k}.tif", values, row=row, col=col)))
        placed[pairs[-1].name] = (row, col, values)
    found = Manifest("licsar", days, pairs, conventions=CONVENTIONS)
    found.write(tmp_path / "manifest.json")
    align_products(tmp_path / "manifest.json", tmp_path / "i.zarr", "stop")
    data = open_store(tmp_path / "i.zarr").load()
    top, left = min(place[0] for place in placed.values()), min(place[1] for place in placed.values())
    assert top < 300
    assert left < 400
    assert data.sizes["y"] == max(place[0] + place[2].shape[0] for place in placed.values()) - top
    assert data.sizes["x"] == max(place[1] + place[2].shape[1] for place in placed.values()) - left
    assert float(data.y[0]) == pytest.approx(20 - (top + 0.5) * PIXEL)
    for k, (row, col, values) in enumerate(placed.values()):
        inner = (slice(row - top, row - top + values.shape[0]), slice(col - left, col - left + values.shape[1]))
        np.testing.assert_array_equal(data.phase.values[k][inner], values)
        assert np.isfinite(data.phase.values[k]).sum() == values.size
