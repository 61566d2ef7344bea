"""Spatial weights of points."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from insarcast.models import TrainingData
from insarcast.models.space.neighbours import neighbour_mean, neighbour_weights


def at_places(x, y) -> TrainingData:
    x, y = np.asarray(x, float), np.asarray(y, float)
    time = np.datetime64("2020-01-06", "D") + 12 * np.arange(3)
    return TrainingData(np.zeros((3, x.size)), np.ones((3, x.size), bool), time, time, x=x, y=y)


def scattered(count: int = 60) -> TrainingData:
    rng = np.random.default_rng(0)
    return at_places(5e5 + rng.uniform(0, 1000, count), 5.6e6 + rng.uniform(0, 1000, count))


@pytest.mark.parametrize("kind", ["knn", "delaunay"])
def test_rows_are_means_without_oneself(kind: str) -> None:
    weights = neighbour_weights(scattered(), kind=kind)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert (weights.diagonal() == 0).all()
    assert weights.has_sorted_indices


def test_nearest_by_brute_force() -> None:
    data = scattered()
    distance = np.hypot(data.x[:, None] - data.x, data.y[:, None] - data.y)
    np.fill_diagonal(distance, np.inf)
    expected = np.zeros_like(distance)
    np.put_along_axis(expected, np.argsort(distance, axis=1)[:, :5], 0.2, axis=1)
    np.testing.assert_array_equal(neighbour_weights(data, k=5).toarray(), expected)


@pytest.mark.parametrize("kind", ["knn", "delaunay"])
def test_the_order_of_points_does_not_matter(kind: str) -> None:
    """On a grid, where many neighbours are equally far, and with two points at one place."""
    row, col = np.divmod(np.arange(48), 8)
    data = at_places(np.append(40.0 * col, 80.0), np.append(40.0 * row, 80.0))
    order = np.random.default_rng(1).permutation(49)
    plain, other = neighbour_weights(data, kind=kind, k=5), neighbour_weights(data.take(order), kind=kind, k=5)
    np.testing.assert_array_equal(plain.toarray()[order][:, order], other.toarray())


def test_two_points_at_one_place() -> None:
    weights = neighbour_weights(at_places([0, 0, 10, 50], [0, 0, 0, 0]), k=1).toarray()
    np.testing.assert_allclose(weights, [[0, 0.5, 0.5, 0], [0.5, 0, 0.5, 0], [0.5, 0.5, 0, 0], [0, 0, 1, 0]])


def test_triangulation_cuts_long_edges() -> None:
    """A dense square lattice and one point far away: its edges are no neighbourhood."""
    row, col = np.divmod(np.arange(400), 20)
    weights = neighbour_weights(at_places(np.append(col, 300.0), np.append(row, 7.3)), kind="delaunay")
    assert weights[[400]].nnz == 0
    inner = weights[[10 * 20 + 10]].indices
    assert {190, 209, 211, 230} <= set(inner.tolist())
    assert np.abs(np.divmod(inner, 20) - np.array([[10], [10]])).max() == 1


@pytest.mark.parametrize("x", [[0.0], [0.0, 1.0], [0.0, 1.0, 2.0, 5.0]])
def test_no_triangle(x: list[float]) -> None:
    data = at_places(x, np.zeros(len(x)))
    np.testing.assert_array_equal(neighbour_weights(data, kind="delaunay").toarray(), neighbour_weights(data).toarray())


def test_graph_grid_and_nothing() -> None:
    data = replace(scattered(4), x=None, y=None)
    assert neighbour_weights(data).nnz == 0
    grid = replace(data, row=np.array([0, 0, 1, 5]), col=np.array([0, 1, 0, 5]), shape=(6, 6))
    np.testing.assert_array_equal(neighbour_weights(grid, k=2).toarray()[0], [0, 0.5, 0.5, 0])
    edges = csr_array(np.array([[1, 1, 1, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]))
    found = neighbour_weights(replace(grid, graph=edges)).toarray()
    np.testing.assert_array_equal(found, [[0, 0.5, 0.5, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]])
    assert neighbour_weights(data.take(np.array([], int))).shape == (0, 0)


def test_mean_over_neighbours_that_are_known() -> None:
    weights = neighbour_weights(at_places([0, 1, 2, 30], [0, 0, 0, 0]), k=2)
    values = np.array([[1.0, 2.0, 4.0, 8.0], [np.nan, 2.0, 4.0, 8.0], [1.0, np.nan, np.nan, 8.0]])
    expected = [[3, 2.5, 1.5, 3], [3, 4, 2, 3], [np.nan, 1, 1, np.nan]]
    np.testing.assert_allclose(neighbour_mean(weights, values), expected)
    alone = neighbour_weights(at_places([0], [0]))
    assert np.isnan(neighbour_mean(alone, np.ones((2, 1)))).all()
    assert neighbour_mean(neighbour_weights(at_places([], [])), np.ones((2, 3, 0))).shape == (2, 3, 0)
