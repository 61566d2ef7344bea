"""A simulated scene on the disk: names and conventions of the processors, resuming, and the truth beside."""

from __future__ import annotations

import hashlib
import re
import threading
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
import yaml

from insarcast.acquire import acquire_products, make_scene
from insarcast.acquire.scene.interferograms import make_interferogram
from insarcast.acquire.scene.scene import Scene
from insarcast.acquire.scene.settings import complete_settings
from insarcast.acquire.simulated import write_hyp3
from insarcast.acquire.simulated.simulate import scene_folder
from insarcast.acquire.simulated.write_scene import write_scene
from insarcast.core import InsarcastError, Manifest, Study, line_of_sight, open_store, read_manifest

# What HyP3's guide and other readers of its products expect of a name.
HYP3 = r"S1[ABCD]{2}_\d{8}T\d{6}_\d{8}T\d{6}_(VV|HH)[PRO]\d{3,4}_INT\d{2}_G_[uw][ec][123F]_[0-9A-F]{4}"
LAYERS = ("unw_phase", "corr", "dem", "lv_theta", "lv_phi", "water_mask")
SMALL: dict[str, Any] = {
    "area": {"rows": 18, "columns": 22, "water": 0.06},
    "acquisitions": {"count": 5, "lags": [1, 2], "lost": 0},
    "bowls": [{"kind": "steady", "rate": -120, "place": [0.5, 0.5], "radius": 600}],
}


def settings(**changes: Any) -> dict[str, Any]:
    return complete_settings(SMALL | changes)


def read(path: Path) -> npt.NDArray[Any]:
    with rasterio.open(path) as file:
        values: npt.NDArray[Any] = file.read(1)
        return values


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


@pytest.fixture(scope="module")
def hyp3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hyp3")
    write_scene(settings(), folder)
    return folder


@pytest.fixture(scope="module")
def licsar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("licsar")
    write_scene(settings(layout="licsar"), folder)
    return folder


def acquire(tmp_path: Path, products: dict[str, Any] | None = None, **simulate: Any) -> Manifest:
    """Run the stage on a study, as the rule does."""
    path = tmp_path / "study.yaml"
    cube = {"source": "simulate", "simulate": SMALL | simulate, "products": products or {}}
    path.write_text(yaml.safe_dump({"cubes": {"A": cube}}))
    study = Study(path)
    acquire_products(
        tmp_path / "manifest.json",
        study.get("source", "A"),
        study.get("products", "A"),
        study.get("gnss", "A"),
        None,
        str(tmp_path),
        str(tmp_path / "cache"),
        simulate=study.get("simulate", "A"),
    )
    return read_manifest(tmp_path / "manifest.json")


def test_hyp3_products_have_its_names_layers_and_parameters(hyp3: Path) -> None:
    scene = make_scene(settings())
    products = sorted((hyp3 / "products").iterdir())
    assert len(products) == len(scene.pairs) == 7
    for product, (i, j) in zip(products, scene.pairs, strict=True):
        assert re.fullmatch(HYP3, product.name), product.name
        assert product.name[5:13] == f"{scene.dates[i]:%Y%m%d}"
        assert product.name[21:29] == f"{scene.dates[j]:%Y%m%d}"
        assert f"P{(scene.dates[j] - scene.dates[i]).days:03d}_" in product.name
        tags = {*(f"_{layer}.tif" for layer in LAYERS), ".txt", ".README.md.txt"}
        assert {path.name.removeprefix(product.name) for path in product.iterdir()} == tags
        lines = (product / f"{product.name}.txt").read_text().splitlines()
        values = dict(line.split(": ", 1) for line in lines)
        assert float(values["Baseline"]) == pytest.approx(scene.baselines[j] - scene.baselines[i], abs=1e-3)
        assert float(values["Heading"]) == -12.6
        assert values["Reference Pass Direction"] == "ASCENDING"
        for key, day in (("Reference", scene.dates[i]), ("Secondary", scene.dates[j])):
            granule = values[f"{key} Granule"]
            assert re.fullmatch(r"S1A_IW_SLC__1SDV_(\d{8})T\d{6}_\d{8}T\d{6}_\d{6}_[0-9A-F]{6}_[0-9A-F]{4}", granule), granule
            assert granule[17:25] == f"{day:%Y%m%d}"
            assert (int(values[f"{key} Orbit Number"]) - 73) % 175 + 1 == 137  # one relative orbit
        assert 0 <= float(values["UTC time"]) < 86400


