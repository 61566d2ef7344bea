"""DLinear and NLinear of Zeng et al. 2023: linear maps from a window's smooth part and what is left of it."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from insarcast.core import InsarcastError

from .ridge import Ridge
from .windows import Rows


class DLinear(Ridge):
    """Are Transformers Effective for Time Series Forecasting? (Zeng, Chen, Zhang & Xu, AAAI 2023), its DLinear on anchored windows.

    The window, its last value taken off (their NLinear), is split into a moving average over ``kernel`` dates, padded with the end
    values, and the remainder; each has a linear map to each horizon, the same for all points. The two maps are fitted by ridge
    regression instead of by gradient descent: so a smooth direction costs less penalty than a rough one. Nothing but the point's
    own lags is looked at.
    """

    settings: ClassVar[tuple[str, ...]] = ("window", "kernel", "sample")

    def __init__(self, window: int = 30, kernel: int = 9, sample: int = 200_000) -> None:
        super().__init__(window, "none", 1, False, 0, False, sample)
        if kernel < 1 or kernel % 2 == 0:
            raise InsarcastError(f"dlinear needs an odd kernel, not {kernel}.")
        self.kernel = kernel

    def _features(self, rows: Rows) -> tuple[NDArray[Any], NDArray[Any]]:
        own = rows.lags[:, 0]
        whole = np.concatenate([np.zeros((len(own), 1), own.dtype), own], axis=1)  # with the origin itself, which is 0
        smooth = moving_average(whole, self.kernel)
        return np.concatenate([smooth, whole - smooth], axis=1), np.zeros_like(rows.season)

    def _subsets(self, rows: Rows) -> list[NDArray[np.bool_]]:
        return [np.append(np.ones(2 * (rows.lags.shape[2] + 1), bool), [False, False])]


def moving_average(values: NDArray[Any], kernel: int) -> NDArray[Any]:
    """Along the last axis, the end values repeated."""
    half = kernel // 2
    padded = np.concatenate([values[..., :1]] * half + [values] + [values[..., -1:]] * half, axis=-1)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=-1).mean(axis=-1))
