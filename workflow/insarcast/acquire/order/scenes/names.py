"""Names of granules: a burst of the IW mode, and a whole scene."""

from __future__ import annotations

import re
from datetime import datetime

BURST = re.compile(
    r"S1_(?P<burst>(?P<number>\d{6})_(?P<swath>IW[123]))_(?P<time>\d{8}T\d{6})_(?P<polarization>[VH]{2})_[\dA-F]{4}-BURST"
)
SCENE = re.compile(
    r"(?P<satellite>S1[A-D])_IW_SLC__1S[SD](?P<polarization>[VH])_(?P<time>\d{8}T\d{6})_\d{8}T\d{6}_(?P<orbit>\d{6})_[\dA-F]{6}_[\dA-F]{4}"
)


def time_of(text: str) -> datetime:
    """The time that a name holds, UTC.

    Raises:
        ValueError: it is none, such as the hour 32.
    """
    return datetime.strptime(text, "%Y%m%dT%H%M%S")
