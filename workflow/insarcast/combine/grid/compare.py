"""How models did in the past, by velocity class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BASELINE = "persistence"
MIN_PIXELS = 30  # a class with fewer compares chance
WORSE = -0.05  # skill below which a model is worse than persistence, not merely as good


@dataclass(frozen=True)
class Comparison:
    """How the models did at the earlier origins of one origin.

    Attributes:
        models: registered names.
        classes: names of the classes that were compared, the slowest first; "all" where none has enough pixels.
        mae: (model, class) mm, NaN where nothing is known.
        skill: (model, class) 1 - MAE / MAE of persistence.
        n_origins: earlier origins.
        n_pixels: pixels.
    """

    models: list[str]
    classes: list[str]
    mae: NDArray[np.float64]
    skill: NDArray[np.float64]
    n_origins: int
    n_pixels: int

    @property
    def sound(self) -> NDArray[np.bool_]:
        """(model,) not worse than persistence in any class."""
        return np.asarray((self.skill >= WORSE).all(axis=1))

    @property
    def chosen(self) -> str:
        """The sound model with the best mean skill; persistence where none has any."""
        mean = np.where(self.sound, self.skill.mean(axis=1), -np.inf)
        best = int(np.argmax(mean))
        return self.models[best] if mean[best] > 0 else BASELINE


def compare(models: list[str], errors: NDArray[np.float64], kinds: NDArray[np.int64], names: Sequence[str]) -> Comparison:
    """Compare absolute errors (model, past, horizon, point) in mm in the velocity classes ``kinds`` (point,) called ``names``."""
    known: NDArray[np.bool_] = np.asarray(np.isfinite(errors).all(axis=0))
    seen: NDArray[np.bool_] = np.asarray(known.any(axis=(0, 1)))
    groups = {name: seen & (kinds == kind) for kind, name in enumerate(names)}
    groups = {name: inside for name, inside in groups.items() if inside.sum() >= MIN_PIXELS} or {"all": seen}
    mae = np.stack([mean_errors(errors[..., inside], known[..., inside]) for inside in groups.values()], axis=1)
    base = mae[models.index(BASELINE)]
    with np.errstate(divide="ignore", invalid="ignore"):
        skill = np.where(mae == base, 0.0, 1 - mae / base)
    compared = np.any(list(groups.values()), axis=0)
    return Comparison(models, list(groups), mae, skill, int(known[..., compared].any(axis=(1, 2)).sum()), int(compared.sum()))


def mean_errors(errors: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean absolute error per model over (past, horizon, point), every horizon weighing the same; NaN where nothing is known."""
    count = known.sum(axis=(0, 2))
    sums = np.where(known, errors, 0.0).sum(axis=(1, 3))[:, count > 0]
    return sums @ (1 / count[count > 0]) / max((count > 0).sum(), 1) if count.any() else np.full(len(errors), np.nan)
