"""Stitched maps against hand-made ones: constants, ramps, missing tiles, masks, order of quantiles, the past."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy.signal import windows
from stitch.fakes import QUANTILES, World, make_tiles, make_world, write_table

from insarcast.core import InsarcastError
from insarcast.stitch import maps, run

FOUR = {"ny": 24, "nx": 28, "rows": (0, 8), "cols": (0, 12), "size": (16, 16)}  # overlaps: 8 rows, 4 columns


def constant(value):
    return lambda tile, o, h, q, row, col: np.full((), value)


def by_tile(values):
    return lambda tile, o, h, q, row, col: values[tile] + 0 * row


@pytest.mark.parametrize("blend", ["hann", "linear", "none"])
def test_tiles_that_agree_give_their_value_exactly(tmp_path: Path, blend: str) -> None:
    value = np.float32(-17.3)
    forecast, _, record = make_world(tmp_path, make_tiles(**FOUR), constant(value), points=[(10, 13)]).stitch(
        blend=blend, halo=None
    )
    assert (forecast.increment.values == value).all()
    assert (forecast.sd.values == 1).all()
    assert forecast.increment.dtype == np.float32
    assert record["seam"]["blended"] is None  # no jump anywhere: no ratio
    assert "the same forecast" in record["sentence"]


def test_map_carries_the_contract(tmp_path: Path) -> None:
    world = make_world(tmp_path, make_tiles(**FOUR), constant(1.0), points=[(3, 3)])
    forecast, past, record = world.stitch()
    assert forecast.increment.dims == ("origin", "horizon", "quantile", "y", "x")
    assert forecast.sd.dims == ("origin", "horizon", "y", "x")
    assert np.array_equal(forecast.y, world.grid.y)
    assert np.array_equal(forecast.x, world.grid.x)
    assert forecast.rio.crs == world.grid.rio.crs
    assert forecast.attrs["vintages"] == ["asof-20180424", "full"]
    assert {"model", "label", "seed", "insarcast_version"} <= set(forecast.attrs)
    assert "tile" not in forecast.attrs
    assert forecast.target_time.dims == ("origin", "horizon")
    assert past["median"].dims == ("origin", "past", "horizon", "point")
    assert past.attrs["history"] == 5
    assert {"model", "blend", "overlap", "halo", "receptive_field", "sentence", "seam", "tiles", "failed"} <= set(record)
    assert record["tiles"] == {"trained": 4}


@pytest.mark.parametrize(("blend", "halo"), [("hann", 0), ("hann", 3), ("linear", 2)])
def test_step_between_two_planes_is_the_ramp(tmp_path: Path, blend: str, halo: int) -> None:
    """Two tiles share columns 20-31; a step of 10 mm on a plane follows the ramp over what two halos leave."""
    tiles = make_tiles(12, 52, (0,), (0, 20), (12, 32))
    forecast, _, _ = make_world(tmp_path, tiles, lambda t, o, h, q, row, col: 0.1 * row + 0.2 * col + 10 * t).stitch(
        blend=blend, halo=halo
    )
    n = 12 - 2 * halo
    if blend == "hann":
        rise = windows.hann(4 * n + 1)[1 : 2 * n : 2]  # scipy's, at the pixels' centres
        assert np.allclose(windows.hann(4 * n + 1), np.sin(np.pi * np.arange(4 * n + 1) / (4 * n)) ** 2)
    else:
        rise = np.linspace(0, 1, 2 * n + 1)[1::2]
    step = np.concatenate([np.zeros(20 + halo), rise, np.ones(20 + halo)])
    rows, cols = np.mgrid[:12, :52]
    assert np.allclose(forecast.increment.values, 0.1 * rows + 0.2 * cols + 10 * step, atol=2e-6)


def test_hand_computed_hann() -> None:
    from insarcast.stitch.weights import ramp

    assert np.allclose(ramp(2, "hann"), [(1 - np.sqrt(0.5)) / 2, (1 + np.sqrt(0.5)) / 2])
    assert np.allclose(ramp(4, "linear"), [0.125, 0.375, 0.625, 0.875])


def test_none_takes_each_pixel_from_the_tile_whose_core_holds_it(tmp_path: Path) -> None:
    tiles = make_tiles(**FOUR)
    forecast, _, record = make_world(tmp_path, tiles, by_tile([1, 2, 3, 4])).stitch(blend="none")
    expected = np.zeros((24, 28))
    for tile in tiles:
        expected[tile.core] = tile.tile + 1
    assert (forecast.increment.values == expected).all()
    assert "nothing is blended" in record["sentence"]


@pytest.mark.parametrize("blend", ["hann", "none"])
@pytest.mark.parametrize("status", ["failed", "skipped"])
def test_missing_tile_is_left_to_its_neighbours(tmp_path: Path, blend: str, status: str) -> None:
    tiles = make_tiles(**FOUR)
    forecast, _, record = make_world(tmp_path, tiles, by_tile([5, 5, 5, 5]), statuses={3: status}).stitch(blend=blend, halo=3)
    seen = np.zeros((24, 28), bool)
    for tile in tiles[:3]:
        seen[tile.window] = True
    values = forecast.increment.values
    assert (values[..., seen] == 5).all()  # in the halos of the neighbours too
    assert np.isnan(values[..., ~seen]).all()
    assert record["uncovered"] == (~seen).sum()
    assert f"{(~seen).sum()} usable pixels have no forecast" in record["sentence"]
    assert [each["tile"] for each in record[status]] == [3]
    assert record[status][0]["reason"]
    assert record["seam"]["blended"] is None
    assert record["seam"]["seams"] == 2  # those beside the missing tile are not measured


def test_masked_pixels_of_one_tile_weigh_nothing(tmp_path: Path) -> None:
    """Tile 0 has no forecast of columns 10-13, tile 1 has: the value is tile 1's alone, in its halo too."""
    tiles = make_tiles(8, 24, (0,), (0, 8), (8, 16))

    def value(tile, o, h, q, row, col):
        hole = (tile == 0) & (col >= 8) & (col < 14) & (o == 0)
        return np.where(hole, np.nan, 1.0 + tile + 0 * row)

    forecast, _, _ = make_world(tmp_path, tiles, value).stitch(halo=3)
    values = forecast.increment.values[:, 0, 1, 4]
    assert (values[0, 8:14] == 2).all()
    assert (values[0, :8] == 1).all()
    assert (values[1, 8:11] == 1).all()  # the other origin: tile 1's halo
    assert 1 < values[1, 12] < 2


