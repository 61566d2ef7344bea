"""Figures: right place, right colour, right numbers, and the same bytes."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pyproj import Geod

from insarcast.core import InsarcastError
from insarcast.report import draw_displacement, draw_noise
from insarcast.report.displacement import numbers
from insarcast.report.drawing import colours, frame, limits, lines, maps, marks
from insarcast.report.grid import areas
from insarcast.report.scores import scoring
from insarcast.report.stack import closure, pairs
from tests.cubes import make_cube
from tests.report.toy import MAE, Study


def corner_cube(north: bool, east: bool, *, rows_up: bool = False, metres: bool = False) -> xr.Dataset:
    """A still cube whose one corner sinks by 100 mm/yr, given by compass; optionally with rows from south to north, or in UTM."""
    cube = make_cube(ny=30, nx=40, noise=0.0, rate=0.0, not_inverted=(), masked=())
    velocity = np.zeros((30, 40), "float32")
    velocity[(slice(0, 10) if north else slice(20, 30)), (slice(28, 40) if east else slice(0, 12))] = -100.0
    cube["velocity"] = (("y", "x"), velocity, {"units": "mm yr-1"})
    if metres:
        cube = cube.drop_vars("spatial_ref").assign_coords(x=485000 + 150.0 * np.arange(40), y=2150000 - 150.0 * np.arange(30))
        cube = cube.rio.write_crs("EPSG:32614")
    return cube.isel(y=slice(None, None, -1)) if rows_up else cube


def draw(study: Study, colours: str = "subsidence_red") -> NDArray[np.float64]:
    image, facts = study.figure("F01_velocity.png")
    draw_displacement(study.cube, study.gnss, image, facts, *study.figure("F02_displacement.png"), colours, {})
    return np.asarray(matplotlib.image.imread(image)[..., :3], float)


def centre(pixels: NDArray[np.bool_]) -> tuple[float, float]:
    """Mean row and column."""
    rows, cols = np.nonzero(pixels)
    return float(rows.mean()), float(cols.mean())


@pytest.mark.parametrize(
    ("north", "east", "rows_up", "metres"),
    [(True, True, False, False), (False, False, True, False), (True, False, True, True)],
)
def test_a_sinking_corner_is_red_brown_in_the_right_corner(
    make: Callable[..., Study], north: bool, east: bool, rows_up: bool, metres: bool
) -> None:
    picture = draw(make(corner_cube(north, east, rows_up=rows_up, metres=metres)))
    # The map ends above the bar, which holds the same colours: the bar is in the lowest quarter.
    upper = picture[: int(0.74 * len(picture))]
    red = (upper[..., 0] > upper[..., 2] + 0.2) & (upper[..., 0] < 0.7)
    pale = np.abs(upper - np.array([0.926, 0.897, 0.880])).max(axis=-1) < 0.02
    assert red.sum() > 5000
    (red_row, red_col), (row, col) = centre(red), centre(pale)
    assert (red_row < row) == north
    assert (red_col > col) == east


def test_uplift_red_swaps_the_colours(make: Callable[..., Study]) -> None:
    picture = draw(make(corner_cube(True, True)), "uplift_red")
    upper = picture[: int(0.74 * len(picture))]
    blue = (upper[..., 2] > upper[..., 0] + 0.2) & (upper[..., 2] < 0.7)
    assert blue.sum() > 5000
    with pytest.raises(InsarcastError, match=r"report\.colours is 'jet'"):
        colours.signed_map("jet")


@pytest.mark.parametrize("red", ["subsidence_red", "uplift_red"])
def test_zero_is_white_and_the_cut_bar_keeps_the_colours(red: str) -> None:
    whole = colours.signed_map(red)
    part, norm = colours.part_of(whole, 300.0, -300.0, 30.0)
    for value in (-300.0, -123.0, 0.0, 29.0):
        assert np.abs(np.array(part(norm(value))) - np.array(whole(Normalize(-300, 300)(value)))).max() < 0.02
    assert min(whole(0.5)[:3]) > 0.85


@pytest.mark.parametrize(
    ("value", "expected"), [(264, 300), (300, 300), (141, 150), (151, 200), (0.012, 0.015), (7, 7), (0, 1), (np.nan, 1)]
)
def test_limits_have_one_digit_and_are_not_passed(value: float, expected: float) -> None:
    assert limits.one_digit(value) == pytest.approx(expected)


def test_limit_is_the_98th_percentile() -> None:
    values = np.linspace(-100, 50, 10_001)
    assert limits.symmetric_limit(values) == 100  # np.percentile(abs, 98) = 97
    assert limits.symmetric_limit(np.array([np.nan])) == 1
    assert limits.beyond(np.array([-3.0, 1.0, np.nan, 2.0, 4.0]), 2.5) == 0.5


def test_one_sided_fields_use_one_side_of_the_bar() -> None:
    low, high = limits.used_part(np.linspace(-290, 4, 1000), 300.0)
    assert (low, high) == (-300, pytest.approx(30))
    assert limits.used_part(np.linspace(-290, 290, 1000), 300.0) == (-300, 300)
    low, high = limits.used_part(np.linspace(5, 290, 1000), 300.0)
    assert (low, high) == (pytest.approx(-30), 300)


@pytest.mark.parametrize("metres", [False, True])
def test_ground_lengths_are_those_of_the_ellipsoid(metres: bool) -> None:
    cube = corner_cube(True, True, metres=metres)
    here = frame.frame_of(cube)
    (lon1, lat1), (lon2, lat2) = (here.to_lonlat(x, here.centre[1]) for x in (here.left, here.right))
    width = Geod(ellps="WGS84").inv(lon1, lat1, lon2, lat2)[2]
    assert here.metres_per_unit() * (here.right - here.left) == pytest.approx(width, rel=0.001)
    (lon1, lat1), (lon2, lat2) = (here.to_lonlat(here.centre[0], y) for y in (here.bottom, here.top))
    height = Geod(ellps="WGS84").inv(lon1, lat1, lon2, lat2)[2]
    assert frame.pixel_km2(cube) == pytest.approx(width * height / (30 * 40) / 1e6, rel=0.01)
    assert here.shape_ratio == pytest.approx(height / width, rel=0.01)


@pytest.mark.parametrize(("width", "expected"), [(14_600, 2_000), (990, 200), (250_000, 50_000), (80, 10)])
def test_scale_bar_is_round_and_about_a_fifth(width: float, expected: float) -> None:
    assert marks.bar_length(width) == expected


def test_graticule_in_degrees_with_letters() -> None:
    assert frame.degrees(-99.15, "x") == "99.15° W"
    assert frame.degrees(17.0, "x", 1) == "17.0° E"
    assert frame.degrees(-33.4, "y", 1) == "33.4° S"


@pytest.mark.parametrize("shape", [(12, 14), (60, 8), (8, 60), (1, 1)])
def test_every_map_has_a_place_on_both_axes(shape: tuple[int, int]) -> None:
    cube = make_cube(ny=12, nx=14) if shape == (1, 1) else make_cube(ny=shape[0], nx=shape[1])
    cube = cube.isel(y=slice(0, 1), x=slice(0, 1)) if shape == (1, 1) else cube
    axes = Figure().add_subplot()
    maps.draw_graticule(axes, frame.frame_of(cube), (7.0, 4.0))
    for ticks in (axes.get_xticks(), axes.get_yticks()):
        assert 1 <= len(ticks) <= 8
    assert all("W" in label.get_text() for label in axes.get_xticklabels())


@pytest.mark.parametrize("width", [0.9, 1.3, 1.67, 1.9, 2.2, 3.0, 4.6, 7.0])
@pytest.mark.parametrize("metres", [False, True])
def test_longitudes_do_not_touch(width: float, metres: bool) -> None:
    """Labels side by side are apart; where they are close, none reaches out of its map into the next."""
    here = frame.frame_of(corner_cube(True, True, metres=metres))
    figure = Figure(figsize=(width, width * here.shape_ratio), dpi=150)
    axes = figure.add_axes((0, 0, 1, 1))
    maps.draw_map(axes, np.zeros((30, 40)), here, colours.signed_map("subsidence_red"), Normalize(-1, 1))
    maps.draw_graticule(axes, here, (width, width * here.shape_ratio))
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in axes.get_xticklabels() if label.get_text()]
    assert boxes
    assert all(one.x1 + 4 < other.x0 for one, other in itertools.pairwise(boxes))
    upright = [label.get_window_extent() for label in axes.get_yticklabels() if label.get_text()]
    assert min(box.y0 for box in upright) > max(box.y1 for box in boxes)


def test_labels_that_crowd_stay_around_their_mean() -> None:
    assert lines.apart([0.0, 5.0], 1.0) == [0.0, 5.0]
    assert lines.apart([1.0, 1.0, 1.0], 1.0) == [0.0, 1.0, 2.0]
    found = lines.apart([0.0, 0.1, 0.9, 7.0, 7.0], 0.5)
    assert found == sorted(found)
    assert np.diff(found).min() >= 0.5 - 1e-9


def test_the_limit_of_triplets_is_told_beside_the_dots() -> None:
    triplets = [{"dates": ["20180106", "20180118", "20180130"], "rms": value} for value in (0.4, 1.45)]
    axes = Figure().add_subplot()
    assert closure._by_date(axes, triplets, 1.5)
    assert not axes.texts  # no word on the dots: the figure's legend says it
    assert not closure._by_date(Figure().add_subplot(), triplets[:1], 1.5)


def test_classes_name_the_best_model_of_each(drawn: Study) -> None:
    table = scoring.read_scores(drawn.scores)
    found = scoring.by_class(table, "linear")
    assert [part.label for part in found] == scoring.class_order(table)
    for part in found:
        rows = scoring.overall(table, part.label)
        means = {name: np.average(own["mae"], weights=own["n"]) for name, own in rows.groupby("model") if name != "chosen"}
        assert (part.best, part.least) == (min(means, key=means.__getitem__), pytest.approx(min(means.values())))
        assert (part.own, part.base) == (pytest.approx(means["linear"]), pytest.approx(means["persistence"]))
    assert scoring.by_class(table, "persistence") == []


def test_a_slope_towards_the_light_is_brighter() -> None:
    """The sun stands in the north-west: a slope that falls to the north-west faces it."""
    cube = make_cube(ny=20, nx=20)
    rows, cols = np.mgrid[:20, :20]
    lights = []
    for sign in (1, -1):
        cube["height"] = (("y", "x"), 40.0 * sign * (rows + cols))  # grows to the south-east: falls to the north-west
        shade = maps.hillshade(cube, frame.frame_of(cube))
        assert shade is not None
        lights.append(float(np.median(shade)))
    assert lights[0] > lights[1] + 0.1
    assert maps.hillshade(make_cube(), frame.frame_of(make_cube())) is None


def test_baselines_of_dates_from_those_of_pairs() -> None:
    truth = {"20180106": 0.0, "20180118": 31.5, "20180130": -74.9, "20180211": 12.0}
    ends = [("20180106", "20180118"), ("20180118", "20180130"), ("20180106", "20180130"), ("20180130", "20180211")]
    found = pairs.date_baselines([{"date1": a, "date2": b, "baseline": truth[b] - truth[a]} for a, b in ends])
    assert found == pytest.approx(truth)
    assert pairs.date_baselines([{"date1": "a", "date2": "b", "baseline": None}]) == {}


def test_network_without_baselines_and_coherence(make: Callable[..., Study]) -> None:
    import json

    from insarcast.report import draw_network

    study = make()
    found = json.loads(study.decisions.read_text())
    for pair in found["pairs"]:
        pair["baseline"] = pair["coherence"] = None
    found["triplets"] = []
    study.decisions.write_text(json.dumps(found))
    files = [*study.figure("F11_network.svg"), *study.figure("F12_coherence.png"), *study.figure("F13_closure.png")]
    draw_network(study.decisions, study.closure, study.cube, *files, 1.5)
    assert "not known" in files[3].read_text()
    assert "no closed loop" in files[5].read_text()


def test_areas_are_connected_and_the_fastest_comes_first() -> None:
    cube = make_cube(ny=40, nx=40, noise=0.0, rate=0.0, not_inverted=(), masked=())
    velocity = np.zeros((40, 40), "float32")
    velocity[2:5, 2:5] = -60.0  # 9 pixels
    velocity[10:14, 10:14] = 80.0  # 16 pixels, the other way
    velocity[14, 14] = 90.0  # touches by its corner
    velocity[30, 30:34] = -99.0  # 4 pixels: too small
    cube["velocity"] = (("y", "x"), velocity, {"units": "mm yr-1"})
    edge, count, found = areas.find_areas(cube, None)
    assert (edge, count) == (20.0, 2)  # twice sigma (8 mm/yr), to one digit
    assert [(area.fastest, area.pixels) for area in found] == [(90.0, 17), (-60.0, 9)]
    assert found[0].lat == pytest.approx(float(cube.y[14]))
    assert found[0].lon == pytest.approx(float(cube.x[14]))
    assert found[0].km2 == pytest.approx(17 * frame.pixel_km2(cube))
    speeds = areas.speeds(cube, [10, 70])
    assert [(name, n) for name, n, _, _ in speeds] == [("below 10", 1600 - 30), ("10 to 70", 9), ("70 and above", 21)]
    assert sum(share for *_, share in speeds) == pytest.approx(1)


def test_a_jump_stands_out_among_the_dates() -> None:
    cube = make_cube(noise=0.0, step=12)
    cube["displacement"][5] += 20.0
    found = numbers.cube_numbers(cube)
    worst = found.worst
    assert worst is not None
    assert worst.date == "2018-03-07"
    assert worst.rms == pytest.approx(20.0, abs=1e-3)
    assert worst.share == 1.0
    assert found.usual == pytest.approx(0.0, abs=1e-3)


def test_geometry_from_the_line_of_sight() -> None:
    """Mexico City, track 5: incidence 39.70, heading -12.27 degrees, as the files' tags say."""
    cube = make_cube()
    cube["los"][:] = np.array([-0.624, -0.136, 0.769])[:, None, None]
    incidence, heading = numbers.geometry_of(cube)
    assert incidence == pytest.approx(39.7, abs=0.1)
    assert heading == pytest.approx(-12.27, abs=0.1)
    assert numbers.geometry_of(cube.drop_vars("los")) == (None, None)


