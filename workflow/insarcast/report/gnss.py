"""Not written yet."""

from typing import Any


def draw_gnss(**files: Any) -> None:
    """Placeholder while the stage is being written."""
    raise NotImplementedError
