"""Gradient-boosted trees on pooled windows, kept as plain arrays."""

from __future__ import annotations

from typing import Any, ClassVar

import numba
import numpy as np
from numpy.typing import NDArray

from insarcast.core import InsarcastError

from ..spread import LEAST
from .model import Arrays, Lesson, WindowModel
from .windows import Neighbours, Rows

Ints = NDArray[np.int32]


class Boosting(WindowModel):
    """Histogram gradient boosting (Ke et al. 2017, as in scikit-learn) of the increment to each horizon, absolute error.

    Features are the lags of the point, its neighbours and the network, the change of the season, and the days to the target. The number
    of trees of each horizon is that with the least error over the validation; the second fit takes it over. Trees are kept as
    arrays of their nodes: nothing is pickled, and a forecast needs no scikit-learn.

    Args:
        window: dates before the origin.
        neighbours: whose mean lags are looked at.
        k: number of nearest places.
        network: look at the mean lags of all points.
        sample: most windows to learn from.
        trees: at most, per horizon.
        learning_rate: shrinkage of each tree.
        leaves: most leaves of a tree.
        least: least windows in a leaf.
        penalty: on the squared values of the leaves.
    """

    settings: ClassVar[tuple[str, ...]] = (*WindowModel.settings, "trees", "learning_rate", "leaves", "least", "penalty")

    def __init__(
        self,
        window: int = 20,
        neighbours: Neighbours = "knn",
        k: int = 30,
        network: bool = True,
        sample: int = 50_000,
        trees: int = 150,
        learning_rate: float = 0.06,
        leaves: int = 8,
        least: int = 200,
        penalty: float = 1.0,
    ) -> None:
        super().__init__(window, neighbours, k, network, sample)
        if trees < 1 or leaves < 2 or least < 1 or not 0 < learning_rate <= 1 or penalty < 0:
            raise InsarcastError(
                "boosting needs trees, at least 2 leaves, a learning_rate above 0 and up to 1, and a penalty of at least 0."
            )
        self.trees, self.learning_rate, self.leaves, self.least, self.penalty = trees, learning_rate, leaves, least, penalty

    def _train(self, lesson: Lesson) -> Arrays:
        from sklearn.ensemble import HistGradientBoostingRegressor as Trees

        rows, before = lesson.rows, lesson.before
        steps = rows.target.shape[1]
        parts: list[tuple[float, list[NDArray[Any]]]] = []
        counts = np.zeros(steps, "int64")
        for step in range(steps):
            y = rows.target[:, step].astype("float64")
            known = np.isfinite(y)
            count = self.trees if before is None else int(before["counts"][step])
            if known.sum() < LEAST or not count:
                parts.append((0.0, []))
                continue
            model = Trees(
                loss="absolute_error",
                learning_rate=self.learning_rate,
                max_iter=count,
                max_leaf_nodes=self.leaves,
                min_samples_leaf=min(self.least, max(int(known.sum()) // 20, 1)),
                l2_regularization=self.penalty,
                early_stopping=False,
                random_state=lesson.seed,
            ).fit(features(rows, step)[known], y[known])
            if lesson.valid is not None:
                count = _best(model, lesson.valid, step, counts[step - 1] if step else count)
            counts[step] = count
            parts.append(nodes_of(model, count))
        return {"counts": counts, **flat(parts)}

    def _say(self, learnt: Arrays, rows: Rows) -> np.ndarray[Any, Any]:
        out = np.empty((len(rows.lags), len(learnt["baseline"])))
        for step in range(out.shape[1]):
            trees = slice(*learnt["first_tree"][step : step + 2])
            out[:, step] = learnt["baseline"][step] + walk(
                features(rows, step),
                learnt["first_node"][trees],
                *(learnt[name] for name in ("feature", "threshold", "left", "right", "value")),
            )
        return out


def features(rows: Rows, step: int) -> NDArray[np.float64]:
    """``(row, feature)`` lags of all channels, then the change of the season to one horizon."""
    lags = rows.lags.reshape(len(rows.lags), -1)
    return np.concatenate([lags, rows.season[:, step]], axis=1).astype("float64")


def _best(model: Any, valid: Rows, step: int, otherwise: int) -> int:
    """Number of trees with the least absolute error over the validation; 0: none is better than nothing changes."""
    y = valid.target[:, step]
    known = np.isfinite(y)
    if not known.any():
        return int(otherwise)
    errors = [np.abs(y).mean(where=known)]
    errors += [float(np.abs(y[known] - said).mean()) for said in model.staged_predict(features(valid, step)[known])]
    return int(np.argmin(errors))


def nodes_of(model: Any, count: int) -> tuple[float, list[NDArray[Any]]]:
    """Baseline, and the nodes of each of the first trees, of a fitted HistGradientBoostingRegressor.

    scikit-learn keeps them in attributes without a promise; a test compares the forecasts with its own.
    """
    return float(np.ravel(model._baseline_prediction)[0]), [iteration[0].nodes for iteration in model._predictors[:count]]


def flat(parts: list[tuple[float, list[NDArray[Any]]]]) -> Arrays:
    """All trees of all horizons one after another.

    Returns:
        ``baseline`` (step,), ``first_tree`` (step + 1,), ``first_node`` (tree,), and per node ``feature`` (-1: a leaf), ``threshold``, the
        places ``left`` and ``right`` in the tree, and ``value``.
    """
    trees = [tree for _, some in parts for tree in some]
    sizes = np.array([len(tree) for tree in trees], "int64")

    def joined(name: str, kind: str) -> NDArray[Any]:
        return np.concatenate([tree[name] for tree in trees] or [np.zeros(0)]).astype(kind)

    feature = np.where(joined("is_leaf", "bool"), -1, joined("feature_idx", "int64")).astype("int32")
    return {
        "baseline": np.array([baseline for baseline, _ in parts]),
        "first_tree": np.concatenate([[0], np.cumsum([len(some) for _, some in parts])]).astype("int64"),
        "first_node": (np.cumsum(sizes) - sizes).astype("int64"),
        "feature": feature,
        "threshold": joined("num_threshold", "float64"),
        "left": joined("left", "int32"),
        "right": joined("right", "int32"),
        "value": joined("value", "float64"),
    }


@numba.njit(cache=False, parallel=True)
def walk(
    x: NDArray[np.float64],
    first: NDArray[np.int64],
    feature: Ints,
    threshold: NDArray[np.float64],
    left: Ints,
    right: Ints,
    value: NDArray[np.float64],
) -> NDArray[np.float64]:  # pragma: no cover
    """``(row,)`` sum of the leaves that each row ends in; the order of the sum is that of the trees at any number of threads."""
    out = np.zeros(len(x))
    for row in numba.prange(len(x)):
        total = 0.0
        for tree in range(len(first)):
            begin = first[tree]
            node = begin
            while feature[node] >= 0:
                node = begin + (left[node] if x[row, feature[node]] <= threshold[node] else right[node])
            total += value[node]
        out[row] = total
    return out
