"""Which pixels are used: noise indices against thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from insarcast.core import InsarcastError

# Index: a pixel is masked where it is worse than the threshold, 'below' or 'above' it. The order is that of the bits.
INDICES = {
    "coherence": "below",
    "n_unw_ratio": "below",
    "velocity_std": "above",
    "max_span": "below",
    "n_gap": "above",
    "stc": "above",
    "n_pair_no_loop": "above",
    "n_loop_err": "above",
    "loop_err_ratio": "above",
    "resid_rms": "above",
    "temporal_coherence": "below",
}

# licsbas: LiCSBAS2 step 15, C-band; licsbas-comet: the maintained fork's; mintpy: its default minimum temporal coherence.
# insarcast: what says that a series cannot be trusted (gaps, loops, residual, coherence in time), and nothing that says only
# that it moves fast or that the record is short.
PRESETS: dict[str, dict[str, float]] = {
    "insarcast": {"coherence": 0.05, "n_gap": 10, "stc": 15, "loop_err_ratio": 0.5, "resid_rms": 15, "temporal_coherence": 0.7},
    "licsbas": {
        "coherence": 0.05, "n_unw_ratio": 1.5, "velocity_std": 100, "max_span": 1, "n_gap": 10, "stc": 5,
        "n_pair_no_loop": 50, "n_loop_err": 5, "resid_rms": 2,
    },
    "licsbas-comet": {
        "coherence": 0.15, "n_unw_ratio": 1.5, "velocity_std": 100, "max_span": 1, "n_gap": 10, "stc": 10,
        "n_pair_no_loop": 500, "n_loop_err": 5, "loop_err_ratio": 0.7, "resid_rms": 15,
    },
    "mintpy": {"temporal_coherence": 0.7},
    "none": {},
}  # fmt: skip

NOT_INVERTED = "not_inverted"
WATER = "water"
FLAGS = [NOT_INVERTED, *INDICES, WATER]  # new flags come last: a stored bit keeps its meaning


def resolve_thresholds(settings: Mapping[str, Any], record_years: float) -> dict[str, float]:
    """Thresholds of a preset with single ones replaced; None switches an index off.

    The longest gap-free span cannot exceed the record: its threshold is cut at the record's length, so that a short record is
    not masked for being short.
    """
    chosen = PRESETS[settings["preset"]] | settings["thresholds"]
    limits = {name: float(value) for name, value in chosen.items() if value is not None}
    if "max_span" in limits:
        limits["max_span"] = min(limits["max_span"], record_years * (1 - 1e-6))
    return limits


def reasons(
    indices: Mapping[str, npt.NDArray[Any]],
    inverted: npt.NDArray[np.bool_],
    limits: Mapping[str, float],
    water: npt.NDArray[np.bool_] | None = None,
) -> npt.NDArray[np.uint16]:
    """Why each pixel is masked.

    Args:
        indices: index name -> (y, x) values; an index that is absent is not tested.
        inverted: (y, x) pixels that have a displacement.
        limits: index name -> threshold.
        water: (y, x) pixels that are masked as water; that they have no displacement is no second reason.

    Returns:
        (y, x) bits in the order of :data:`FLAGS`; 0 = use. NaN in an index masks the pixel.
    """
    flags = np.where(inverted, 0, 1).astype(np.uint16)
    for name, limit in limits.items():
        if name in indices:
            values = indices[name]
            good = values >= limit if INDICES[name] == "below" else values <= limit
            flags |= np.where(inverted & ~good, 1 << FLAGS.index(name), 0).astype(np.uint16)
    if water is not None:
        flags[water] = 1 << FLAGS.index(WATER)
    return flags


def check_some_left(
    counts: Mapping[str, int], best: Mapping[str, float], limits: Mapping[str, float], total: int, left: int
) -> None:
    """Raise the sentence for a cube without a single usable pixel.

    Args:
        counts: flag -> pixels it masks.
        best: index -> its best value in the scene.
        limits: index -> threshold.
        total: inverted pixels.
        left: pixels that pass every test.
    """
    if left:
        return
    worst = max(limits, key=lambda name: counts.get(name, 0))
    raise InsarcastError(
        f"Every pixel is masked: {worst} alone masks {counts.get(worst, 0)} of {total} (threshold {limits[worst]:g}, best value "
        f"{best.get(worst, float('nan')):.3g}); relax stack.mask.thresholds.{worst}, or choose another stack.mask.preset."
    )
