"""Pooled ridge regressions on lags: one for each horizon, in closed form."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from insarcast.core import InsarcastError

from ..data import Array
from .model import Arrays, Lesson, WindowModel
from .windows import Neighbours, Rows

# Penalties that are tried, in units of the mean square of a feature.
PENALTIES = 10.0 ** np.arange(-4, 2.25, 0.5)
# What the network and the modes say is common to all points: hundreds of windows hold it, and they are one observation. A feature that
# is scaled down by s is penalised 1 / s2 times as much.
COMMON = {"network": 0.3, "modes": 0.2}
# Rows whose products are summed at a time.
PART = 20_000


class Normal(NamedTuple):
    """Normal equations of one horizon.

    Attributes:
        gram: ``(feature, feature)`` mean product of features.
        moment: ``(feature,)`` mean product of feature and target.
    """

    gram: Array
    moment: Array


def normal_equations(features: NDArray[Any], season: NDArray[Any], target: NDArray[Any]) -> list[Normal]:
    """Of each horizon, from the rows whose target is known.

    The products of the features are summed once for all horizons, and those of the rows without a target taken off.

    Args:
        features: ``(row, feature)`` the same for all horizons.
        season: ``(row, step, 2)`` features of one horizon, which come last.
        target: ``(row, step)``, NaN where it is not known.
    """
    width, steps = features.shape[1], target.shape[1]
    whole = np.zeros((width, width))
    grams, moments = np.zeros((steps, width + 2, width + 2)), np.zeros((steps, width + 2))
    counts = np.zeros(steps)
    for begin in range(0, len(features), PART):
        part = slice(begin, begin + PART)
        x, s, y = (values[part].astype("float64") for values in (features, season, target))
        whole += x.T @ x
        for step in range(steps):
            known = np.isfinite(y[:, step])
            off = x[~known]
            grams[step, :width, :width] -= off.T @ off
            own, value = np.where(known[:, None], s[:, step], 0.0), np.where(known, y[:, step], 0.0)
            grams[step, :width, width:] += x.T @ own
            grams[step, width:, width:] += own.T @ own
            moments[step, :width] += x.T @ value
            moments[step, width:] += own.T @ value
            counts[step] += known.sum()
    grams[:, :width, :width] += whole
    grams[:, width:, :width] = np.swapaxes(grams[:, :width, width:], 1, 2)
    scale = np.maximum(counts, 1)
    return [Normal(*parts) for parts in zip(grams / scale[:, None, None], moments / scale[:, None], strict=True)]


def solve(normal: Normal, keep: NDArray[np.bool_], penalties: NDArray[np.float64]) -> Array:
    """``(penalty, feature)`` coefficients ``(G + p I)^-1 m`` of the features to keep, 0 for the others."""
    at = np.flatnonzero(keep)
    values, vectors = np.linalg.eigh(normal.gram[np.ix_(at, at)])
    along = vectors.T @ normal.moment[at]
    out = np.zeros((len(penalties), len(keep)))
    out[:, at] = (along / (np.maximum(values, 0.0) + penalties[:, None])) @ vectors.T
    return out


class Ridge(WindowModel):
    """Linear regression of the increment to each horizon on the lags of the point, its neighbours, the network and the leading modes,
    and on the change of the season, without an intercept.

    Minimises ``mean (y - x b)^2 + p |b|^2`` in units of each point's scatter (Hoerl & Kennard 1970). Per horizon, the penalty, how far
    back the lags reach (a third, two thirds or all of ``window``), and whether the modes are looked at, are those with the least mean
    absolute error over the last two fifths of the training, each forecast by what the dates before it say.
    """

    settings: ClassVar[tuple[str, ...]] = (*WindowModel.settings, "field_modes", "season")
    blocks: ClassVar[int] = 2

    def __init__(
        self,
        window: int = 20,
        neighbours: Neighbours = "knn",
        k: int = 30,
        network: bool = True,
        field_modes: int = 1,
        season: bool = True,
        sample: int = 200_000,
    ) -> None:
        super().__init__(window, neighbours, k, network, sample)
        if field_modes < 0:
            raise InsarcastError(f"ridge needs a number of field_modes of 0 or more, not {field_modes}.")
        self.field_modes, self.season = field_modes, season

    @property
    def modes(self) -> int:
        """Modes of the field among the channels."""
        return self.field_modes

    def _features(self, rows: Rows) -> tuple[NDArray[Any], NDArray[Any]]:
        """``(row, feature)`` and the season ``(row, step, 2)``."""
        factors = [1.0, *([1.0] if self.neighbours != "none" else []), *([COMMON["network"]] if self.network else [])]
        factors += [COMMON["modes"]] if self.field_modes else []
        lags = rows.lags * np.array(factors, "float32")[:, None]
        return lags.reshape(len(lags), -1), rows.season * np.float32(self.season)

    def _subsets(self, rows: Rows) -> list[NDArray[np.bool_]]:
        """Features to keep, ``(feature,)`` each: what is tried."""
        _, channels, window = rows.lags.shape
        out = []
        for reach in sorted({max(window * third // 3, 1) for third in (1, 2, 3)}):
            for modes in (False, True) if self.field_modes else (False,):
                keep = np.zeros((channels, window), bool)
                keep[:, :reach] = True
                if self.field_modes and not modes:
                    keep[-1] = False
                out.append(np.append(keep.ravel(), [self.season] * 2))
        return out

    def _first(self, lessons: list[Lesson]) -> Arrays:
        subsets = self._subsets(lessons[-1].rows)
        steps = lessons[-1].rows.target.shape[1]
        shape = (steps, len(subsets), len(PENALTIES))
        share, blocks = np.zeros(shape), np.zeros(steps)
        last: list[Normal] = []
        for lesson in lessons:
            rows, valid = lesson.rows, lesson.valid
            assert valid is not None
            last = normal_equations(*self._features(rows), rows.target)
            features, season = self._features(valid)
            for step, normal in enumerate(last):
                known = np.isfinite(valid.target[:, step])
                if not known.any():
                    continue
                x = np.concatenate([features[known], season[known, step]], axis=1)
                y = valid.target[known, step].astype("float64")
                usual = np.abs(y).mean()
                if not usual > 0:
                    continue
                blocks[step] += 1
                for subset, keep in enumerate(subsets):
                    share[step, subset] += np.abs(x @ solve(normal, keep, PENALTIES).T - y[:, None]).mean(axis=0) / usual
        chosen = np.array([np.unravel_index(np.argmin(part), part.shape) for part in share], "int64")
        for step in np.flatnonzero(blocks == 0).tolist():  # no validation reaches so far ahead
            chosen[step] = chosen[step - 1] if step else (len(subsets) - 1, len(PENALTIES) // 2)
        return {"chosen": chosen, "coefficients": self._coefficients(last, subsets, chosen)}

    def _train(self, lesson: Lesson) -> Arrays:
        assert lesson.before is not None
        normals = normal_equations(*self._features(lesson.rows), lesson.rows.target)
        chosen = lesson.before["chosen"]
        return {"chosen": chosen, "coefficients": self._coefficients(normals, self._subsets(lesson.rows), chosen)}

    def _coefficients(self, normals: list[Normal], subsets: list[NDArray[np.bool_]], chosen: NDArray[np.int64]) -> Array:
        """``(step, feature)``."""
        parts = [
            solve(normal, subsets[subset], PENALTIES[[penalty]])[0]
            for normal, (subset, penalty) in zip(normals, chosen, strict=True)
        ]
        return np.array(parts)

    def _say(self, learnt: Arrays, rows: Rows) -> np.ndarray[Any, Any]:
        features, season = self._features(rows)
        weights = learnt["coefficients"]
        width = features.shape[1]
        return np.asarray(features @ weights[:, :width].T + np.einsum("nsk,sk->ns", season, weights[:, width:]))
