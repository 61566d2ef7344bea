"""What was calibrated, chosen and combined on a ready series, said to a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..grid.words import between


def series_sentences(
    calibrated: NDArray[np.bool_], known: NDArray[np.integer], horizons: Sequence[int], min_origins: int
) -> list[str]:
    """Sentences on the calibration of a model.

    Args:
        calibrated: ``(origin, horizon)`` whether the interval is calibrated.
        known: ``(origin, horizon)`` earlier origins whose outcome was known.
        horizons: steps ahead.
        min_origins: earlier origins that a calibration needs.
    """
    if not calibrated.any():
        return [
            f"No interval is calibrated, for that needs {min_origins} earlier origins with a known outcome: all are the model's own."
        ]
    share = "all" if calibrated.all() else f"{int(calibrated.sum())} of {calibrated.size}"
    sentences = [
        f"The intervals of {share} forecasts are calibrated on what was known when each was made: the outcomes of "
        f"{between(known[calibrated])} earlier origins."
    ]
    if not calibrated.all():
        lacking = [str(horizon) for step, horizon in enumerate(horizons) if not calibrated[:, step].all()]
        sentences.append(
            f"Some forecasts {', '.join(lacking)} dates ahead had too few of them: their intervals are the model's own."
        )
    return sentences


def choice_sentence_of_series(chosen: Mapping[int, str], labels: Mapping[str, str], origins: int) -> str:
    """What the automatic choice did.

    Args:
        chosen: model by horizon.
        labels: models in a person's words.
        origins: past origins that the choice learnt from.
    """
    groups: list[tuple[str, list[int]]] = []
    for horizon, model in sorted(chosen.items()):
        if groups and groups[-1][0] == model:
            groups[-1][1].append(horizon)
        else:
            groups.append((model, [horizon]))
    parts = [
        f"{labels.get(model, model)} for {steps[0]}{f' to {steps[-1]}' if len(steps) > 1 else ''} "
        f"date{'s' if steps[-1] > 1 else ''} ahead"
        for model, steps in groups
    ]
    return f"Of the models, by {origins} past origins before the first test, the leading one was {'; '.join(parts)}."
