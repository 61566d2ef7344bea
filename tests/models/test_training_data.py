"""From a cube to points and back."""

from __future__ import annotations

import numpy as np
import pytest
from cubes import make_cube, make_dates

from insarcast.models import TrainingData


def test_points_of_a_cube_and_back_on_the_grid() -> None:
    cube = make_cube(bridged=(3,), not_inverted=((0, 0), (4, 5)), masked=((2, 2),))
    data = TrainingData.from_cube(cube, make_dates(16))
    assert data.points == 12 * 14 - 3
    grid = data.to_grid(data.displacement)
    usable = cube.mask.values
    assert np.isnan(grid[:, ~usable]).all()
    np.testing.assert_array_equal(grid[:, usable], cube.displacement.values[:, usable].astype(float))
    assert not data.observed[3].any()
    assert data.observed[[0, 1, 2, 4]].all()
    assert (data.calendar == make_dates(16)).all()


def test_the_first_date_needs_no_step() -> None:
    assert TrainingData.from_cube(make_cube(bridged=(0, 2))).observed[0].all()


def test_until_knows_nothing_later() -> None:
    data = TrainingData.from_cube(make_cube(), make_dates(16))
    past = data.until(data.time[6])
    assert len(past.time) == len(past.displacement) == len(past.observed) == 7
    assert (past.calendar == data.calendar).all()


def test_calendar_must_continue_the_dates() -> None:
    data = TrainingData.from_cube(make_cube())
    with pytest.raises(ValueError, match="calendar"):
        TrainingData(data.displacement, data.observed, data.time, make_dates(16, start="2018-01-07"))
    with pytest.raises(ValueError, match="dates each"):
        TrainingData(data.displacement[1:], data.observed, data.time, data.calendar)
