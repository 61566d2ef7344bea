"""Clusters: known areas are found again, what is too little is said, and nothing depends on chance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import threadpoolctl
import xarray as xr
from cubes import make_cube, write_cubes
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, davies_bouldin_score

from insarcast.cluster import cluster_cube
from insarcast.cluster.choose import choose_clusters
from insarcast.cluster.features import features_of, fit_line
from insarcast.cluster.sample import draw_sample
from insarcast.core import InsarcastError, open_store, write_store

SETTINGS = {"method": "kmeans", "k": None, "k_max": 6, "features": "series", "sample": 20000, "seed": 0}
RATES = (0.0, -250.0, -100.0)  # mm/yr of the three areas, as they lie from left to right


def areas(
    rates: tuple[float, ...] = RATES, noise: float = 2.0, seed: int = 0, ny: int = 18, nx: int = 24
) -> tuple[xr.Dataset, np.ndarray]:
    """A cube whose columns fall into areas that sink at their own rates, and the area of each pixel."""
    cube = make_cube(ny=ny, nx=nx, not_inverted=(), masked=())
    area = np.broadcast_to(np.arange(nx) * len(rates) // nx, (ny, nx))
    years = (cube.time.values - cube.time.values[0]) / np.timedelta64(1, "D") / 365.25
    ground = years[:, None, None] * np.array(rates)[area]
    ground = ground + noise * np.random.default_rng(seed).standard_normal(ground.shape)
    cube["displacement"][:] = (ground - ground[0]).astype("float32")
    return cube, area


def found(folder: Path, cube: xr.Dataset, **settings: object) -> xr.Dataset:
    """The clusters of a cube, read back from their store."""
    write_store(cube, folder / "cube.zarr")
    cluster_cube(folder / "cube.zarr", folder / "labels.zarr", **SETTINGS | settings)  # type: ignore[arg-type]
    return open_store(folder / "labels.zarr").load()


def stored(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}


def test_known_areas_are_found_in_the_order_of_their_velocity(tmp_path: Path) -> None:
    cube, area = areas()
    store = found(tmp_path, cube)
    assert store.attrs["k"] == 3
    assert store.label.dtype == np.int16
    assert adjusted_rand_score(area.ravel(), store.label.values.ravel()) == 1
    np.testing.assert_array_equal(store.label, np.array([2, 0, 1])[area], "fastest subsiding first")
    np.testing.assert_array_equal(store.n, [144, 144, 144])
    years = (cube.time.values - cube.time.values[0]) / np.timedelta64(1, "D") / 365.25
    slopes = np.polyfit(years, cube.displacement.values.reshape(len(years), -1).astype(float), 1)[0]
    means = [slopes[store.label.values.ravel() == cluster].mean() for cluster in range(3)]
    np.testing.assert_allclose(store.velocity, means, rtol=1e-6)
    for cluster in range(3):
        series = cube.displacement.values[:, store.label.values == cluster]
        np.testing.assert_allclose(store.series[cluster], np.percentile(series, [10, 50, 90], axis=1), rtol=1e-5, atol=1e-5)
    assert store.series.dims == ("cluster", "level", "time")
    np.testing.assert_array_equal(store.level, [10, 50, 90])
    np.testing.assert_array_equal(store.time, cube.time)
    assert store.rio.crs.to_epsg() == 4326


@pytest.mark.parametrize(
    ("rates", "noise", "best"), [((0.0, -80.0, -160.0, -240.0), 1.0, 4), ((0.0, -60.0, -120.0, -300.0), 3.0, 2)]
)
def test_the_number_is_that_of_the_least_davies_bouldin_index_of_all_pixels(
    tmp_path: Path, rates: tuple[float, ...], noise: float, best: int
) -> None:
    """Against scikit-learn on series that are centred here, without the library's own preparation."""
    cube, _ = areas(rates, noise=noise, seed=4)
    store = found(tmp_path, cube)
    series = cube.displacement.values.reshape(cube.sizes["time"], -1).T.astype(float)
    centred = series - series.mean(1, keepdims=True)
    index = {}
    for k in range(2, 7):
        index[k] = davies_bouldin_score(centred, KMeans(k, n_init=20, random_state=99).fit_predict(centred))
    assert store.attrs["k"] == min(index, key=index.__getitem__) == best
    np.testing.assert_array_equal(store.k, range(2, 7))
    np.testing.assert_allclose(store.davies_bouldin.sel(k=[2, 3, 4]), [index[k] for k in (2, 3, 4)], rtol=1e-4)
    expected = f"{best} clusters, the number of 2 to 6 with the least Davies-Bouldin index ({index[best]:.2f})"
    assert store.attrs["sentence"].startswith(expected)


