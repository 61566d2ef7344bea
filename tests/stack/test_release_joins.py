"""Release joins: found from who has values when, never from the values; nothing is found where series come and go one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tables import DATA, ROOT, days, dropped, noise, read, read_study, refused, with_data, write_csv

from insarcast.stack.series.joins import find_joins, mark_jumps


def joined(
    dates: int = 200, points: int = 200, begin: int = 80, stop: int = 150, size: float = 4.0, seed: int = 0
) -> NDArray[np.float64]:
    """``(point, time)`` two releases: a fifth of the points has only the newer one, a fifth only the older; the rest jump at its end."""
    values = noise(dates, points, seed)
    fifth = points // 5
    values[2 * fifth :, stop + 1 :] += np.random.default_rng(seed + 1).normal(0, size, (points - 2 * fifth, 1))
    values[:fifth, :begin] = np.nan
    values[fifth : 2 * fifth, stop + 1 :] = np.nan
    return values


def ends(values: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    known = np.isfinite(values.T)
    return known.argmax(0), len(known) - 1 - known[::-1].argmax(0)


def find(
    values: NDArray[np.float64], share: float = 0.05, file: NDArray[np.int_] | None = None, stated: list[int] | None = None
) -> list:
    first, last = ends(values)
    return find_joins(first, last, np.zeros(len(values), int) if file is None else file, values.shape[1], share, stated or [])


def test_two_releases_are_found_and_those_that_go_on_are_marked(tmp_path: Path) -> None:
    write_csv(tmp_path / "egms/a.csv", joined(), days(200))
    cube, record = read(tmp_path / "egms")
    (join,) = record["joins"]
    assert join["kind"] == "end and start"
    assert (join["last"], join["date"], join["begin"]) == (days(200)[150], days(200)[151], days(200)[80])
    assert (join["n_end"], join["n_start"], join["n_joined"], join["share"]) == (40, 40, 120, 0.2)
    jump = cube.jump.values
    assert jump.dtype == bool
    assert jump.sum() == 120
    assert jump[151, 80:].all()
    assert not jump[:, :80].any()
    assert join["excess_mm"] == pytest.approx(4.0, rel=0.2)  # the sd of the jumps that were put in
    assert abs(join["jump_mean_mm"]) < 1.0
    (said,) = [text for text in record["warnings"] if "two releases" in text]
    assert days(200)[150] in said
    assert "120 series" in said


def test_the_study_can_say_that_there_are_none_or_where_they_are(tmp_path: Path) -> None:
    folder, dates = tmp_path / "egms", days(200)
    write_csv(folder / "a.csv", joined(), dates)
    cube, record = read(folder, joins={"detect": False})
    assert not cube.jump.any()
    assert record["joins"] == []
    cube, record = read(folder, joins={"share": 0.3})
    assert not cube.jump.any()
    write_csv(folder / "a.csv", joined()[80:], dates)  # only those that go on are left: nothing ends
    cube, record = read(folder)
    assert not cube.jump.any()
    cube, record = read(folder, joins={"dates": [dates[150]]})
    assert cube.jump.values[151].all()
    assert cube.jump.values.sum() == 120
    assert [join["kind"] for join in record["joins"]] == ["stated"]
    assert any("as series.joins.dates says" in text for text in record["warnings"])
    assert "no such date; the nearest is" in refused(folder, joins={"dates": ["20190101"]})
    assert "nothing follows it" in refused(folder, joins={"dates": [dates[-1]]})


def test_dates_that_are_left_out_do_not_shift_the_join(tmp_path: Path) -> None:
    write_csv(tmp_path / "egms/a.csv", joined(), days(200))
    cube, record = read(tmp_path / "egms", products={"exclude": [days(200)[3], days(200)[151]], "start": days(200)[2]})
    assert record["joins"][0]["last"] == days(200)[150]
    assert record["joins"][0]["date"] == days(200)[152]
    assert str(cube.time.values[cube.jump.any("point").values.argmax()])[:10].replace("-", "") == days(200)[152]
    assert dropped(record, "products.exclude")["count"] == 2
    assert dropped(record, "before products.start")["count"] == 2


@pytest.mark.parametrize("points", [9, 20, 100, 1000])
@pytest.mark.parametrize("dates", [30, 150, 400])
def test_series_that_start_late_or_end_early_one_by_one_are_no_join(points: int, dates: int) -> None:
    for seed in range(40):
        draw = np.random.default_rng(seed)
        values = noise(dates, points, seed)
        for point in np.flatnonzero(draw.random(points) < 0.6):
            start, stop = np.sort(draw.integers(0, dates, 2))
            values[point, :start] = np.nan
            values[point, stop + 1 :] = np.nan
        values = values[np.isfinite(values).any(1)]
        assert find(values) == [], seed


def test_the_ragged_end_of_a_file_is_no_join() -> None:
    values = noise(100, 50)
    values[:20, -2:] = np.nan
    values[30:, :2] = np.nan
    assert find(values) == []


def test_series_that_begin_together_without_any_that_end_are_said_but_not_marked(tmp_path: Path) -> None:
    values = noise(120, 40)
    values[:10, :50] = np.nan
    write_csv(tmp_path / "egms/a.csv", values, days(120))
    cube, record = read(tmp_path / "egms")
    assert not cube.jump.any()
    assert [(join["kind"], join["begin"], join["n_joined"]) for join in record["joins"]] == [("start", days(120)[50], 0)]
    assert any("series.joins.dates" in text for text in record["warnings"])


def test_releases_that_do_not_overlap_join_where_the_newer_one_begins() -> None:
    values = noise(120, 60)
    values[:20, 71:] = np.nan
    values[20:40, :71] = np.nan
    (join,) = find(values)
    assert (join.last, join.begin) == (70, 71)
    np.testing.assert_array_equal(np.flatnonzero(join.joined), np.arange(40, 60))


def test_ends_within_three_dates_are_one_and_three_releases_are_two_joins() -> None:
    values = noise(300, 100)
    values[:10, 101:] = np.nan
    values[10:14, 100:] = np.nan
    values[14:30, 201:] = np.nan
    found = find(values)
    assert [join.last for join in found] == [100, 200]
    assert [join.n_end for join in found] == [14, 16]
    assert [int(join.joined.sum()) for join in found] == [86, 70]
    jump = mark_jumps(found, 300, 100)
    assert jump.sum() == 156
    np.testing.assert_array_equal(np.flatnonzero(jump.any(1)), [101, 201])


def test_each_file_has_joins_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "egms"
    write_csv(folder / "a.csv", joined(stop=150), days(200))
    write_csv(folder / "b.csv", joined(stop=140, begin=70, seed=5), days(200))
    cube, record = read(folder)
    assert [(join["file"], join["last"]) for join in record["joins"]] == [("a.csv", days(200)[150]), ("b.csv", days(200)[140])]
    assert cube.jump.values[151, :200].sum() == 120
    assert cube.jump.values[141, 200:].sum() == 120
    assert cube.jump.values.sum() == 240


def test_values_say_nothing_only_presence_does() -> None:
    still, wild = joined(size=0.0), joined(size=50.0)
    for one, other in zip(find(still), find(wild), strict=True):
        assert (one.last, one.begin) == (other.last, other.begin)
        np.testing.assert_array_equal(one.joined, other.joined)
    values = noise(200, 50)
    values[:, 100:] += np.random.default_rng(0).normal(0, 50, (50, 1))
    assert find(values) == []


@with_data
@pytest.mark.parametrize(
    ("cube", "last", "counts"),
    [("T022", "20211229", (158, 183, 452)), ("T124", "20211218", (120, 191, 535)), ("T073", "20211220", (3, 11, 26))],
)
def test_each_file_of_wroclaw_joins_two_releases(tmp_path: Path, cube: str, last: str, counts: tuple[int, int, int]) -> None:
    data, record = read_study(ROOT / "config/studies/wroclaw.yaml", cube, tmp_path)
    (join,) = record["joins"]
    assert join["last"] == last
    assert (join["n_end"], join["n_start"], join["n_joined"]) == counts
    assert int(data.jump.sum()) == counts[2]


@with_data
@pytest.mark.parametrize("cube", ["T022", "T124"])
def test_the_step_after_the_older_release_carries_the_largest_excess_of_all_dates(tmp_path: Path, cube: str) -> None:
    """The variance over the joined points of (median of nine after - median of nine before) peaks within two dates of the join."""
    data, record = read_study(ROOT / "config/studies/wroclaw.yaml", cube, tmp_path)
    at = int(data.jump.any("point").values.argmax())
    values = data.displacement.values[:, data.jump.values[at]]
    spread = [np.std(np.median(values[t : t + 9], 0) - np.median(values[t - 9 : t], 0)) for t in range(9, len(values) - 8)]
    assert abs(int(np.argmax(spread)) + 9 - at) <= 1
    assert 3.5 < record["joins"][0]["excess_mm"] < 5.0
    steps = np.std(np.diff(values, axis=0), axis=1)
    assert steps[at - 1] < 1.6 * np.median(steps)  # a single step does not show it, for the noise of a date is as large


@with_data
def test_a_file_without_an_end_is_joined_where_its_neighbour_is(tmp_path: Path) -> None:
    _, record = read_study(ROOT / "config/studies/wroclaw.yaml", "T124-south", tmp_path)
    (join,) = record["joins"]
    assert (join["kind"], join["last"], join["n_joined"]) == ("stated", "20211218", 6)
    assert join["excess_mm"] > 5.0


@with_data
@pytest.mark.parametrize(("study", "cube"), [("donana", "asc"), ("donana", "desc"), ("mrf_gcn", "metro")])
def test_no_join_where_there_is_none(tmp_path: Path, study: str, cube: str) -> None:
    data, record = read_study(ROOT / f"config/studies/{study}.yaml", cube, tmp_path)
    assert record["joins"] == []
    assert not data.jump.any()


def test_the_data_root_is_the_real_one() -> None:
    assert DATA is None or (Path(DATA) / "egms_wroclaw").is_dir()
