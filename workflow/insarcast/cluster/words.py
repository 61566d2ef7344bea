"""One sentence or two on how the clusters were made."""

from __future__ import annotations

from collections.abc import Mapping

from .choose import STARTS
from .features import FEATURES
from .sample import MIN_DATES


def describe(
    k: int,
    index: Mapping[int, float],
    why_one: str,
    asked: int | None,
    features: str,
    used: int,
    usable: int,
    left_out: int,
    unit: str = "pixel",
) -> str:
    """How many clusters there are, why, and from what.

    Args:
        k: number of clusters.
        index: Davies-Bouldin index by number of clusters tried.
        why_one: why there is one only, else empty.
        asked: number that the study asks for, None where it is chosen.
        features: ``series`` or ``velocity``.
        used: pixels the clusters were fitted on.
        usable: usable pixels.
        left_out: pixels inside the mask with too few dates.
        unit: what the pixels are called.
    """
    if why_one:
        text = f"One cluster: {why_one}."
    else:
        tried = list(index)
        how = f"as the study asks; its Davies-Bouldin index is {index[k]:.2f}"
        if asked is None:
            how = f"the number of {tried[0]} to {tried[-1]} with the least Davies-Bouldin index ({index[k]:.2f})"
            how = f"the only number that could be tried (Davies-Bouldin index {index[k]:.2f})" if len(tried) == 1 else how
        elif index[k] != index[k]:
            how = "as the study asks"
        pixels = f"all {usable} usable pixels" if used == usable else f"a random sample of {used} of {usable} usable pixels"
        text = f"{k} clusters, {how}: K-means ({STARTS} starts) on the {FEATURES[features]}, fitted on {pixels}."
    if left_out:
        text += f" Pixels inside the mask that belong to none, for they have fewer than {MIN_DATES} dates: {left_out}."
    return text.replace("pixel", unit).replace("Pixel", unit.capitalize())