def test_a_given_number_is_kept(tmp_path: Path) -> None:
    cube, area = areas()
    store = found(tmp_path, cube, k=2)
    assert store.sizes["cluster"] == store.attrs["k"] == 2
    np.testing.assert_array_equal(store.k, [2])
    assert "2 clusters, as the study asks" in store.attrs["sentence"]
    np.testing.assert_array_equal(store.label.values == 0, area == 1, "the fastest third, not half of the pixels")


def test_large_motion_counts(tmp_path: Path) -> None:
    """Two areas that differ in amplitude only: scaled one by one, their series would be the same."""
    cube, area = areas((-200.0, -20.0), noise=0.0)
    scaled = (cube.displacement - cube.displacement.mean("time")) / cube.displacement.std("time")
    assert float(scaled.std(("y", "x")).max()) < 1e-4
    store = found(tmp_path, cube, k=2)
    np.testing.assert_array_equal(store.label, area)


def test_clusters_do_not_depend_on_the_reference_date(tmp_path: Path) -> None:
    cube, _ = areas(noise=8.0)
    label = found(tmp_path, cube).label
    cube["displacement"] = (cube.displacement - cube.displacement[7]).assign_attrs(cube.displacement.attrs)
    np.testing.assert_array_equal(found(tmp_path, cube).label, label)


def test_velocities_alone(tmp_path: Path) -> None:
    """A pixel that swings but stands still is with the still ones by velocity."""
    cube, area = areas(noise=1.0)
    swing = 60 * np.cos(np.linspace(0, 4 * np.pi, cube.sizes["time"]))
    cube["displacement"][:, 3, 2] += swing.astype("float32")
    store = found(tmp_path, cube, features="velocity", k=3)
    np.testing.assert_array_equal(store.label, np.array([2, 0, 1])[area])
    assert "mean velocity" in store.attrs["sentence"]
    alone = found(tmp_path, cube, features="series", k=4)
    assert (alone.label == alone.label[3, 2]).sum() == 1, "by its series it is like no other"


def test_gaps_are_bridged_by_the_pixels_own_line(tmp_path: Path) -> None:
    cube, area = areas(noise=1.0)
    draw = np.random.default_rng(5)
    gaps = draw.random(cube.displacement.shape) < 0.4
    cube["displacement"] = cube.displacement.where(~gaps)
    cube["displacement"][4] = np.nan  # a date nobody has
    store = found(tmp_path, cube, k=3)
    np.testing.assert_array_equal(store.label, np.array([2, 0, 1])[area])
    assert np.isnan(store.series[:, :, 4]).all()
    assert np.isfinite(store.series.drop_isel(time=4)).all()


def test_the_line_of_a_pixel_with_gaps() -> None:
    years = np.array([0.0, 0.1, 0.3, 0.4, 0.8])
    values = np.array([[np.nan, 3.0, 1.0, np.nan, -6.0], [0.0, np.nan, np.nan, np.nan, -8.0]], "float32")
    line = fit_line(values, years)
    for row, known in enumerate(np.isfinite(values)):
        slope, offset = np.polyfit(years[known], values[row, known], 1)
        assert line.velocity[row] == pytest.approx(slope)
        np.testing.assert_allclose(line.filled[row, ~known], offset + slope * years[~known])
        np.testing.assert_array_equal(line.filled[row, known], values[row, known])
    np.testing.assert_allclose(features_of(line, "series").mean(1), 0, atol=1e-3)