def test_scores_are_weighted_by_their_number(drawn: Study) -> None:
    table = scoring.read_scores(drawn.scores)
    assert scoring.model_order(table)[0] == "persistence"
    total = {item.model: item for item in scoring.totals(table)}["drift"]
    weights = [1000, 500, 333]
    assert total.n == 1833
    assert total.mae == pytest.approx(np.average(MAE["drift"], weights=weights))
    assert total.rmse == pytest.approx(1.3 * np.sqrt(np.average(np.square(MAE["drift"]), weights=weights)))
    assert total.coverage == pytest.approx(np.average([0.7, 0.6, 0.6], weights=[800, 200, 88]))
    assert total.n_interval == 1088
    facts = json.loads(drawn.figure("F08_coverage.json")[0].read_text())
    assert facts["numbers"] == pytest.approx({"held": total.coverage, "level": 90, "n": 1088})
    assert scoring.noise_floor(table) == pytest.approx(2.0 * np.abs(np.random.default_rng(0).normal(size=10**6)).mean(), rel=0.01)
    assert scoring.levels(pd.DataFrame(columns=["coverage50", "own_coverage50", "coverage90", "width90"])) == [50, 90]


def test_figures_have_the_same_bytes_and_no_date(drawn: Study, make: Callable[..., Study]) -> None:
    again = make()
    again.draw_scores()
    draw_noise(again.cube, *again.figure("F14_noise.png"))
    names = ["F05_skill.svg", "F06_error.svg", "F07_scorecard.svg", "F08_coverage.svg", "F14_noise.png", "F14_noise.json"]
    for name in names:
        first = drawn.figure(name)[0].read_bytes()
        assert again.figure(name)[0].read_bytes() == first
        assert not re.search(rb"<dc:date>|20[2-9]\d-\d\d-\d\dT", first)


