"""Weights add up to one wherever a tile has a forecast, for any layout."""

from __future__ import annotations

import numpy as np
import pytest
from stitch.fakes import make_tiles

from insarcast.core import Tile
from insarcast.stitch.layout import find_seams, side_overlaps
from insarcast.stitch.merge import Piece, merge
from insarcast.stitch.weights import cut_halo, weigh_tiles


def random_layout(rng: np.random.Generator) -> tuple[int, int, list[Tile]]:
    """Windows of one size at random starts, edge windows moved inwards, overlaps of 0 to nearly a whole window."""
    lengths, starts, sizes = [], [], []
    for _ in range(2):
        length, size = int(rng.integers(6, 50)), int(rng.integers(5, 20))
        size = min(size, length)
        at = [0]
        while at[-1] + size < length:
            at.append(min(at[-1] + int(rng.integers(1, size + 1)), length - size))
        lengths.append(length)
        starts.append(at)
        sizes.append(size)
    return lengths[0], lengths[1], make_tiles(*lengths, *starts, (sizes[0], sizes[1]))


def pieces_of(tiles: list[Tile], weights, values) -> list[Piece]:
    found = []
    for tile in tiles:
        own, spare = (np.multiply.outer(*pair) for pair in (weights[tile.tile].own, weights[tile.tile].spare))
        found.append(Piece(tile.window, values[tile.tile], np.isfinite(values[tile.tile]), own, spare))
    return found


@pytest.mark.parametrize("seed", range(40))
def test_partition_of_unity(seed: int) -> None:
    """Whatever the layout, the halo and the missing tiles: a value wherever a tile has one, and it lies between the tiles'."""
    rng = np.random.default_rng(seed)
    ny, nx, tiles = random_layout(rng)
    blend, halo = rng.choice(["hann", "linear", "none"]), int(rng.integers(0, 8))
    weights = weigh_tiles(tiles, blend, halo)
    there = [tile for tile in tiles if rng.random() < 0.7] or tiles[:1]
    values = {tile.tile: rng.normal(size=tile.shape).astype("float32") for tile in there}
    for each in values.values():
        each[rng.random(each.shape) < 0.1] = np.nan
    low, high = np.full((ny, nx), np.inf), np.full((ny, nx), -np.inf)
    for tile in there:
        low[tile.window] = np.fmin(low[tile.window], values[tile.tile])
        high[tile.window] = np.fmax(high[tile.window], values[tile.tile])
    found = merge(pieces_of(there, weights, values), (ny, nx))
    covered = high >= low
    assert np.array_equal(np.isfinite(found), covered)
    assert (found[covered] >= low[covered] - 1e-6).all()
    assert (found[covered] <= high[covered] + 1e-6).all()
    ones = {tile.tile: np.where(np.isfinite(values[tile.tile]), np.float32(1), np.nan) for tile in there}
    assert (merge(pieces_of(there, weights, ones), (ny, nx))[covered] == 1).all()


@pytest.mark.parametrize("seed", range(10))
def test_weights_lie_between_zero_and_one_and_spare_ones_are_positive(seed: int) -> None:
    rng = np.random.default_rng(seed)
    _, _, tiles = random_layout(rng)
    for weights in weigh_tiles(tiles, "hann", 3).values():
        for own, spare in zip(weights.own, weights.spare, strict=True):
            assert ((own >= 0) & (own <= 1)).all()
            assert own.max() > 0
            assert ((spare > 0) & (spare <= 1)).all()


def test_ramps_of_a_regular_layout_add_up_before_any_normalising() -> None:
    """Four tiles meet: the products of complementary ramps add up to 1."""
    tiles = make_tiles(40, 40, (0, 20), (0, 20), (20 + 0, 20 + 0))
    assert all(seam.overlap == 0 for seam in find_seams(tiles))
    tiles = make_tiles(44, 44, (0, 16), (0, 16), (28, 28))
    for blend, halo in (("hann", 0), ("hann", 4), ("linear", 5)):
        weights = weigh_tiles(tiles, blend, halo)
        total = np.zeros((44, 44))
        for tile in tiles:
            total[tile.window] += np.multiply.outer(*weights[tile.tile].own)
        assert np.allclose(total, 1, atol=1e-12)


def test_edge_of_the_scene_is_not_tapered() -> None:
    tiles = make_tiles(44, 44, (0, 16), (0, 16), (28, 28))
    weights = weigh_tiles(tiles, "hann", 4)[0]
    assert (weights.own[0][:16] == 1).all()
    assert (weights.own[0][-4:] == 0).all()  # the halo
    assert (weights.own[0][20 - 0 : 24] < 1).all()
    assert side_overlaps(tiles, find_seams(tiles))[0] == [[None, 12], [None, 12]]


@pytest.mark.parametrize(("overlap", "halo", "expected"), [(8, 11, 3), (8, 3, 3), (7, 11, 3), (1, 5, 0), (2, 5, 0), (64, 11, 11)])
def test_at_least_one_pixel_is_left_for_the_ramp(overlap: int, halo: int, expected: int) -> None:
    assert cut_halo(halo, overlap) == expected
    assert overlap - 2 * cut_halo(halo, overlap) >= 1


def test_seams_of_a_layout_cover_each_core_boundary_once() -> None:
    rng = np.random.default_rng(3)
    ny, nx, tiles = random_layout(rng)
    owner = np.zeros((ny, nx), int)
    for tile in tiles:
        owner[tile.core] = tile.tile
    expected = [int((np.diff(owner, axis=axis) != 0).sum()) for axis in (0, 1)]
    seams = find_seams(tiles)
    assert [sum(seam.stop - seam.start for seam in seams if seam.axis == axis) for axis in (0, 1)] == expected
    for seam in seams:
        at = (seam.line, seam.start) if seam.axis == 0 else (seam.start, seam.line)
        assert owner[at] == seam.after.tile