def test_what_is_not_usable_is_in_no_cluster_and_said(tmp_path: Path) -> None:
    cube, area = areas()
    cube["mask"][0, :5] = False
    cube["displacement"][:, 1, :4] = np.nan
    cube["displacement"][1:, 2, 0] = np.nan
    store = found(tmp_path, cube)
    none = np.zeros(area.shape, bool)
    none[0, :5] = none[1, :4] = none[2, 0] = True
    np.testing.assert_array_equal(store.label.values == -1, none)
    assert int(store.n.sum()) == (~none).sum()
    assert "fewer than 2 dates: 5." in store.attrs["sentence"]
    assert "all 422 usable pixels" in store.attrs["sentence"]


@pytest.mark.parametrize(
    ("pixels", "settings", "why"),
    [
        (0, {}, "One cluster: no pixel is usable."),
        (1, {}, "One cluster: 1 usable pixel is too few to choose a number of clusters."),
        (2, {}, "One cluster: 2 usable pixels are too few to choose a number of clusters."),
        (3, {"k": 5}, "One cluster: 3 usable pixels are too few for the 5 that the study asks for (cluster.k)."),
        (432, {"k": 1}, "One cluster: the study asks for one (cluster.k)."),
    ],
)
def test_too_few_pixels_are_one_cluster(tmp_path: Path, pixels: int, settings: dict[str, int], why: str) -> None:
    cube, area = areas()
    mask = np.arange(area.size).reshape(area.shape) < pixels
    cube["mask"][:] = mask
    store = found(tmp_path, cube, **settings)
    assert (store.attrs["k"], store.attrs["sentence"]) == (1, why)
    np.testing.assert_array_equal(store.label, np.where(mask, 0, -1))
    assert store.n.values.tolist() == [pixels]
    assert np.isfinite(store.velocity).all() == np.isfinite(store.series).all() == (pixels > 0)
    assert np.isnan(store.davies_bouldin).all()


@pytest.mark.parametrize(("k", "why"), [(None, "all usable pixels moved alike"), (3, "all usable pixels moved alike")])
def test_pixels_that_moved_alike_are_one_cluster(tmp_path: Path, k: int | None, why: str) -> None:
    cube, _ = areas((-50.0,), noise=0.0)
    store = found(tmp_path, cube, k=k)
    assert store.attrs["sentence"] == f"One cluster: {why}."
    assert (store.label == 0).all()
    assert float(store.velocity[0]) == pytest.approx(-50, rel=1e-5)


def test_fewer_ways_to_move_than_clusters_asked(tmp_path: Path) -> None:
    cube, area = areas((-50.0, -10.0), noise=0.0)
    store = found(tmp_path, cube, k=3)
    assert store.attrs["sentence"].startswith("One cluster: the usable pixels moved in 2 ways only, too few for the 3")
    store = found(tmp_path, cube)
    assert store.attrs["k"] == 2, "chosen: as many as there are"
    np.testing.assert_array_equal(store.label, area)
    assert "the only number that could be tried" in store.attrs["sentence"]


def test_as_many_clusters_as_pixels_have_no_index() -> None:
    choice = choose_clusters(np.array([[0.0], [1.0], [5.0]]), 3, 8, 0)
    assert choice.k == 3
    assert sorted(choice.labels) == [0, 1, 2]
    assert np.isnan(choice.index[3])


def test_ties_go_to_the_smaller_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("insarcast.cluster.choose._davies_bouldin", lambda features, labels: 0.5)
    assert choose_clusters(np.random.default_rng(0).random((40, 2)), None, 6, 0).k == 2


def test_many_blocks_give_what_one_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cube, area = areas()
    cube["mask"][5:9, 3:11] = False  # a block without any
    whole = found(tmp_path, cube)
    monkeypatch.setattr("insarcast.cluster.run.shard_edge", lambda layers: 4)
    pieces = found(tmp_path, cube)
    np.testing.assert_array_equal(pieces.label, whole.label)
    np.testing.assert_allclose(pieces.velocity, whole.velocity)
    np.testing.assert_array_equal(pieces.n, whole.n)
    few = found(tmp_path, cube, sample=40)
    assert "a random sample of 40 of 400 usable pixels" in few.attrs["sentence"]
    np.testing.assert_array_equal(few.label, np.where(cube.mask, np.array([2, 0, 1])[area], -1), "all pixels have a label")