def test_pixel_without_any_forecast_is_nan_and_counted(tmp_path: Path) -> None:
    def value(tile, o, h, q, row, col):
        return np.where((row == 3) & (col == 10), np.nan, 1.0)

    forecast, _, record = make_world(tmp_path, make_tiles(8, 24, (0,), (0, 8), (8, 16)), value).stitch()
    assert np.isnan(forecast.increment.values[..., 3, 10]).all()
    assert np.isnan(forecast.sd.values[..., 3, 10]).all()
    assert np.isfinite(forecast.increment.values).sum() == forecast.increment.size - 2 * 2 * 3
    assert record["uncovered"] == 1


def test_masked_pixels_are_not_missed(tmp_path: Path) -> None:
    def value(tile, o, h, q, row, col):
        return np.where(row == 3, np.nan, 1.0)

    world = make_world(tmp_path, make_tiles(8, 24, (0,), (0, 8), (8, 16)), value, masked=[(3, col) for col in range(20)])
    assert world.stitch()[2]["uncovered"] == 4


def test_a_tile_without_one_of_the_quantiles_has_no_forecast_there(tmp_path: Path) -> None:
    """Otherwise one quantile would be of one tile and the next of another, and they might cross."""
    tiles = make_tiles(8, 24, (0,), (0, 8), (8, 16))
    value = lambda t, o, h, q, row, col: np.where((t == 0) & (q == 2) & (col >= 8), np.nan, 10.0 * t + q + 0 * row)  # noqa: E731
    forecast, _, _ = make_world(tmp_path, tiles, value).stitch()
    assert (forecast.increment.values[..., 8:] == 10 + np.arange(3)[:, None, None]).all()


