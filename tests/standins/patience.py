"""Settings for tests with a server that falls silent: impatient with the request that it is about to stall, and with no other.

A short time-out for every request would make a test fail on a busy machine, where any answer may take long.
"""

from __future__ import annotations

from typing import Any

from insarcast.acquire.web.settings import WebSettings
from standins.loopback import Stand

PATIENT, IMPATIENT = 60.0, 0.4  # seconds


class Patience(WebSettings):
    """Settings of downloads whose time-out is asked of the stand at each request.

    Args:
        stand: the server, whose next fault counts.
        settings: all other settings.
    """

    def __init__(self, stand: Stand, **settings: Any) -> None:
        object.__setattr__(self, "stand", stand)
        super().__init__(**settings)

    @property
    def timeout(self) -> float:  # type: ignore[override]
        stalls = any(faults[:1] == ["stall"] for faults in self.stand.faults.values())
        return IMPATIENT if stalls else PATIENT

    @timeout.setter
    def timeout(self, value: float) -> None:
        """The default of the section: not this one's."""
