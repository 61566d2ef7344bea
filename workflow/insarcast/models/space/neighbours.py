"""Who is near whom: spatial weights of points, and means over neighbours that know of gaps."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from scipy.sparse import coo_array, csr_array, eye_array

from ..data import Array, TrainingData

# A Delaunay edge longer than the mean by so many standard deviations joins no neighbours: the hull of a scene and its holes are
# full of such edges. The rule and the number are those of the HLSTM paper's clustering (2021).
LONG_EDGE = 3.0


def neighbour_weights(data: TrainingData, *, kind: Literal["knn", "delaunay"] = "knn", k: int = 8) -> csr_array:
    """Row-standardised spatial weights: ``weights @ values`` is the mean over each point's neighbours.

    Places are ``data.x, data.y``; where there are none, the adjacency ``data.graph`` says who neighbours whom (``kind`` and ``k`` are
    then not asked for); where there is none either, rows and columns of the grid are the places; and points without any of them
    have no neighbours. Several points at one place are each other's neighbours and share the neighbours of the place. The weights
    depend on the set of places, not on the order of the points.

    Args:
        data: the points; their displacement is not looked at.
        kind: ``knn``: the points at the ``k`` nearest other places; ``delaunay``: those that an edge of the Delaunay triangulation
            joins, without edges longer than the mean plus 3 standard deviations; fewer than 3 places, or places on one line, have no
            triangulation and get ``knn``.
        k: number of nearest places.

    Returns:
        ``(point, point)``: rows sum to 1, or to 0 where a point has no neighbour; the diagonal is empty; column indices ascend.
    """
    if kind not in ("knn", "delaunay") or k < 1:
        raise ValueError(f"kind must be knn or delaunay and k at least 1, not {kind} and {k}")
    if data.x is not None and data.y is not None:
        adjacency = _of_places(np.column_stack([data.x, data.y]), kind, k)
    elif data.graph is not None:
        adjacency = csr_array(data.graph, dtype="float64")
    elif data.row is not None and data.col is not None:
        adjacency = _of_places(np.column_stack([data.col, -data.row]).astype("float64"), kind, k)
    else:
        adjacency = csr_array((data.points, data.points))
    return _row_standardised(adjacency)


def neighbour_mean(weights: csr_array, values: Array) -> Array:
    """Mean over the neighbours that have a value.

    Args:
        weights: ``(point, point)`` as :func:`neighbour_weights` gives them.
        values: ``(..., point)``, NaN where nothing is known.

    Returns:
        ``(..., point)``, NaN where no neighbour has a value.
    """
    known = np.isfinite(values).reshape(int(np.prod(values.shape[:-1])), values.shape[-1])
    flat = np.where(known, values.reshape(known.shape), 0.0)
    total: Array = (weights @ flat.T).T
    if known.all():
        total[:, np.diff(weights.indptr) == 0] = np.nan
        return total.reshape(values.shape)
    share = (weights @ known.T.astype("float64")).T
    return np.where(share > 0, total / np.where(share > 0, share, 1.0), np.nan).reshape(values.shape)


def _of_places(xy: Array, kind: str, k: int) -> csr_array:
    """Adjacency of points from their places ``(point, 2)``."""
    if not len(xy):
        return csr_array((0, 0))
    places, which = np.unique(xy, axis=0, return_inverse=True)  # sorted: the order of the points is forgotten
    near = _delaunay(places) if kind == "delaunay" else None
    if near is None:
        near = _nearest(places, k)
    member = csr_array((np.ones(len(xy)), (np.arange(len(xy)), which.ravel())), shape=(len(xy), len(places)))
    return csr_array(member @ (near + eye_array(len(places), format="csr")) @ member.T)


def _nearest(places: Array, k: int) -> csr_array:
    from scipy.spatial import cKDTree

    count = len(places)
    k = min(k, count - 1)
    if k == 0:
        return csr_array((count, count))
    _, found = cKDTree(places).query(places, k + 1)
    rows = np.repeat(np.arange(count), k)
    cols = found[:, 1:].ravel()  # the places differ, so that the nearest is the place itself
    return csr_array((np.ones(rows.size), (rows, cols)), shape=(count, count))


def _delaunay(places: Array) -> csr_array | None:
    """Adjacency by the edges of the triangulation, or None where there is no triangle."""
    from scipy.spatial import Delaunay, QhullError

    count = len(places)
    if count < 3:
        return None
    try:
        triangles = Delaunay(places - places.mean(axis=0)).simplices  # far from the origin the corners would lose digits
    except QhullError:
        return None
    sides = np.sort(triangles[:, [[0, 1], [1, 2], [0, 2]]].reshape(-1, 2), axis=1)
    edges = np.unique(sides, axis=0)
    length = np.hypot(*(places[edges[:, 0]] - places[edges[:, 1]]).T)
    edges = edges[length <= length.mean() + LONG_EDGE * length.std()]
    both = np.concatenate([edges, edges[:, ::-1]])
    return csr_array((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(count, count))


def _row_standardised(adjacency: Any) -> csr_array:
    whole = coo_array(adjacency)
    keep = (whole.row != whole.col) & (whole.data > 0)
    row, col, data = whole.row[keep], whole.col[keep], whole.data[keep]
    total = np.bincount(row, data, minlength=whole.shape[0])
    weights = csr_array((data / total[row], (row, col)), shape=whole.shape)
    weights.sort_indices()
    return weights