def test_pictures_fit_the_viewer(drawn: Study) -> None:
    for path in drawn.figures:
        if path.suffix == ".png":
            height, width = matplotlib.image.imread(path).shape[:2]
            assert width <= 1200
            assert height <= 800


def test_worst_date_is_named_and_the_title_says_up_to_when(drawn: Study) -> None:
    worst = (drawn.folder / "toy/T1/report/figures/F10_failure.json").read_text()
    assert "worst on 2018-05-06" in worst  # the first origin (2018-04-24) and one step
    assert "at every lead time scored, up to 36 days" in (drawn.folder / "toy/T1/report/figures/F05_skill.json").read_text()


@pytest.mark.parametrize(
    ("skills", "expected"),
    [
        ((0.2, 0.1, -0.1), "Linear is better than persistence up to 24 days"),
        ((-0.2, 0.1, 0.1), "Linear is no better than persistence at 12 days"),
    ],
)
def test_skill_up_to_the_first_failure(make: Callable[..., Study], skills: tuple[float, ...], expected: str) -> None:
    study = make()
    table = pd.read_parquet(study.scores)
    linear = table["model"] == "linear"
    table.loc[linear, "skill"] = table.loc[linear, "horizon"].map(dict(zip((1, 2, 3), skills, strict=True)))
    table.to_parquet(study.scores)
    study.draw_scores()
    assert expected in Path(study.figure("F05_skill.json")[0]).read_text()
