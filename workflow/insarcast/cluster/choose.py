"""How many clusters, and where their centres are."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .features import Float

STARTS = 5  # of K-means, from different seeded centres; the best is kept


@dataclass(frozen=True, eq=False)
class Choice:
    """Clusters of a sample.

    Attributes:
        labels: ``(pixel,)`` cluster of each pixel of the sample, 0 and on, in no order.
        model: scikit-learn's KMeans, None for one cluster.
        index: Davies-Bouldin index by number of clusters, of those tried (NaN where it is not defined).
        why_one: why there is one cluster only, empty where there are more.
    """

    labels: NDArray[np.intp]
    model: Any
    index: dict[int, float]
    why_one: str = ""

    @property
    def k(self) -> int:
        """Number of clusters."""
        return 1 if self.model is None else int(self.model.n_clusters)

    def label(self, features: Float) -> NDArray[np.intp]:
        """Nearest centre of each pixel ``(pixel, feature)``."""
        if self.model is None or not len(features):
            return np.zeros(len(features), np.intp)
        return np.asarray(self.model.predict(features), np.intp)


def choose_clusters(features: Float, k: int | None, k_max: int, seed: int) -> Choice:
    """K-means with the given number of clusters, or with that of 2 to ``k_max`` whose Davies-Bouldin index is least.

    The index (Davies and Bouldin, IEEE PAMI 1, 1979) is the mean over clusters of the worst ratio of scatter to distance; on a tie
    the smaller number stands. It cannot say that there is but one: that is found beforehand, where all pixels are alike or too few.
    Everything runs on one thread: K-means adds up its centres in the order in which threads finish, and the same pixels shall have
    the same clusters.

    Args:
        features: ``(pixel, feature)``.
        k: number of clusters; None: chosen.
        k_max: largest number that is tried.
        seed: seed of the first centres.
    """
    from threadpoolctl import threadpool_limits

    pixels, kinds = len(features), len(np.unique(features, axis=0)) if len(features) else 0
    if why := _why_one(pixels, kinds, k):
        return Choice(np.zeros(pixels, np.intp), None, {1: np.nan}, why)
    tried = [k] if k is not None else range(2, min(k_max, kinds, pixels - 1) + 1)
    best, lowest, index = None, np.inf, {}
    with threadpool_limits(limits=1):
        for number in tried:
            model = _fit(features, number, seed)
            if model is None:
                continue
            index[number] = _davies_bouldin(features, model.labels_)
            if best is None or index[number] < lowest:
                best, lowest = model, index[number]
    if best is None:
        return Choice(np.zeros(pixels, np.intp), None, {1: np.nan}, "K-means found no more than one group in them")
    return Choice(np.asarray(best.labels_, np.intp), best, index)


def _why_one(pixels: int, kinds: int, k: int | None) -> str:
    """Why these pixels can only be one cluster; empty where they can be more."""
    if pixels == 0:
        return "no pixel is usable"
    if k == 1:
        return "the study asks for one (cluster.k)"
    if pixels < (k or 3):
        whatfor = "to choose a number of clusters" if k is None else f"for the {k} that the study asks for (cluster.k)"
        return f"{'1 usable pixel is' if pixels == 1 else f'{pixels} usable pixels are'} too few {whatfor}"
    if kinds == 1:
        return "all usable pixels moved alike"
    if k is not None and kinds < k:
        return f"the usable pixels moved in {kinds} ways only, too few for the {k} that the study asks for (cluster.k)"
    return ""


def _fit(features: Float, k: int, seed: int) -> Any:
    """K-means with ``k`` clusters; None where it finds fewer."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer groups than asked: seen below
        model = KMeans(n_clusters=k, n_init=STARTS, algorithm="lloyd", random_state=seed % 2**32).fit(features)
    return model if len(np.unique(model.labels_)) == k else None


def _davies_bouldin(features: Float, labels: NDArray[Any]) -> float:
    from sklearn.metrics import davies_bouldin_score

    if labels.max() + 1 >= len(features):  # every pixel a cluster of its own: not defined
        return float("nan")
    return float(davies_bouldin_score(features, labels))
