"""Spatial statistics of points against esda, closed forms and hand-made cases."""

from __future__ import annotations

import esda
import numpy as np
import pytest
from libpysal.graph import Graph
from scipy.sparse import csr_array, csr_matrix

from insarcast.evaluate.space.autocorrelation import (
    discoveries,
    getis_ord,
    hot_and_cold,
    local_clusters,
    local_moran,
    moran,
    permutations_for,
)
from insarcast.evaluate.space.neighbours import hull_area, make_weights, nearest_neighbour_index, nearest_neighbours

RNG = np.random.default_rng(3)
PLACE = RNG.uniform(0, 1000, (120, 2))
FIELD = np.sin(PLACE[:, 0] / 200) + 0.5 * RNG.normal(size=120) - 0.4
NEAR = nearest_neighbours(PLACE, 8)
CHAIN = csr_array((np.ones(118), (np.arange(118), np.arange(1, 119))), shape=(120, 120))
CHAIN = csr_array(CHAIN + CHAIN.T)  # the last point stands alone


@pytest.mark.parametrize("adjacency", [NEAR, CHAIN], ids=["nearest", "network"])
def test_moran_is_that_of_esda(adjacency: csr_array) -> None:
    fields = np.stack([FIELD, np.exp(FIELD), RNG.normal(size=120)])
    found = moran(fields, make_weights(adjacency))
    for at, field in enumerate(fields):
        other = esda.Moran(field, Graph.from_sparse(csr_matrix(adjacency)), permutations=0)
        assert found.i[at] == pytest.approx(other.I)
        assert found.z[at] == pytest.approx(other.z_rand)
        assert found.p[at] == pytest.approx(other.p_rand)


def test_moran_of_a_constant_field_or_of_three_points_is_not_known() -> None:
    weights = make_weights(NEAR)
    found = moran(np.stack([np.zeros(120), np.full(120, 0.1), FIELD]), weights)
    assert np.isnan(found.i).tolist() == [True, True, False]
    assert np.isnan(moran(FIELD[None, :3], make_weights(nearest_neighbours(PLACE[:3], 8))).z).all()
    assert np.isnan(moran(FIELD[None], make_weights(csr_array((120, 120)))).i).all()
    assert np.isnan(moran(np.zeros((2, 0)), make_weights(csr_array((0, 0)))).i).all()


def test_moran_of_noise_is_a_standard_normal_score() -> None:
    z = moran(RNG.normal(size=(2000, 120)), make_weights(NEAR)).z
    assert z.mean() == pytest.approx(0, abs=0.08)
    assert z.std() == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("adjacency", [NEAR, CHAIN], ids=["nearest", "network"])
def test_g_star_is_that_of_esda_where_the_sum_is_positive(adjacency: csr_array) -> None:
    graph = Graph.from_sparse(csr_matrix(adjacency))
    other = esda.G_Local(FIELD + 10, graph, transform="B", star=True, permutations=0)
    assert getis_ord(FIELD, make_weights(adjacency)) == pytest.approx(other.Zs)


def test_g_star_is_positive_where_high_values_gather_whatever_the_level() -> None:
    weights = make_weights(NEAR)
    z = getis_ord(FIELD - 10, weights)
    assert z == pytest.approx(getis_ord(FIELD + 10, weights))
    smooth = np.sin(PLACE[:, 0] / 200)
    assert np.corrcoef(z, smooth)[0, 1] > 0.8
    hot, cold = hot_and_cold(z)
    assert hot.sum() > 5
    assert cold.sum() > 5
    assert smooth[hot].min() > smooth[cold].max()
    assert np.isnan(getis_ord(np.ones(120), weights)).all()


def test_local_moran_is_that_of_esda() -> None:
    """The index and the quadrant; the p against permutations one point at a time, for to compile esda's would take a minute."""
    own = local_moran(FIELD, make_weights(NEAR), 9999, 0)
    other = esda.Moran_Local(FIELD, Graph.from_sparse(csr_matrix(NEAR)), permutations=0)
    assert own.i == pytest.approx(other.Is)
    assert (own.quadrant == other.q).all()
    z = (FIELD - FIELD.mean()) / FIELD.std()
    rng, tails = np.random.default_rng(9), []
    for at in range(120):
        tries = rng.permuted(np.tile(np.delete(z, at), (2000, 1)), axis=1)[:, :8].mean(axis=1) * z[at]
        truth = own.i[at] * 120 / 119
        tails.append(min((tries >= truth).mean(), (tries <= truth).mean()))
    assert own.p / 2 == pytest.approx(np.array(tails), abs=0.045)
    assert own.p.min() < 0.001


