"""Not written yet."""

from typing import Any


def write_report(**files: Any) -> None:
    """Placeholder while the stage is being written."""
    raise NotImplementedError
