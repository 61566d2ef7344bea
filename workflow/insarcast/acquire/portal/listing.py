"""What has become of a frame that an earlier run fetched, looked at when the workflow is planned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from insarcast.core import InsarcastError

from ..area import list_area
from ..delays import fetched_delay
from ..fetched import read_fetched
from .pairs import files_of


def list_frame(record: Path, area: Any, data_root: str | None, gacos: bool) -> str:
    """Whether files that the record names left the cache since ("gone": fetch them anew); else the state of the area's file.

    Args:
        record: the record of an earlier run, if there was one.
        area: the study's ``area``, where a frame is looked for by it.
        data_root: folder that relative names lie under, or None.
        gacos: whether the delays of its dates were fetched too.
    """
    if record.is_file():
        try:
            found = read_fetched(record)
        except InsarcastError:
            return "gone"  # of another version
        files = [path for name in found.pairs for path in files_of((name[:8], name[9:])).values()]
        if gacos:
            without = {line["name"] for line in found.skipped if line["what"] == "delay"}
            files += [fetched_delay(date) for date in {date for name in found.pairs for date in name.split("_")} - without]
        if not all((Path(found.folder) / file).is_file() for file in files):
            return "gone"
    return list_area(area, data_root) or ""
