"""Tiles: every pixel has one owner, every window one size, and the table is the same each time."""

from __future__ import annotations

from itertools import pairwise, product
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import pytest
import xarray as xr
from cubes import make_cube, write_cubes

from insarcast.core import InsarcastError, Tile, file_sha256, read_tiles, write_store
from insarcast.tile import tile_cube
from insarcast.tile.deal import deal
from insarcast.tile.spans import cut_axis
from insarcast.tile.table import pixel_edges

EARLY, LATE = "asof-20180412", "asof-20180506"
AXES = [
    (length, size, overlap)
    for length, size in product([1, 2, 7, 8, 9, 16, 31, 100, 257], [1, 8, 9, 32])
    for overlap in {0, 1, size // 3, size // 2, size - 1}
    if overlap < size
]


@pytest.mark.parametrize(("length", "size", "overlap"), AXES)
def test_spans_share_what_was_asked_and_cores_cover_the_axis_once(length: int, size: int, overlap: int) -> None:
    spans = cut_axis(length, size, overlap)
    owners = np.zeros(length, int)
    for span in spans:
        assert 0 <= span.start <= span.core_start < span.core_stop <= span.stop <= length
        assert span.stop - span.start == min(size, length)
        owners[span.core_start : span.core_stop] += 1
    assert (owners == 1).all()
    shared = [before.stop - after.start for before, after in pairwise(spans)]
    assert all(overlap <= pixels for pixels in shared)
    assert not shared or max(shared) - min(shared) <= 1, "the surplus is shared by all"
    for before, after in pairwise(spans):
        assert abs((before.stop - before.core_stop) - (after.core_start - after.start)) <= 1, "cores meet in the middle"


@pytest.mark.parametrize(("length", "size", "overlap"), [case for case in AXES if case[0] > case[1]])
def test_no_fewer_spans_would_do(length: int, size: int, overlap: int) -> None:
    """Fewer spans of this size, each sharing the overlap with the next, reach less far than the axis."""
    fewer = len(cut_axis(length, size, overlap)) - 1
    assert fewer * size - (fewer - 1) * overlap < length


def test_a_scene_of_the_published_size_is_cut_into_the_published_grid() -> None:
    """Leng 2023: 3584 x 2560 pixels, tiles of 512 with about 3 % overlap, 6 rows and 8 columns."""
    rows, columns = cut_axis(2560, 512, 16), cut_axis(3584, 512, 16)
    assert (len(rows), len(columns)) == (6, 8)
    assert {before.stop - after.start for before, after in pairwise(rows)} == {102, 103}
    assert {before.stop - after.start for before, after in pairwise(columns)} == {73, 74}


def test_overlap_as_large_as_the_tile_is_refused() -> None:
    with pytest.raises(InsarcastError, match=r"tile\.overlap is 32 pixels, but tile\.size is only 32"):
        cut_axis(100, 32, 32)


def test_batches_are_balanced_and_all_tiles_are_dealt() -> None:
    costs = list(np.random.default_rng(3).integers(1, 1000, 60))
    batches = 4
    dealt = deal(costs, batches)
    work = np.bincount(dealt, costs, minlength=batches)
    assert work.max() <= (4 / 3 - 1 / (3 * batches)) * max(sum(costs) / batches, max(costs))
    assert work.max() / work.mean() < 1.05
    assert dealt == deal(costs, batches)


def test_dealing_by_hand() -> None:
    # 7 -> 0, 5 -> 1, 4 -> 1 (5 < 7), 3 -> 0 (7 < 9), 3 -> 1 (9 < 10), then the free one where there is least work
    assert deal([3, 5, 0, 7, 4, 3], 2) == [0, 1, 0, 0, 1, 1]
    assert deal([0, 0, 0], 2) == [0, 1, 0], "skipped tiles are spread by number"
    assert deal([5], 4) == [0], "the other batches stay empty"


def cut(folder: Path, vintages: list[Path], full: Path, **settings: float) -> tuple[list[Tile], Path]:
    path = folder / "tiles.gpkg"
    path.unlink(missing_ok=True)
    asked = {"size": 8, "overlap": 2, "batches": 3, "min_usable": 0.05} | settings
    tile_cube(vintages, full, path, **asked)  # type: ignore[arg-type]
    return read_tiles(path), path


def owners(tiles: list[Tile], shape: tuple[int, int]) -> np.ndarray:
    grid = np.zeros(shape, int)
    for tile in tiles:
        grid[tile.core] += 1
    return grid


def test_a_cube_is_cut(tmp_path: Path) -> None:
    vintages, full = write_cubes(tmp_path, [EARLY], ny=20, nx=30)
    tiles, _ = cut(tmp_path, vintages, full)
    assert [tile.tile for tile in tiles] == list(range(len(tiles))) == list(range(3 * 5))
    assert [(tile.top, tile.left) for tile in tiles] == sorted((tile.top, tile.left) for tile in tiles), "row by row"
    assert {tile.shape for tile in tiles} == {(8, 8)}
    assert (owners(tiles, (20, 30)) == 1).all()
    assert {tile.batch for tile in tiles} == {0, 1, 2}
    first = tiles[0]
    assert first.usable == pytest.approx(62 / 64), "pixels (0, 0) and (0, 1) are masked"
    assert not any(tile.skipped for tile in tiles)
    grid = np.arange(600).reshape(20, 30)
    for tile in tiles:
        np.testing.assert_array_equal(grid[tile.window][tile.core_inside], grid[tile.core])


def test_the_earliest_mask_decides_and_no_later_one(tmp_path: Path) -> None:
    masked = [(row, col) for row in range(8) for col in range(8)]
    paths = []
    for vintage, pixels in ((LATE, []), (EARLY, masked), ("full", [])):
        cube = make_cube(vintage=vintage, ny=16, nx=16, not_inverted=(), masked=pixels, reference=(12, 12))
        paths.append(tmp_path / f"{vintage}.zarr")
        write_store(cube, paths[-1])
    late, early, full = paths
    tiles, _ = cut(tmp_path, [late, early], full, overlap=0)
    assert [tile.usable for tile in tiles] == [0, 1, 1, 1], "the order in which they are given does not matter"
    assert [tile.skipped for tile in tiles] == [True, False, False, False]
    tiles, _ = cut(tmp_path, [], full, overlap=0)
    assert [tile.usable for tile in tiles] == [1, 1, 1, 1], "without an as-of cube: the full one's"


def test_mostly_masked_tiles_are_skipped_with_their_share(tmp_path: Path) -> None:
    masked = [(row, col) for row in range(8) for col in range(8) if (row, col) not in {(7, 7), (7, 6)}]
    _, full = write_cubes(tmp_path, ny=16, nx=16, not_inverted=(), masked=masked, reference=(12, 12))
    tiles, _ = cut(tmp_path, [], full, overlap=0, min_usable=2.5 / 64)
    assert (tiles[0].usable, tiles[0].skipped) == (2 / 64, True)
    assert [tile.batch for tile in tiles[1:]] == [0, 1, 2], "a skipped tile takes no room"
    tiles, _ = cut(tmp_path, [], full, overlap=0, min_usable=2 / 64)
    assert not tiles[0].skipped, "as many as asked are enough"


def test_a_tile_without_a_usable_pixel_is_skipped_whatever_is_asked(tmp_path: Path) -> None:
    masked = [(row, col) for row in range(8) for col in range(8)]
    _, full = write_cubes(tmp_path, ny=16, nx=16, not_inverted=(), masked=masked, reference=(12, 12))
    tiles, _ = cut(tmp_path, [], full, overlap=0, min_usable=0.0)
    assert [tile.skipped for tile in tiles] == [True, False, False, False]


@pytest.mark.parametrize(
    ("ny", "nx", "shape"), [(5, 6, (5, 6)), (5, 30, (5, 8)), (1, 30, (1, 8)), (30, 1, (8, 1)), (1, 1, (1, 1))]
)
def test_scenes_smaller_than_a_tile(tmp_path: Path, ny: int, nx: int, shape: tuple[int, int]) -> None:
    _, full = write_cubes(tmp_path, ny=ny, nx=nx, not_inverted=(), masked=(), reference=(0, 0))
    tiles, path = cut(tmp_path, [], full, batches=40)
    assert {tile.shape for tile in tiles} == {shape}
    assert (owners(tiles, (ny, nx)) == 1).all()
    assert sorted(tile.batch for tile in tiles) == list(range(len(tiles))), "one tile a batch, and empty batches"
    assert geopandas.read_file(path, layer="tiles").geometry.is_valid.all()


def test_the_table_opens_as_a_map(tmp_path: Path) -> None:
    _, full = write_cubes(tmp_path, ny=20, nx=30)
    tiles, path = cut(tmp_path, [], full)
    assert [list(row) for row in pyogrio.list_layers(path)] == [["tiles", "Polygon"]]
    table = geopandas.read_file(path, layer="tiles")
    assert table.crs.to_epsg() == 4326
    columns = ["tile", "batch", "top", "bottom", "left", "right", "core_top", "core_bottom", "core_left", "core_right"]
    assert list(table.columns) == [*columns, "usable", "skipped", "geometry"]
    assert table.skipped.dtype == bool
    cube = make_cube(ny=20, nx=30)
    half = 0.0007
    for tile, outline in zip(tiles, table.geometry.bounds.values, strict=True):
        part = cube.isel(y=tile.window[0], x=tile.window[1])
        expected = [part.x.min() - half, part.y.min() - half, part.x.max() + half, part.y.max() + half]
        np.testing.assert_allclose(outline, expected, atol=1e-9)
    west, south, east, north = cube.rio.bounds()
    np.testing.assert_allclose(table.total_bounds, [west, south, east, north], atol=1e-9)


@pytest.mark.parametrize("crs", ["EPSG:32614", None])
def test_other_reference_systems(tmp_path: Path, crs: str | None) -> None:
    cube = make_cube(ny=12, nx=12).drop_vars("spatial_ref").drop_encoding()
    cube = cube.assign_coords(y=2_150_000.0 - 80 * np.arange(12), x=480_000.0 + 80 * np.arange(12))
    write_store(cube.rio.write_crs(crs) if crs else cube, tmp_path / "cube.zarr")
    _, path = cut(tmp_path, [], tmp_path / "cube.zarr")
    table = geopandas.read_file(path, layer="tiles")
    assert (table.crs.to_epsg() == 32614) if crs else table.crs is None or not table.crs.is_projected
    np.testing.assert_allclose(table.total_bounds, [479_960, 2_150_040 - 12 * 80, 479_960 + 12 * 80, 2_150_040])


def test_same_scene_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vintages, full = write_cubes(tmp_path, [EARLY], ny=20, nx=30)
    _, path = cut(tmp_path, vintages, full)
    once = file_sha256(path)
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    assert before is None, "the fixed date is not left behind"
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    _, path = cut(tmp_path, vintages, full)
    assert file_sha256(path) == once
    other = path.with_name("unfixed.gpkg")
    geopandas.read_file(path, layer="tiles").to_file(other, layer="tiles")
    assert b"2000-01-01T00:00:00" in path.read_bytes()
    assert b"2000-01-01T00:00:00" not in other.read_bytes(), "without it, the file would hold the time of writing"
    read_tiles(path)
    assert file_sha256(path) == once, "reading changes nothing"


def test_an_edge_of_one_pixel() -> None:
    y, x = pixel_edges(xr.Dataset(coords={"y": [100.0], "x": [10.0, 20.0]}))
    np.testing.assert_allclose(y, [105, 95])
    np.testing.assert_allclose(x, [5, 15, 25])


def test_what_cannot_be_cut_is_said(tmp_path: Path) -> None:
    vintages, _ = write_cubes(tmp_path, [EARLY], ny=12, nx=14)
    other = write_cubes(tmp_path / "other", ny=13, nx=14)[1]
    with pytest.raises(InsarcastError, match="different grids"):
        cut(tmp_path, vintages, other)
    points = make_cube().stack(point=("y", "x")).reset_index("point").drop_vars(["y", "x"])
    write_store(points[["displacement", "mask"]].drop_vars("spatial_ref"), tmp_path / "points.zarr")
    with pytest.raises(InsarcastError, match=r"points\.zarr holds points, not a grid"):
        cut(tmp_path, [], tmp_path / "points.zarr")


def test_a_broken_table_is_said(tmp_path: Path) -> None:
    (tmp_path / "tiles.gpkg").write_text("nothing of the kind, and long enough to be taken for a header of a database")
    for path in (tmp_path / "tiles.gpkg", tmp_path / "missing.gpkg"):
        with pytest.raises(InsarcastError, match="no readable table of tiles"):
            read_tiles(path)
