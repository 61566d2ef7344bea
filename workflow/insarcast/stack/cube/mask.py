"""Which pixels are used: noise indices against thresholds."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from insarcast.core import InsarcastError

# Index: a pixel is masked where it is worse than the threshold, 'below' or 'above' it.
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
    "n_gap_merged": "above",
    "loop_phase_mean": "above",
}

# licsbas, licsbas-l: LiCSBAS2 step 15, C- and L-band; licsbas-comet: the maintained fork's, whose n_gap counts gaps, not bridged
# steps; mintpy: its default minimum temporal coherence (its numTriNonzeroIntAmbiguity is n_loop_err here: beyond pi a loop's whole
# cycles are not zero). Thresholds are taken as they are: none is moved where it masks everything.
# insarcast: what says that a series cannot be trusted (gaps, loops, residual, coherence in time), and nothing that says only
# that it moves fast or that the record is short.
PRESETS: dict[str, dict[str, float]] = {
    "insarcast": {"coherence": 0.05, "n_gap": 10, "stc": 15, "loop_err_ratio": 0.5, "resid_rms": 15, "temporal_coherence": 0.7},
    "licsbas": {
        "coherence": 0.05, "n_unw_ratio": 1.5, "velocity_std": 100, "max_span": 1, "n_gap": 10, "stc": 5,
        "n_pair_no_loop": 50, "n_loop_err": 5, "resid_rms": 2,
    },
    "licsbas-l": {
        "coherence": 0.01, "n_unw_ratio": 1.0, "velocity_std": 200, "max_span": 1, "n_gap": 1, "stc": 10,
        "n_pair_no_loop": 50, "n_loop_err": 1, "resid_rms": 10,
    },
    "licsbas-comet": {
        "coherence": 0.15, "n_unw_ratio": 1.5, "velocity_std": 100, "max_span": 1, "n_gap_merged": 10, "stc": 10,
        "n_pair_no_loop": 500, "n_loop_err": 5, "loop_err_ratio": 0.7, "resid_rms": 15,
    },
    "mintpy": {"temporal_coherence": 0.7},
    "none": {},
}  # fmt: skip
LEAST_PIXELS = {"mintpy": 100}  # MintPy stops where fewer pixels pass

# Sources whose index of a preset's name is another quantity: OPERA's temporal coherence is of phase linking, not of a network of
# unwrapped pairs, and the product judges it itself, with more, in its recommended mask. A study's own threshold tests it all the same.
OTHER_SCALE: dict[str, tuple[str, ...]] = {"opera": ("temporal_coherence",)}

NOT_INVERTED = "not_inverted"
WATER = "water"
SHADOW = "shadow"
PRODUCT = "product_mask"
# New flags come last: a stored bit keeps its meaning.
_OLDEST = list(INDICES)[:11]
FLAGS = [NOT_INVERTED, *_OLDEST, WATER, *(name for name in INDICES if name not in _OLDEST), SHADOW, PRODUCT]

Flags = npt.NDArray[np.uint32]


def resolve_thresholds(settings: Mapping[str, Any], record_years: float, source: str = "") -> dict[str, float]:
    """Thresholds of a preset with single ones replaced; None switches an index off, and so does :data:`OTHER_SCALE`.

    The longest gap-free span cannot exceed the record: its threshold is cut at the record's length, so that a short record is
    not masked for being short.
    """
    preset = {name: value for name, value in PRESETS[settings["preset"]].items() if name not in OTHER_SCALE.get(source, ())}
    chosen = preset | settings["thresholds"]
    limits = {name: float(value) for name, value in chosen.items() if value is not None}
    if "max_span" in limits:
        limits["max_span"] = min(limits["max_span"], record_years * (1 - 1e-6))
    return limits


def untested(limits: Mapping[str, float], data: Container[str], where: str = "inversion") -> list[str]:
    """Sentences on thresholds whose index the inversion, or a ready series' product, did not leave."""
    needs = {
        name: name for name in ("coherence", "temporal_coherence", "resid_rms", "n_pair_no_loop", "n_loop_err", "loop_phase_mean")
    } | {"n_unw_ratio": "n_unw", "loop_err_ratio": "n_loop"}
    return [
        f"The mask does not test {name}: there is no such index in the {where}."
        for name in limits
        if name in needs and needs[name] not in data
    ]


