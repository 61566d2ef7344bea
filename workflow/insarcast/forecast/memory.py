"""How much memory a training asks for."""

from __future__ import annotations

from typing import Any

# Measured: one step at 256 x 256 pixels, 3 layers of 32 channels, 16 frames, 2 windows, float32.
_STEP_MB, _PIXELS, _CHANNELS, _FRAMES = 6500, 256 * 256, 96, 16 * 2
_REST_MB = 2500


def training_memory(settings: dict[str, Any], size: int) -> int:
    """Memory in MB of a job that trains tiles of ``size`` pixels on a CPU: the activations of one step, and the rest.

    Args:
        settings: of the model: ``hidden``, ``window`` and ``batch``.
        size: edge of the window in pixels.
    """
    share: float = size * size / _PIXELS * sum(settings["hidden"]) / _CHANNELS * settings["window"] * settings["batch"] / _FRAMES
    return round(_REST_MB + _STEP_MB * share)
