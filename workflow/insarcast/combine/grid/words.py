"""What was calibrated and what was not, said to a person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def many(count: int, noun: str) -> str:
    """A number and its noun, singular or plural."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def between(values: NDArray[np.integer]) -> str:
    """The range of some numbers: ``5`` or ``5 to 8``."""
    low, high = int(values.min()), int(values.max())
    return f"{low}" if low == high else f"{low} to {high}"


def calibration_sentences(
    calibrated: NDArray[np.bool_],
    n_origins: NDArray[np.integer],
    n_blocks: NDArray[np.integer],
    n_independent: NDArray[np.floating],
    origins: Sequence[str],
    dates: Sequence[int],
    horizons: Sequence[int],
    min_origins: int,
) -> list[str]:
    """Sentences on all forecasts of a model, then one per horizon for its latest forecast that is not calibrated.

    Args:
        calibrated: (origin, horizon) whether the interval is calibrated.
        n_origins: (origin, horizon) earlier origins.
        n_blocks: (origin, horizon) blocks of pixels.
        n_independent: (origin, horizon) independent errors that these are worth.
        origins: dates ``yyyy-mm-dd``, ascending.
        dates: number of acquisitions up to each origin.
        horizons: steps ahead.
        min_origins: earlier origins that a calibration needs.
    """
    done, all_of_them = int(calibrated.sum()), calibrated.size
    if not done:
        sentences = ["No interval is calibrated: all are the model's own."]
    else:
        share = "all" if done == all_of_them else f"{done} of {all_of_them}"
        support = between(n_origins[calibrated])
        blocks = between(n_blocks[calibrated])
        sentences = [
            f"The intervals of {share} forecasts are calibrated, on {support} earlier origins and {blocks} "
            f"block{'' if blocks == '1' else 's'} of pixels each."
        ]
    for which, horizon in enumerate(horizons):
        missing = np.flatnonzero(~calibrated[:, which])
        if missing.size:
            last = int(missing[-1])
            found = int(n_origins[last, which])
            lack = f"{many(found, 'earlier origin')} for horizon {horizon}"
            if found < min_origins:
                lack += f"; {min_origins} are needed"
            else:
                worth = int(n_independent[last, which])
                lack += f", worth {many(worth, 'independent error')}, too few for the widest interval"
            up_to = f"Up to {origins[last]}, {many(dates[last], 'date')}"
            sentences.append(f"{up_to} leave {lack}: its intervals are the model's own, uncalibrated.")
    return sentences