def not_comparable(settings: Mapping[str, Any], source: str) -> list[str]:
    """Sentences on thresholds of the preset that do not suit a source's index, and are not tested."""
    return [
        f"The mask does not test {name}: the product's is of phase linking, and its own recommended mask is used instead of the preset's "
        f"threshold; stack.mask.thresholds.{name} sets one."
        for name in OTHER_SCALE.get(source, ())
        if name in PRESETS[settings["preset"]] and name not in settings["thresholds"]
    ]


def least_pixels(settings: Mapping[str, Any]) -> int:
    """Pixels that must pass: the study's ``min_pixels``, or the preset's."""
    own = settings.get("min_pixels")
    return int(LEAST_PIXELS.get(settings["preset"], 1) if own is None else own)


def index_ratios(layers: Mapping[str, npt.NDArray[Any]], n_dates: int) -> dict[str, npt.NDArray[np.float64]]:
    """Indices that are only thresholded, not stored."""
    found = {"n_unw_ratio": layers["n_unw"] / n_dates} if "n_unw" in layers else {}
    if "n_loop" in layers and "n_loop_err" in layers:
        found["loop_err_ratio"] = layers["n_loop_err"] / np.maximum(layers["n_loop"], 1)
    return found


def reasons(
    indices: Mapping[str, npt.NDArray[Any]],
    inverted: npt.NDArray[np.bool_],
    limits: Mapping[str, float],
    water: npt.NDArray[np.bool_] | None = None,
    shadow: npt.NDArray[np.bool_] | None = None,
    product: npt.NDArray[np.bool_] | None = None,
) -> Flags:
    """Why each pixel is masked.

    Args:
        indices: index name -> (y, x) values; an index that is absent is not tested.
        inverted: (y, x) pixels that have a displacement.
        limits: index name -> threshold.
        water: (y, x) pixels that are masked as water; that they have no displacement is no second reason.
        shadow: (y, x) pixels that are masked because the radar does not see them.
        product: (y, x) pixels that the mask of a ready series uses; others that have a displacement are masked.

    Returns:
        (y, x) bits in the order of :data:`FLAGS`; 0 = use. NaN in an index masks the pixel.
    """
    flags = np.where(inverted, 0, 1).astype(np.uint32)
    for name, limit in limits.items():
        if name in indices:
            values = indices[name]
            good = values >= limit if INDICES[name] == "below" else values <= limit
            flags |= np.where(inverted & ~good, 1 << FLAGS.index(name), 0).astype(np.uint32)
    if shadow is not None:
        flags |= np.where(shadow, 1 << FLAGS.index(SHADOW), 0).astype(np.uint32)
    if product is not None:
        flags |= np.where(inverted & ~product, 1 << FLAGS.index(PRODUCT), 0).astype(np.uint32)
    if water is not None:
        flags[water] = 1 << FLAGS.index(WATER)
    return flags


class MaskTally:
    """Counts over all blocks, for the sentence when too little is left."""

    def __init__(self, limits: Mapping[str, float]) -> None:
        self.limits = limits
        self.masked: dict[str, int] = {}
        self.best: dict[str, float] = {}
        self.total = self.left = 0

    def add(self, flags: Flags, indices: Mapping[str, npt.NDArray[Any]], inverted: npt.NDArray[np.bool_]) -> None:
        """Add a block: its flags, its indices, and its pixels that have a displacement."""
        self.total += int(inverted.sum())
        self.left += int((flags == 0).sum())
        for name in self.limits:
            self.masked[name] = self.masked.get(name, 0) + int((flags >> FLAGS.index(name) & 1).sum())
            values = indices[name][inverted & np.isfinite(indices[name])] if name in indices else np.empty(0)
            if len(values):
                pick = max if INDICES[name] == "below" else min
                here = float(pick(values.min(), values.max()))
                self.best[name] = pick(self.best.get(name, here), here)

    def check(self, least: int = 1) -> None:
        """Raise the sentence for a cube with fewer than ``least`` usable pixels."""
        if self.left >= least or (least <= 1 and self.left):
            return
        if not self.limits:
            raise InsarcastError(
                f"{self.left} pixels are left of {self.total}; lower stack.mask.min_pixels, or look at the products."
            )
        worst = max(self.limits, key=lambda name: self.masked.get(name, 0))
        few = "Every pixel is masked" if not self.left else f"Only {self.left} pixels pass the mask, fewer than {least}"
        raise InsarcastError(
            f"{few}: {worst} alone masks {self.masked.get(worst, 0)} of {self.total} (threshold {self.limits[worst]:g}, best value "
            f"{self.best.get(worst, float('nan')):.3g}); relax stack.mask.thresholds.{worst}, or choose another stack.mask.preset."
        )
