"""Who is whose neighbour: spatial weights of scattered points, and how clustered the points lie."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Weights(NamedTuple):
    """Neighbours and the sums that the moments of Moran's I need.

    Attributes:
        adjacency: ``(point, point)`` sparse, 1 where the column is a neighbour of the row, never of itself.
        standard: the same with rows that sum to 1; a row without a neighbour stays 0.
        s0: sum of the standardised weights.
        s1: half the sum of (w_ij + w_ji)^2.
        s2: sum of (row sum + column sum)^2.
    """

    adjacency: Any
    standard: Any
    s0: float
    s1: float
    s2: float


def make_weights(adjacency: Any) -> Weights:
    """Weights of a sparse adjacency; its values are not looked at, nor its diagonal."""
    from scipy.sparse import coo_array, csr_array, diags_array

    ends = coo_array(adjacency)
    apart = (ends.row != ends.col) & (ends.data != 0)
    clean = csr_array((np.ones(int(apart.sum())), (ends.row[apart], ends.col[apart])), shape=ends.shape)
    clean.data[:] = 1  # an edge that is named twice is one edge
    degree = np.diff(clean.indptr)
    standard = csr_array(diags_array(1 / np.maximum(degree, 1)) @ clean)
    both = standard + standard.T
    margins = np.asarray(standard.sum(axis=1)).ravel() + np.asarray(standard.sum(axis=0)).ravel()
    return Weights(clean, standard, float(standard.sum()), float((both.data**2).sum() / 2), float((margins**2).sum()))


def nearest_neighbours(place: Array, k: int) -> Any:
    """Sparse adjacency of every point's ``k`` nearest others, fewer where there are not so many.

    Points at one place are neighbours at no distance. Among equally distant ones the order of the points decides, as far as the
    tree finds them: no point is moved, and the same points give the same neighbours.

    Args:
        place: ``(point, 2)`` m.
        k: neighbours.
    """
    from scipy.sparse import csr_array
    from scipy.spatial import cKDTree

    n = len(place)
    k = min(k, n - 1)
    if k < 1:
        return csr_array((n, n))
    # More points than k may share a place: a few more are asked for, so that a tie at the rim is settled by the order.
    distance, found = cKDTree(place).query(place, min(n, 2 * k + 2))
    distance[found == np.arange(n)[:, None]] = np.inf
    order = np.lexsort((found, distance), axis=1)[:, :k]
    columns = np.take_along_axis(found, order, axis=1).ravel()
    return csr_array((np.ones(n * k), columns, np.arange(0, n * k + 1, k)), shape=(n, n))


def nearest_neighbour_index(place: Array, area: float) -> tuple[float, float]:
    """Mean distance to the nearest other point over that of points at random, and its z (Clark and Evans 1954).

    Below 1 clustered, 1 random, 2 on a square lattice. Nothing corrects for the edge, which makes it a little too large.

    Args:
        place: ``(point, 2)`` m.
        area: m2 that the points could lie in.

    Returns:
        NaN with fewer than two points, or no area.
    """
    from scipy.spatial import cKDTree

    n = len(place)
    if n < 2 or not area > 0:
        return math.nan, math.nan
    nearest = cKDTree(place).query(place, 2)[0][:, 1]
    expected = 0.5 * math.sqrt(area / n)
    error = math.sqrt((4 - math.pi) / (4 * math.pi * n**2 / area))
    return float(nearest.mean() / expected), float((nearest.mean() - expected) / error)


def hull_area(place: Array) -> float:
    """Area of the convex hull in m2; 0 of points on a line."""
    from scipy.spatial import ConvexHull, QhullError

    if len(place) < 3:
        return 0.0
    try:
        return float(ConvexHull(place).volume)
    except QhullError:
        return 0.0
