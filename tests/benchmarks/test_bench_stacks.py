"""The benchmarks' simulated stack is the one that the figures are quoted for."""

import networkx as nx
import numpy as np
import pytest

from tests.benchmarks.stacks import MM_PER_RAD, Stack, small


@pytest.fixture(scope="module")
def data() -> Stack:
    return small()


def test_shares_of_missing_and_gap_pixels(data: Stack) -> None:
    assert (len(data.days), len(data.pairs), data.phase.shape[1]) == (30, 90, 40_000)
    assert data.complete.mean() == pytest.approx(0.505, abs=0.01)
    assert np.isnan(data.phase).mean() == pytest.approx(0.055, abs=0.003)
    assert data.gap.sum() == pytest.approx(443, abs=20)
    assert not (data.gap & data.complete).any()


def test_a_gap_is_a_network_in_parts(data: Stack) -> None:
    for pixel in (*np.flatnonzero(data.gap)[::60], *np.flatnonzero(data.partly)[::3000]):
        graph = nx.Graph(data.pairs[np.isfinite(data.phase[:, pixel])].tolist())
        graph.add_nodes_from(range(30))
        assert nx.is_connected(graph) != data.gap[pixel]


def test_the_noise_follows_the_coherence(data: Stack) -> None:
    step = (data.truth[data.pairs[:, 1]] - data.truth[data.pairs[:, 0]]) / MM_PER_RAD
    scaled = (data.phase - step) / np.sqrt((1 - data.coherence**2) / (40 * data.coherence**2))
    assert np.nanstd(scaled) == pytest.approx(1, abs=0.01)
    assert data.truth[-1].min() == pytest.approx(-80 * data.days[-1] / 365.25, abs=8)