def test_hyp3_extents_differ_on_one_lattice(hyp3: Path) -> None:
    scene = make_scene(settings())
    corners, sizes = set(), set()
    for product in (hyp3 / "products").iterdir():
        grids = set()
        for layer in LAYERS:
            with rasterio.open(product / f"{product.name}_{layer}.tif") as file:
                grids.add((file.transform, file.shape, file.crs.to_epsg()))
        ((transform, shape, epsg),) = grids
        assert epsg == scene.lattice.epsg == 32611
        offset = (transform.c - scene.lattice.west) / 80, (scene.lattice.north - transform.f) / 80
        assert all(0 <= part <= 4 and float(part).is_integer() for part in offset)
        assert offset[0] + shape[1] <= 22
        assert offset[1] + shape[0] <= 18
        corners.add(offset)
        sizes.add(shape)
    assert len(corners) > 2
    assert len(sizes) > 2


def test_hyp3_phase_is_zero_at_its_own_most_coherent_pixel(hyp3: Path) -> None:
    places = set()
    for product in (hyp3 / "products").iterdir():
        phase, corr = (read(product / f"{product.name}_{layer}.tif") for layer in ("unw_phase", "corr"))
        assert phase.dtype == corr.dtype == np.float32
        row, col = np.unravel_index(np.argmax(corr), corr.shape)
        assert phase[row, col] == 0
        assert np.count_nonzero(phase == 0) - 1 <= np.count_nonzero(corr < 0.1) + 40  # else decorrelated, or a hole
        places.add((row, col))
    assert len(places) > 1


def test_hyp3_look_angles_are_those_of_the_pass(hyp3: Path) -> None:
    product = next((hyp3 / "products").iterdir())
    theta, phi = (read(product / f"{product.name}_{layer}.tif").astype(float) for layer in ("lv_theta", "lv_phi"))
    unit = (np.cos(theta) * np.cos(phi), np.cos(theta) * np.sin(phi), np.sin(theta))
    assert [part.mean() for part in unit] == pytest.approx(line_of_sight(38.5, -12.6), abs=2e-3)
    water = read(product / f"{product.name}_water_mask.tif")
    assert water.dtype == np.uint8
    assert set(np.unique(water)) == {0, 1}
    assert 0.5 < water.mean() < 1  # 1 is land


def test_licsar_has_its_files(licsar: Path) -> None:
    scene, geoc = make_scene(settings(layout="licsar")), licsar / "products/GEOC"
    frames = {path.name.split(".")[0] for path in geoc.glob("*.tif")}
    assert len(frames) == 1
    frame = frames.pop()
    assert re.fullmatch(r"\d{3}[AD]_\d{5}_\d{6}", frame)
    enu = [read(geoc / f"{frame}.geo.{name}.tif") for name in "ENU"]
    assert sum(part.astype(float) ** 2 for part in enu) == pytest.approx(1, abs=1e-6)
    assert [part.mean() for part in enu] == pytest.approx(line_of_sight(38.5, -12.6), abs=2e-3)
    assert read(geoc / f"{frame}.geo.hgt.tif") == pytest.approx(scene.height)
    pairs = sorted(path.name for path in geoc.iterdir() if path.is_dir())
    assert pairs == [f"{scene.dates[i]:%Y%m%d}_{scene.dates[j]:%Y%m%d}" for i, j in scene.pairs]
    for pair in pairs:
        cc = read(geoc / pair / f"{pair}.geo.cc.tif")
        assert cc.dtype == np.uint8
        assert cc.shape == scene.shape  # one extent
    rows = [line.split() for line in (geoc / "baselines").read_text().splitlines()]
    assert rows[0] == [f"{scene.dates[0]:%Y%m%d}"] * 2 + ["0.0000", "0"]
    assert [row[1] for row in rows] == [f"{day:%Y%m%d}" for day in scene.dates]
    assert float(rows[3][2]) == pytest.approx(scene.baselines[3], abs=1e-3)
    metadata = dict(line.split("=", 1) for line in (geoc / "metadata.txt").read_text().splitlines())
    assert metadata["master"] == f"{scene.dates[0]:%Y%m%d}"
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d+", metadata["center_time"])


def test_both_layouts_hold_the_same_phase_and_coherence(hyp3: Path, licsar: Path) -> None:
    for product in (hyp3 / "products").iterdir():
        pair = f"{product.name[5:13]}_{product.name[21:29]}"
        with (
            rasterio.open(product / f"{product.name}_unw_phase.tif") as one,
            rasterio.open(licsar / f"products/GEOC/{pair}/{pair}.geo.unw.tif") as other,
        ):
            window = other.window(*one.bounds)
            ours, theirs = one.read(1), other.read(1, window=window)
            corr, cc = read(product / f"{product.name}_corr.tif"), None
        with rasterio.open(licsar / f"products/GEOC/{pair}/{pair}.geo.cc.tif") as file:
            cc = file.read(1, window=window)
        both = (ours != 0) & (theirs != 0)
        assert both.sum() == np.count_nonzero(ours)  # LiCSAR's constant leaves no pixel at exactly 0
        assert np.count_nonzero(theirs) == both.sum() + 1  # the one that HyP3 set to 0
        assert np.ptp((ours - theirs)[both]) < 1e-5
        assert cc / 255 == pytest.approx(corr, abs=0.5 / 255 + 1e-6)


