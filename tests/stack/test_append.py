"""New acquisitions are added to what was aligned: the store is that of a run from scratch, and old files are not read."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
import zarr

from insarcast.core import Manifest, Pair, file_sha256, open_store, read_manifest
from insarcast.stack import align_products, close_loops
from insarcast.stack.alignment import align, facts, groups
from tests.products import WAVELENGTH, days, write_products, write_raster

DATES = days(12)
LAGS = (1, 2, 3)
CONVENTIONS = {"sign": "away", "wavelength": WAVELENGTH, "nodata": 0.0, "los": [-0.62, -0.14, 0.77]}


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups of four layers, so that a few dates make several."""
    from insarcast.stack.network import closure

    for module in (groups, align, closure):
        monkeypatch.setattr(module, "LAYERS", 4)


@pytest.fixture
def products(tmp_path: Path) -> Path:
    write_products(tmp_path / "products", len(DATES), lags=LAGS)
    return tmp_path / "products"


def manifest(folder: Path, n_dates: int, *, leave_out: tuple[str, ...] = (), **changes: object) -> Path:
    pairs = []
    for i in range(n_dates):
        for j in range(i + 1, min(i + max(LAGS) + 1, n_dates)):
            name = f"{DATES[i]}_{DATES[j]}"
            if name not in leave_out:
                pairs.append(Pair(DATES[i], DATES[j], str(folder / f"unw/{name}.tif"), str(folder / f"coh/{name}.tif"), 10.0 * j))
    files = [path for pair in pairs for path in (pair.unwrapped, pair.coherence) if path]
    conventions = CONVENTIONS | dict(changes)
    static = {"dem": [str(folder / "dem.tif")]}
    found = Manifest("geotiff", DATES[:n_dates], pairs, static, conventions=conventions, credits=["test"])
    found.sha256.update({path: file_sha256(Path(path)) for path in files if Path(path).is_file()})
    found.write(folder.parent / f"manifest{n_dates}.json")
    return folder.parent / f"manifest{n_dates}.json"


def run(listed: Path, out: Path, cache: Path | None) -> None:
    out.mkdir(exist_ok=True)
    align_products(listed, out / "ifgs.zarr", "stop", str(cache) if cache else None)
    close_loops(out / "ifgs.zarr", out / "closure.zarr", out / "network.parquet", str(cache) if cache else None)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def assert_same(one: Path, two: Path) -> None:
    left, right = files(one), files(two)
    assert len(left) > 20
    assert left.keys() == right.keys()
    assert not [name for name in left if left[name] != right[name]]