def test_the_order_is_that_of_all_pixels_where_the_sample_errs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("insarcast.cluster.run.shard_edge", lambda layers: 8)
    for seed in range(4):
        cube, _ = areas((-30.0, -30.5, -31.0, 10.0), noise=4.0, seed=seed)
        store = found(tmp_path, cube, k=5, sample=30, seed=seed)
        assert (np.diff(store.velocity) >= 0).all()
        np.testing.assert_array_equal(np.bincount(store.label.values.ravel(), minlength=5), store.n)


def test_every_pixel_is_drawn_as_often_as_any_other() -> None:
    cube = make_cube(n_dates=2, ny=6, nx=7, not_inverted=(), masked=((3, 3),), noise=0.0).load()
    cube["displacement"][1] = np.arange(42, dtype="float32").reshape(6, 7)  # a pixel's number
    times, size = 300, 10
    hits = np.zeros(42)
    for seed in range(times):
        drawn = draw_sample(cube, size, 4, seed)
        assert (drawn.usable, len(drawn.values)) == (41, size)
        hits[drawn.values[:, 1].astype(int)] += 1
    assert hits[3 * 7 + 3] == 0
    share, rest = size / 41, np.delete(hits, 3 * 7 + 3)
    # the pixels of one draw exclude each other: the sum of squares has 40 degrees of freedom
    chi2 = ((rest - times * share) ** 2).sum() / (times * share * (1 - share)) * 40 / 41
    assert 16 < chi2 < 80, "99.9 % of a chi-square with 40 degrees of freedom, and some room"


def test_same_bytes_on_any_number_of_threads(tmp_path: Path) -> None:
    cube, _ = areas(noise=40.0, ny=40, nx=40)
    stores = []
    for threads in (1, 2, 2):
        with threadpoolctl.threadpool_limits(threads):
            found(tmp_path, cube, k_max=5)
        stores.append(stored(tmp_path / "labels.zarr"))
    assert stores[0] == stores[1] == stores[2]


def test_same_centres_on_any_number_of_threads() -> None:
    """Left alone, scikit-learn's centres differ in their last bits: threads add them up in another order."""
    features = np.random.default_rng(0).normal(0, 40, (8000, 40)).cumsum(1)
    centres = []
    for threads in (1, 2, 3):
        with threadpoolctl.threadpool_limits(threads):
            centres.append(choose_clusters(features, 5, 8, 0).model.cluster_centers_.tobytes())
    assert len(set(centres)) == 1


def test_a_cube_as_the_pipeline_writes_it(tmp_path: Path) -> None:
    """The earlier vintage's clusters come from its own dates; the masked and the empty pixel are in none."""
    (early,), full = write_cubes(tmp_path, ["asof-20180412"])
    for path, dates in ((early, 9), (full, 13)):
        cluster_cube(path, tmp_path / "labels.zarr", **SETTINGS)  # type: ignore[arg-type]
        store = open_store(tmp_path / "labels.zarr")
        assert store.sizes["time"] == dates
        assert store.attrs["as_of"] == path.parent.name
        assert (store.label[0, :2] == -1).all()
        assert store.label[int(0.6 * 12), int(0.6 * 14)] == 0, "the bowl's centre sinks fastest"
        assert store.label[1, 1] == store.sizes["cluster"] - 1, "the reference point stands still"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [({"method": "none"}, r"cluster\.method is 'none'"), ({"features": "colour"}, r"cluster\.features is 'colour'")],
)
def test_unknown_settings_are_said(tmp_path: Path, settings: dict[str, str], sentence: str) -> None:
    with pytest.raises(InsarcastError, match=sentence):
        found(tmp_path, areas()[0], **settings)


def test_points_are_said(tmp_path: Path) -> None:
    points = make_cube().stack(point=("y", "x")).reset_index("point").drop_vars(["y", "x", "spatial_ref"])
    with pytest.raises(InsarcastError, match="holds points, not a grid"):
        found(tmp_path, points[["displacement", "mask"]])