@pytest.mark.parametrize("layout", ["hyp3", "licsar"])
def test_the_readers_find_what_was_written(tmp_path: Path, layout: str) -> None:
    found = acquire(tmp_path, layout=layout)
    scene = make_scene(settings(layout=layout))
    assert found.source == "simulate"
    assert found.dates == [f"{day:%Y%m%d}" for day in scene.dates]
    assert [(pair.date1, pair.date2) for pair in found.pairs] == [(found.dates[i], found.dates[j]) for i, j in scene.pairs]
    for pair, (i, j) in zip(found.pairs, scene.pairs, strict=True):
        assert pair.baseline == pytest.approx(scene.baselines[j] - scene.baselines[i], abs=1e-3)
        assert pair.coherence is not None
        assert Path(pair.unwrapped).is_relative_to(tmp_path / "cache/simulated")
    assert found.conventions["sign"] == "away"
    assert found.conventions["wavelength"] == pytest.approx(0.0554658, abs=1e-6)
    assert "dem" in found.static
    assert {"lv_theta", "lv_phi"} <= set(found.static) or {"los_east", "los_north", "los_up"} <= set(found.static)
    assert found.skipped == []
    assert found.credits == ["Simulated by insarcast; no satellite saw this scene."]
    assert found.truth is not None
    truth = open_store(found.truth)
    assert truth.displacement.dims == ("time", "y", "x")
    first = (tmp_path / "manifest.json").read_bytes()
    acquire(tmp_path, layout=layout)
    assert (tmp_path / "manifest.json").read_bytes() == first


def test_a_study_may_use_a_part_of_the_simulated_pairs(tmp_path: Path) -> None:
    whole = acquire(tmp_path)
    found = acquire(tmp_path, {"end": whole.dates[-2], "exclude": [whole.dates[1]]})
    assert found.dates == [whole.dates[0], *whole.dates[2:-1]]
    assert found.truth == whole.truth  # the same scene
    assert any("products.end" in entry["reason"] for entry in found.skipped)


def test_the_truth_is_the_scenes(hyp3: Path) -> None:
    scene, truth = make_scene(settings()), open_store(hyp3 / "truth.zarr")
    assert truth.displacement.values == pytest.approx(scene.displacement)
    assert truth.atmosphere.values == pytest.approx(scene.atmosphere)
    assert not truth.displacement[0].values.any()
    assert truth.velocity.values == pytest.approx(scene.velocity)
    assert np.array_equal(truth.kind.values, scene.kind)
    meanings = truth.kind.attrs["flag_meanings"].split()
    assert {"stable", "bowl", "vegetation", "water"} <= set(meanings)
    assert len(truth.kind.attrs["flag_values"]) == len(meanings)
    assert np.array_equal(truth.time.values.astype("datetime64[D]"), scene.time)
    assert truth.rio.crs.to_epsg() == scene.lattice.epsg
    assert truth.displacement.attrs["units"] == truth.atmosphere.attrs["units"] == "mm"
    assert "towards" in truth.displacement.attrs["sign"]
    product = next((hyp3 / "products").iterdir())
    with rasterio.open(product / f"{product.name}_corr.tif") as file:
        x, y = file.xy(0, 0)
    assert x in truth.x.values  # the same lattice
    assert y in truth.y.values
    assert (np.diff(truth.y.values) < 0).all()


def test_the_phase_is_the_truth_seen_by_the_radar(tmp_path: Path) -> None:
    errors = {"noise": False, "unwrapping": 0, "holes": 0, "min_coherence": 0, "dem": 0}
    write_scene(settings(errors=errors), tmp_path)
    truth = open_store(tmp_path / "truth.zarr").load()
    for product in sorted((tmp_path / "products").iterdir())[:3]:
        dates = [np.datetime64(f"{d[:4]}-{d[4:6]}-{d[6:]}") for d in (product.name[5:13], product.name[21:29])]
        with rasterio.open(product / f"{product.name}_unw_phase.tif") as file:
            phase = file.read(1).astype(float)
            x, y = (np.array([file.xy(n, n)[axis] for n in range(min(file.shape))]) for axis in (0, 1))
        moved = (truth.displacement + truth.atmosphere).sel(time=dates)
        seen = np.array([float(moved[1].sel(x=a, y=b) - moved[0].sel(x=a, y=b)) for a, b in zip(x, y, strict=True)])
        towards = -0.055465763 / (4 * np.pi) * 1000 * np.diagonal(phase)
        assert towards - towards[0] == pytest.approx(seen - seen[0], abs=1e-3)