def test_an_appended_store_is_the_store_from_scratch(tmp_path: Path, products: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache = tmp_path / "cache"
    run(manifest(products, 9), tmp_path / "old", cache)
    capsys.readouterr()
    for path in (tmp_path / "products/unw").glob("*.tif"):
        if path.stem.split("_")[1] <= DATES[8]:  # whoever reads an old file now finds that it is none
            stat = path.stat()
            path.write_bytes(b"\0" * stat.st_size)
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    listed = manifest(products, 12)
    kept = read_manifest(tmp_path / "manifest9.json").sha256  # acquire knows the old files as they were
    found = read_manifest(listed)
    found.sha256.update(kept)
    found.write(listed)
    run(listed, tmp_path / "grown", cache)
    said = capsys.readouterr().out
    assert "9 interferograms read, 21 kept\n" in said  # three dates with three interferograms each
    assert "9 triplets closed, 19 kept\n" in said
    write_products(products, len(DATES), lags=LAGS)
    run(manifest(products, 12), tmp_path / "scratch", None)
    assert_same(tmp_path / "grown", tmp_path / "scratch")
    data = open_store(tmp_path / "grown/ifgs.zarr")
    assert (np.diff(data.date2.values) >= np.timedelta64(0)).all()


def test_triplets_of_old_interferograms_are_not_closed_again(
    tmp_path: Path, products: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from insarcast.stack.network import closure

    run(manifest(products, 9), tmp_path / "old", tmp_path / "cache")
    read: list[int] = []
    plain = closure.read_layers

    def counted(path: Path, name: str, layers: np.ndarray, block: tuple[slice, slice]) -> np.ndarray:
        read.extend(int(layer) for layer in layers)
        return plain(path, name, layers, block)

    monkeypatch.setattr(closure, "read_layers", counted)
    capsys.readouterr()
    run(manifest(products, 10), tmp_path / "grown", tmp_path / "cache")
    # The new date closes with two earlier ones out of three: (6, 7), (6, 8), (7, 8); they need three new and three old sides.
    assert "3 triplets closed, 19 kept" in capsys.readouterr().out
    assert len(set(read)) == 6


def test_an_interferogram_between_old_ones(tmp_path: Path, products: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that comes late sorts before others: they move, but are not read again."""
    late = f"{DATES[1]}_{DATES[3]}"
    run(manifest(products, 9, leave_out=(late,)), tmp_path / "old", tmp_path / "cache")
    capsys.readouterr()
    run(manifest(products, 9), tmp_path / "grown", tmp_path / "cache")
    assert "1 interferograms read, 20 kept\n" in capsys.readouterr().out
    run(manifest(products, 9), tmp_path / "scratch", None)
    assert_same(tmp_path / "grown", tmp_path / "scratch")


@pytest.mark.parametrize("change", ["file", "gone", "sign", "nodata", "extent"])
def test_what_changed_is_read_again(tmp_path: Path, products: Path, capsys: pytest.CaptureFixture[str], change: str) -> None:
    run(manifest(products, 6), tmp_path / "old", tmp_path / "cache")
    conventions: dict[str, object] = {}
    left_out: tuple[str, ...] = ()
    first = f"{DATES[0]}_{DATES[1]}"
    if change == "file":
        write_raster(products / f"unw/{first}.tif", np.full((12, 16), 2.5, np.float32))
    elif change == "gone":
        left_out = (first,)
    elif change == "sign":
        conventions = {"sign": "towards"}
    elif change == "nodata":
        conventions = {"nodata": 2.5}
    else:
        write_raster(products / f"unw/{first}.tif", np.full((12, 17), 2.5, np.float32))
    capsys.readouterr()
    run(manifest(products, 6, leave_out=left_out, **conventions), tmp_path / "new", tmp_path / "cache")
    run(manifest(products, 6, leave_out=left_out, **conventions), tmp_path / "scratch", None)
    assert_same(tmp_path / "new", tmp_path / "scratch")
    words = {
        "file": "1 interferograms read, 11 kept\n",
        "gone": "0 interferograms read, 11 kept\n",
        "sign": "12 interferograms read, 0 kept; everything anew, for there is another conventions than last time",
        "nodata": "12 interferograms read, 0 kept; everything anew, for there is another conventions than last time",
        "extent": "12 interferograms read, 0 kept; everything anew, for there is another extent than last time",
    }[change]
    assert words in capsys.readouterr().out


def test_a_killed_run_goes_on_from_the_groups_that_are_complete(
    tmp_path: Path, products: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, done = align._read_group, []

    def dies(*arguments: object) -> None:
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(plain(*arguments))  # type: ignore[arg-type]

    monkeypatch.setattr(align, "_read_group", dies)
    with pytest.raises(KeyboardInterrupt):
        run(manifest(products, 9), tmp_path / "out", tmp_path / "cache")
    monkeypatch.setattr(align, "_read_group", plain)
    monkeypatch.setattr(facts, "_read_through", None)  # every file was looked at before; none is a second time
    capsys.readouterr()
    run(manifest(products, 9), tmp_path / "out2", tmp_path / "cache")
    assert "9 interferograms read, 12 kept" in capsys.readouterr().out
    monkeypatch.undo()


def test_nothing_writes_into_a_kept_file_and_the_disk_holds_it_once(tmp_path: Path, products: Path) -> None:
    run(manifest(products, 9), tmp_path / "out", tmp_path / "cache")
    shards = [path for path in (tmp_path / "out/ifgs.zarr/phase/c").rglob("*") if path.is_file()]
    assert len(shards) == 6
    assert all(path.stat().st_nlink == 2 for path in shards)
    before = files(tmp_path / "cache/ifgs")
    array = zarr.open_array(str(tmp_path / "out/ifgs.zarr/phase"), mode="r+")
    array[0] = 7
    array[5, :3] = 7
    assert files(tmp_path / "cache/ifgs") == before


def test_where_there_are_no_links_files_are_copied(
    tmp_path: Path, products: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    link = os.link

    def refuses(source: Path, target: Path) -> None:
        if Path(source).is_relative_to(tmp_path / "cache"):  # zarr itself links within a store
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        link(source, target)

    run(manifest(products, 6), tmp_path / "linked", tmp_path / "cache")
    with monkeypatch.context() as patch:
        patch.setattr(groups.os, "link", refuses)
        run(manifest(products, 6), tmp_path / "copied", tmp_path / "cache")
    assert "copied, not linked" in capsys.readouterr().out
    assert_same(tmp_path / "linked", tmp_path / "copied")


def test_what_no_store_is_made_of_is_deleted(tmp_path: Path, products: Path) -> None:
    for count in (6, 9, 12):
        run(manifest(products, count), tmp_path / "out", tmp_path / "cache")
    for name, size in (("ifgs", 30), ("closure", 28)):
        assert len(list((tmp_path / "cache" / name).iterdir())) == -(-size // 4)
