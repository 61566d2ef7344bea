"""How files are fetched and services are asked: the study's section `downloads`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from .teller import Show, Teller


@dataclass(frozen=True)
class WebSettings:
    """The section `downloads` of a study.

    Attributes:
        at_once: files fetched at the same time.
        attempts: attempts at a request that fails for a reason that may pass; one that brings bytes counts anew.
        timeout: seconds without an answer or a further byte until a connection counts as broken.
        longest_wait: most seconds between two attempts.
        keep_archives: keep zip files after they are unpacked.
        spare_gb: disk space in GB (1e9 bytes) that must stay free.
        teller: who is told how far it is; no key of the study.
    """

    at_once: int = 4
    attempts: int = 6
    timeout: float = 30.0
    longest_wait: float = 120.0
    keep_archives: bool = False
    spare_gb: float = 2.0
    teller: Teller = field(default_factory=Teller, compare=False, repr=False)

    @classmethod
    def of(cls, downloads: Mapping[str, Any], screen: Show | None = None) -> WebSettings:
        """From the study's section; what it does not say is as the schema has it.

        Args:
            downloads: the section.
            screen: shows a line to the person whose job writes into a log; None: there is no screen beside the standard error.
        """
        known = {one.name: downloads[one.name] for one in fields(cls) if one.name in downloads}
        return cls(**known, teller=Teller(screen))