def test_the_same_study_gives_the_same_bytes(tmp_path: Path, hyp3: Path) -> None:
    write_scene(settings(), tmp_path)
    assert digests(tmp_path) == digests(hyp3)
    names = [path.name for path in tmp_path.iterdir()]
    assert not [name for name in names if name.startswith(".part")]
    assert "delays" not in names


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path, hyp3: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, calls = write_hyp3.make_interferogram, []

    def dying(scene: Scene, i: int, j: int) -> Any:
        calls.append((i, j))
        if len(calls) == 4:
            raise KeyboardInterrupt
        return whole(scene, i, j)

    monkeypatch.setattr(write_hyp3, "make_interferogram", dying)
    with pytest.raises(KeyboardInterrupt):
        write_scene(settings(), tmp_path)
    done = [path for path in (tmp_path / "products").iterdir() if re.fullmatch(HYP3, path.name)]
    states = {path: path.stat().st_mtime_ns for product in done for path in product.iterdir()}
    assert len(done) == 3
    assert not (tmp_path / "complete.json").exists()
    assert not (tmp_path / "truth.zarr").exists()
    write_scene(settings(), tmp_path)
    assert len(calls) == 4 + 4  # seven pairs: three were there
    assert all(path.stat().st_mtime_ns == state for path, state in states.items())
    assert digests(tmp_path) == digests(hyp3)
    write_scene(settings(), tmp_path)
    assert len(calls) == 8


def test_a_product_that_was_deleted_is_made_again(tmp_path: Path, hyp3: Path) -> None:
    import shutil

    shutil.copytree(hyp3, tmp_path / "scene")
    shutil.rmtree(next((tmp_path / "scene/products").iterdir()))
    write_scene(settings(), tmp_path / "scene")
    assert digests(tmp_path / "scene") == digests(hyp3)


def test_two_jobs_at_once_write_one_scene(tmp_path: Path, hyp3: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, calls = write_hyp3.make_interferogram, []

    def counted(scene: Scene, i: int, j: int) -> Any:
        calls.append((i, j))
        return whole(scene, i, j)

    monkeypatch.setattr(write_hyp3, "make_interferogram", counted)
    jobs = [threading.Thread(target=write_scene, args=(settings(), tmp_path)) for _ in range(2)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert len(calls) == 7
    assert digests(tmp_path) == digests(hyp3)


def test_other_settings_lie_elsewhere_and_defaults_do_not_count(tmp_path: Path) -> None:
    one = scene_folder(settings(), tmp_path)
    assert scene_folder(settings(seed=0), tmp_path) == one
    assert scene_folder(settings(seed=1), tmp_path) != one
    assert one.parent == tmp_path / "simulated"


def test_a_memory_sparing_scene_is_the_same(tmp_path: Path) -> None:
    spooled, plain = make_scene(settings(), spool=tmp_path), make_scene(settings())
    assert np.array_equal(make_interferogram(spooled, 0, 2).phase, make_interferogram(plain, 0, 2).phase, equal_nan=True)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("simulate", "says"),
    [
        ({"acquisitions": {"count": 2}}, "simulate.acquisitions.count' is 2, but must be >= 3"),
        ({"bowls": [{"kind": "steady", "rate": -9, "place": [0.5, 1.5], "radius": 9}]}, "place.1' is 1.5, but must be <= 1"),
        (
            {"bowls": [{"kind": "decaying", "rate": -9, "place": [0.5, 0.5], "radius": 9, "time_constant": 0}]},
            "time_constant' is 0, but must be > 0",
        ),
        ({"bowls": [{"kind": "sinking", "rate": -9, "place": [0.5, 0.5], "radius": 9}]}, "must be one of steady"),
        ({"bowls": [{"kind": "decaying", "rate": -9, "place": [0.5, 0.5], "radius": 9}]}, "has no time_constant"),
        ({"layout": "hyp4"}, "must be one of hyp3, licsar"),
        ({"seeds": 3}, "did you mean 'seed'?"),
    ],
)
def test_a_study_that_cannot_be_ends_in_a_sentence(tmp_path: Path, simulate: dict[str, Any], says: str) -> None:
    with pytest.raises(InsarcastError) as caught:
        acquire(tmp_path, **simulate)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