def test_quantiles_keep_their_order_and_sd_is_a_mean(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    tiles = make_tiles(**FOUR)
    raw = np.sort(rng.normal(scale=20, size=(4, 2, 2, len(QUANTILES), 24, 28)), axis=3)
    raw[:, :, :, 1] = raw[:, :, :, 0]  # equal quantiles must not cross by rounding either
    sd = rng.uniform(1, 5, size=(4, 2, 2, 24, 28))
    world = make_world(
        tmp_path,
        tiles,
        lambda t, o, h, q, row, col: raw[t, o, h, q, row, col],
        sd=lambda t, o, h, q, row, col: sd[t, o, h, row, col],
    )
    forecast, _, _ = world.stitch()
    values = forecast.increment.values
    assert (np.diff(values, axis=2) >= 0).all()
    assert (values[:, :, 0] == values[:, :, 1]).all()
    assert (forecast.sd.values <= sd.max(axis=0) + 1e-6).all()
    assert (forecast.sd.values >= sd.min(axis=0) - 1e-6).all()


def test_blocks_of_any_size_give_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    raw = rng.normal(size=(4, 24, 28))
    world = make_world(
        tmp_path, make_tiles(**FOUR), lambda t, o, h, q, row, col: raw[t, row, col] + q + o, statuses={1: "failed"}
    )
    found = []
    for edge in (128, 11, 13):
        monkeypatch.setattr(run, "blocks", lambda ny, nx, _, edge=edge: _blocks(ny, nx, edge))
        forecast, _, record = world.stitch(f"edge-{edge}", halo=1)
        found.append((forecast.increment.values.tobytes(), forecast.sd.values.tobytes(), record))
    assert found[0] == found[1] == found[2]


def _blocks(ny: int, nx: int, edge: int):
    return [
        (slice(top, min(top + edge, ny)), slice(left, min(left + edge, nx)))
        for top in range(0, ny, edge)
        for left in range(0, nx, edge)
    ]


def test_same_input_same_files(tmp_path: Path) -> None:
    world = make_world(tmp_path, make_tiles(**FOUR), by_tile([1, 2, 3, 4]), points=[(2, 2), (10, 13)])
    world.stitch("a")
    world.stitch("b")
    files = {path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file()}
    assert files
    assert all((tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes() for file in files)


def test_only_what_a_block_shares_with_a_tile_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world(tmp_path, make_tiles(**FOUR), constant(1.0))
    seen: list[tuple[int, int]] = []
    read = maps._read

    def spy(store, name, dims, window):
        values = read(store, name, dims, window)
        seen.append(values.shape[-2:])
        return values

    monkeypatch.setattr(maps, "_read", spy)
    monkeypatch.setattr(run, "blocks", lambda ny, nx, _: _blocks(ny, nx, 8))
    world.stitch()
    assert max(max(shape) for shape in seen) <= 9  # a block of 8 and the row and column after it


def test_past_is_blended_point_by_point(tmp_path: Path) -> None:
    """Two tiles share columns 8-15 with a halo of 2: the ramp has 4 pixels, from column 10."""
    tiles = make_tiles(8, 24, (0,), (0, 8), (8, 16))
    points = [(r, c) for r in (0, 5) for c in (2, 9, 10, 11, 13, 14, 20)]
    _, past, _ = make_world(tmp_path, tiles, by_tile([0, 10]), points=points[::-1]).stitch(blend="linear", halo=2)
    assert list(zip(past.row.values, past.col.values, strict=True)) == points  # each once, by row, then column
    expected = np.array([0, 0, 1.25, 3.75, 8.75, 10, 10] * 2)
    assert np.allclose(past["median"].values, expected, atol=1e-6)
    assert np.allclose(past.sd.values, expected + 1, atol=1e-6)
    assert np.array_equal(past.observed.values[0, 0, 0], (past.row * 0.1 + past.col).values.astype("float32"))
    assert np.isnat(past.past_origin.values[0, 2])


@pytest.mark.parametrize("blend", ["hann", "none"])
def test_past_has_the_weights_of_the_map(tmp_path: Path, blend: str) -> None:
    rng = np.random.default_rng(2)
    raw = rng.normal(size=(4, 24, 28))
    points = [(row, col) for row in range(0, 24, 3) for col in range(0, 28, 2)]
    value = lambda t, o, h, q, row, col: raw[t, row, col] + o - h  # noqa: E731
    world = make_world(tmp_path, make_tiles(**FOUR), value, points=points, statuses={2: "failed"})
    forecast, past, _ = world.stitch(blend=blend, halo=2)
    at = forecast.increment.values[:, :, 1, past.row.values, past.col.values]
    assert np.isfinite(at).all()
    assert np.array_equal(past["median"].values, np.broadcast_to(at[:, None], past["median"].shape))


def test_past_of_a_missing_tile(tmp_path: Path) -> None:
    tiles = make_tiles(8, 24, (0,), (0, 8), (8, 16))
    _, past, _ = make_world(tmp_path, tiles, by_tile([0, 10]), points=[(1, 9), (1, 15), (1, 20)], statuses={1: "failed"}).stitch(
        halo=2
    )
    assert list(past.col.values) == [9, 15]  # nobody saw column 20 but the tile that failed
    assert (past["median"].values == 0).all()


def test_batches_without_tiles_and_without_points(tmp_path: Path) -> None:
    world = make_world(tmp_path, make_tiles(**FOUR, batches=2), constant(2.0), batches=4)
    forecast, past, _ = world.stitch()
    assert (forecast.increment.values == 2).all()
    assert past.sizes["point"] == 0


def test_one_tile_has_no_seam(tmp_path: Path) -> None:
    _, _, record = make_world(tmp_path, make_tiles(10, 12, (0,), (0,), (10, 12)), constant(2.0)).stitch(halo=None)
    assert record["seam"] is None
    assert record["halo"] is None
    assert record["overlap"] is None
    assert record["sentence"] == "One tile covers the scene: there is no seam."


@pytest.mark.parametrize(
    ("halo", "field", "used", "said"),
    [
        (None, 10.4, 3, "The tiles overlap by 8 pixels but the model sees 11 to each side"),
        (5, 1.0, 3, "but stitch.halo is 5"),
        (None, 2.0, 2, None),
        (None, None, 0, "was not measured"),
    ],
)
def test_halo_that_the_overlap_does_not_allow(tmp_path: Path, halo, field, used, said) -> None:
    tiles = make_tiles(8, 24, (0,), (0, 8), (8, 16))
    forecast, _, record = make_world(tmp_path, tiles, by_tile([0, 10]), receptive_field=field).stitch(halo=halo)
    assert record["halo"] == used
    assert record["receptive_field"] == field
    if said is None:
        assert record["sentence"].startswith(
            "Neighbouring pixels beside the seams have the same forecast"
        )  # and nothing of the halo
    else:
        assert said in record["sentence"]
    if field == 10.4:
        assert "set tile.overlap to 24 or more" in record["sentence"]
    values = forecast.increment.values[0, 0, 1, 4]
    assert (values[: 8 + used] == 0).all()
    assert (values[16 - used :] == 10).all()
    assert ((values[8 + used : 16 - used] > 0) & (values[8 + used : 16 - used] < 10)).all()


def test_tiles_that_do_not_overlap(tmp_path: Path) -> None:
    forecast, _, record = make_world(tmp_path, make_tiles(8, 32, (0,), (0, 16), (8, 16)), by_tile([0, 10])).stitch(halo=None)
    assert (forecast.increment.values[..., :16] == 0).all()
    assert (forecast.increment.values[..., 16:] == 10).all()
    assert "The tiles do not overlap" in record["sentence"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Four tiles in two batches that can be stitched."""
    folder = tmp_path_factory.mktemp("whole")
    tiles = make_tiles(**FOUR, batches=2)
    return make_world(folder, tiles, constant(1.0), batches=2, points=[(3, 3), (20, 20)], origins=1, horizons=1)


def edit_record(folder: Path, change) -> None:
    record = json.loads((folder / "batch.json").read_text())
    for entry in record["tiles"]:
        change(entry)
    (folder / "batch.json").write_text(json.dumps(record))


def edit_store(path: Path, change) -> None:
    store = change(xr.open_zarr(path, consolidated=False).load())
    shutil.rmtree(path)
    store.drop_encoding().to_zarr(path, zarr_format=3, consolidated=False)


def later(store: xr.Dataset) -> xr.Dataset:
    return store.assign_coords(origin=store.origin + np.timedelta64(6, "D"))


def nobody(folder: Path) -> None:
    for batch in ("m-0", "m-1"):
        edit_record(
            folder / batch, lambda entry: entry.update(status="skipped" if entry["tile"] == 1 else "failed", reason="no luck")
        )


SPOIL = {
    "tile-0002.zarr has other origins than tile 0": lambda f: edit_store(f / "m-0/tile-0002.zarr", later),
    "has other earlier origins than tile 0": lambda f: edit_store(
        f / "m-1/tile-0001-past.zarr", lambda s: s.assign_coords(past_origin=s.past_origin + np.timedelta64(6, "D"))
    ),
    "has other vintages than tile 0": lambda f: edit_store(
        f / "m-1/tile-0001.zarr", lambda s: s.assign_attrs(vintages=["asof-20180101"])
    ),
    "does not lie on the window of tile 0 (x differs)": lambda f: edit_store(
        f / "m-0/tile-0000.zarr", lambda s: s.assign_coords(x=s.x + 1)
    ),
    "have points outside tile 0": lambda f: edit_store(f / "m-0/tile-0000-past.zarr", lambda s: s.assign_coords(row=s.row + 90)),
    "No tile of m has a forecast: 3 failed (tile 0: no luck), 1 skipped (tile 1: no luck).": nobody,
    "tile-0003.zarr is no readable store": lambda f: shutil.rmtree(f / "m-1/tile-0003.zarr"),
    "batch.json is no record of a batch": lambda f: (f / "m-1/batch.json").write_text("{"),
    "m-1/batch.json: tile 1 has the unknown status 'tired'": lambda f: edit_record(
        f / "m-1", lambda entry: entry.update(status="tired")
    ),
    "Tile 1 is in no batch of m": lambda f: edit_record(f / "m-1", lambda entry: entry.update(tile=entry["tile"] + 90)),
    "Tile 0 is in two batches": lambda f: edit_record(f / "m-1", lambda entry: entry.update(tile=entry["tile"] - 1)),
    "tiles.gpkg is of a grid of 16 x 28 pixels, the cube has 24 x 28": lambda f: (
        (f / "tiles.gpkg").unlink(),
        write_table(make_tiles(16, 28, (0,), (0, 12), (16, 16)), f / "tiles.gpkg"),
    ),
}


@pytest.mark.parametrize("said", SPOIL)
def test_what_is_wrong_is_said(tmp_path: Path, whole: World, said: str) -> None:
    shutil.copytree(whole.folder, tmp_path, dirs_exist_ok=True)
    SPOIL[said](tmp_path)
    world = World(tmp_path, whole.tiles, [tmp_path / path.name for path in whole.batches], tmp_path / "full.zarr", whole.grid)
    with pytest.raises(InsarcastError) as error:
        world.stitch()
    assert said in str(error.value)
    assert str(error.value).endswith("run again.") or "No tile" in said or "run it again" in str(error.value)