def test_local_moran_draws_the_others_and_never_the_point_itself() -> None:
    """With two neighbours among three others, every draw is one of three pairs: the p of each point is known."""
    field = np.array([10.0, 9.0, -8.0, -9.0])
    ring = csr_array((np.ones(8), ([0, 0, 1, 1, 2, 2, 3, 3], [1, 2, 0, 2, 1, 3, 2, 0])), shape=(4, 4))
    found = local_moran(field, make_weights(ring), 6000, 0)
    z = (field - field.mean()) / field.std()
    for at in range(4):
        others = [other for other in range(4) if other != at]
        tries = np.array([z[at] * np.mean([z[a] for a in others if a != left]) for left in others])
        truth = found.i[at] * 4 / 3
        tail = min((tries >= truth - 1e-12).mean(), (tries <= truth + 1e-12).mean())
        assert found.p[at] == pytest.approx(min(2 * tail, 1), abs=0.03)


def test_local_clusters_of_noise_are_hardly_ever_found_and_those_of_a_field_are() -> None:
    weights = make_weights(NEAR)
    noise = [np.count_nonzero(local_clusters(RNG.normal(size=120), weights, 1999, seed)) for seed in range(10)]
    assert np.mean(noise) < 2
    found = local_clusters(FIELD, weights, 1999, 0)
    assert np.count_nonzero(found == 1) > 5
    assert np.count_nonzero(found == 3) > 5
    assert (found == local_clusters(FIELD, weights, 1999, 0)).all()
    assert not local_clusters(np.ones(120), weights, 99, 0).any()


def test_points_at_one_place_are_neighbours_and_no_point_is_its_own() -> None:
    place = np.concatenate([np.zeros((12, 2)), PLACE])
    near = nearest_neighbours(place, 8)
    assert (near.diagonal() == 0).all()
    assert (np.diff(near.indptr) == 8).all()
    assert all(len(set(row)) == 8 for row in near.indices.reshape(-1, 8))
    assert set(near.indices[: 8 * 12]) <= set(range(12))
    assert (near.indices == nearest_neighbours(place, 8).indices).all()
    assert np.diff(nearest_neighbours(place[-3:], 8).indptr).tolist() == [2, 2, 2]
    assert nearest_neighbours(place[:1], 8).nnz == 0


def test_neighbours_are_the_nearest() -> None:
    distance = np.linalg.norm(PLACE[:, None] - PLACE, axis=2)
    for at in range(0, 120, 7):
        assert set(NEAR.indices[8 * at : 8 * at + 8]) == set(np.argsort(distance[at])[1:9])


def test_weights_forget_doubled_edges_and_the_diagonal() -> None:
    ends = np.array([[0, 1], [1, 0], [0, 1], [2, 2], [1, 2]])
    weights = make_weights(csr_array((np.ones(5), ends.T), shape=(3, 3)))
    assert weights.adjacency.toarray().tolist() == [[0, 1, 0], [1, 0, 1], [0, 0, 0]]
    assert weights.s0 == 2


def test_nearest_neighbour_index_of_a_lattice_and_of_random_points() -> None:
    lattice = np.stack(np.meshgrid(np.arange(20.0), np.arange(20.0)), axis=-1).reshape(-1, 2)
    assert nearest_neighbour_index(lattice, 400.0)[0] == pytest.approx(2)
    assert nearest_neighbour_index(lattice, hull_area(lattice))[0] == pytest.approx(2 * 20 / 19)
    scattered = np.random.default_rng(0).uniform(0, 1, (20_000, 2))
    index, z = nearest_neighbour_index(scattered, 1.0)
    assert index == pytest.approx(1, abs=0.015)
    assert abs(z) < 3
    twins = np.repeat(scattered[:500], 2, axis=0)
    assert nearest_neighbour_index(twins, 1.0)[0] == 0
    assert np.isnan(nearest_neighbour_index(scattered[:1], 1.0)[0])
    assert hull_area(np.stack([np.arange(5.0), np.arange(5.0)], axis=1)) == pytest.approx(0, abs=1e-9)


def test_nearest_neighbour_index_of_random_points_is_a_standard_normal_score() -> None:
    rng = np.random.default_rng(2)
    z = [nearest_neighbour_index(rng.uniform(0, 1, (400, 2)), 1.0)[1] for _ in range(200)]
    assert np.mean(z) == pytest.approx(0.8, abs=0.4)  # the edge, which is not corrected
    assert np.std(z) == pytest.approx(1, abs=0.15)


def test_discoveries_leave_out_what_is_not_known() -> None:
    assert discoveries(np.array([0.001, np.nan, 0.04, 0.9])).tolist() == [True, False, False, False]
    assert not discoveries(np.array([np.nan])).any()


def test_permutations_are_bounded() -> None:
    assert [permutations_for(n, 8) for n in (50, 20_000, 430_000)] == [9999, 3355, 999]
