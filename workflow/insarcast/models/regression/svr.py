"""Support vector regression on pooled windows: exact on a sample, or through Nystroem's features."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from insarcast.core import InsarcastError

from .model import Arrays, Lesson, WindowModel
from .windows import Neighbours, Rows

# Windows whose kernel with all support vectors is in memory at a time.
PART = 2_000
# Classes of the stratification: tenths of the size of the motion within the window.
CLASSES = 10


class SVR(WindowModel):
    """RBF support vector regression (Smola & Schoelkopf 2004) of the increment to each horizon on the own and the neighbours' lags.

    Its cost grows with the square of the windows or worse, and on noise nearly every window becomes a support vector. So it learns from
    a sample, stratified by the size of the motion within the window, as many from each tenth. All horizons share the sample:
    one kernel matrix forecasts them all. ``engine``: ``exact`` solves the dual problem (libsvm); ``nystroem`` maps the
    windows to ``landmarks`` features (Williams & Seeger 2001) and fits a ridge regression with the penalty ``1 / c``, whose
    forecasts are faster in proportion; ``auto`` is exact up to 5,000 points.

    Args:
        window: dates before the origin.
        neighbours: whose mean lags are looked at.
        k: number of nearest places.
        sample: most windows to learn from.
        engine: how it is solved.
        c: weight of the errors against the flatness.
        epsilon: half the width of the tube within which errors do not count, in units of the scatter.
        gamma: of the kernel ``exp(-gamma |x - x'|^2)`` as a multiple of 1 / (features x their variance).
        landmarks: of Nystroem's features.
    """

    settings: ClassVar[tuple[str, ...]] = ("window", "neighbours", "k", "sample", "engine", "c", "epsilon", "gamma", "landmarks")

    def __init__(
        self,
        window: int = 20,
        neighbours: Neighbours = "knn",
        k: int = 30,
        sample: int = 5_000,
        engine: Literal["auto", "exact", "nystroem"] = "auto",
        c: float = 1.0,
        epsilon: float = 0.1,
        gamma: float = 0.1,
        landmarks: int = 500,
    ) -> None:
        super().__init__(window, neighbours, k, False, sample)
        if engine not in ("auto", "exact", "nystroem") or min(c, gamma) <= 0 or epsilon < 0 or landmarks < 1:
            raise InsarcastError(
                "svr needs the engine auto, exact or nystroem, c and gamma above 0, epsilon of at least 0, and landmarks."
            )
        self.engine, self.c, self.epsilon, self.gamma, self.landmarks = engine, c, epsilon, gamma, landmarks

    def _pool(self) -> int:
        return 20 * self.sample  # what the stratified sample is drawn from

    def _train(self, lesson: Lesson) -> Arrays:
        rows, seed = lesson.rows, lesson.seed
        keep = stratified(rows, self.sample, seed)
        x = rows.lags[keep].reshape(len(keep), -1).astype("float64")
        y = rows.target[keep].astype("float64")
        gamma = self.gamma / (x.shape[1] * max(float(x.var()), 1e-12))
        exact = self.engine == "exact" or (self.engine == "auto" and lesson.past.points <= 5_000)
        solved = self._exact(x, y, gamma) if exact else self._nystroem(x, y, gamma, seed)
        return {"gamma": np.array([gamma]), **solved}

    def _exact(self, x: NDArray[Any], y: NDArray[Any], gamma: float) -> Arrays:
        from sklearn.svm import SVR as Exact

        duals, offsets = np.zeros((len(x), y.shape[1])), np.zeros(y.shape[1])
        for step in range(y.shape[1]):
            known = np.flatnonzero(np.isfinite(y[:, step]))
            if not known.size:
                continue
            model = Exact(kernel="rbf", C=self.c, epsilon=self.epsilon, gamma=gamma, cache_size=500).fit(x[known], y[known, step])
            duals[known[model.support_], step] = model.dual_coef_[0]
            offsets[step] = model.intercept_[0]
        used = duals.any(axis=1)
        return {"vectors": x[used], "duals": duals[used], "offsets": offsets}

    def _nystroem(self, x: NDArray[Any], y: NDArray[Any], gamma: float, seed: int) -> Arrays:
        """Ridge regression on ``K(x, z) K(z, z)^(-1/2)``; written as a sum over the landmarks z, as the exact solution is."""
        chosen = np.random.default_rng(seed).choice(len(x), min(self.landmarks, len(x)), replace=False)
        marks = x[np.sort(chosen)]
        values, vectors = np.linalg.eigh(rbf(marks, marks, gamma))
        root = vectors / np.sqrt(np.maximum(values, 1e-10)) @ vectors.T
        features = rbf(x, marks, gamma) @ root
        duals, offsets = np.zeros((len(marks), y.shape[1])), np.zeros(y.shape[1])
        for step in range(y.shape[1]):
            known = np.isfinite(y[:, step])
            if not known.any():
                continue
            f, t = features[known], y[known, step]
            middle, level = f.mean(axis=0), t.mean()
            gram = (f - middle).T @ (f - middle) + np.eye(len(marks)) / self.c
            weights = np.linalg.solve(gram, (f - middle).T @ (t - level))
            duals[:, step], offsets[step] = root @ weights, level - middle @ weights
        return {"vectors": marks, "duals": duals, "offsets": offsets}

    def _say(self, learnt: Arrays, rows: Rows) -> np.ndarray[Any, Any]:
        x = rows.lags.reshape(len(rows.lags), -1).astype("float64")
        gamma = float(learnt["gamma"][0])
        if not len(x):
            return np.zeros((0, len(learnt["offsets"])))
        return np.concatenate([decide(x[at : at + PART], learnt, gamma) for at in range(0, len(x), PART)])


def rbf(x: NDArray[Any], z: NDArray[Any], gamma: float) -> NDArray[Any]:
    """``(x, z)`` kernel ``exp(-gamma |x - z|^2)``."""
    squares = (x**2).sum(axis=1)[:, None] + (z**2).sum(axis=1) - 2 * (x @ z.T)
    return np.asarray(np.exp(-gamma * np.maximum(squares, 0.0)))


def decide(x: NDArray[Any], learnt: Arrays, gamma: float) -> NDArray[Any]:
    """``(row, step)`` sum over the support vectors of dual coefficient times kernel, plus the offset."""
    return np.asarray(rbf(x, learnt["vectors"], gamma) @ learnt["duals"] + learnt["offsets"])


def stratified(rows: Rows, sample: int, seed: int) -> NDArray[np.intp]:
    """Rows of a sample with as many windows from each tenth of the size of the motion within the window."""
    if len(rows.lags) <= sample:
        return np.arange(len(rows.lags))
    size = np.abs(rows.lags[:, 0]).mean(axis=1)
    order = np.argsort(size, kind="stable")
    rng = np.random.default_rng(seed)
    parts = [part for part in np.array_split(order, CLASSES) if len(part)]
    chosen = [rng.choice(part, min(-(-sample // len(parts)), len(part)), replace=False) for part in parts]
    return np.sort(np.concatenate(chosen)[:sample])
