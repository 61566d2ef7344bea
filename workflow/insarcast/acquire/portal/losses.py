"""Files of a fetched frame that went missing from the cache, noticed when the workflow is planned: nothing heavy is imported for it."""

from __future__ import annotations

import json
from pathlib import Path

from insarcast.core import InsarcastError, write_json

from ..delays import fetched_delay
from ..fetched import Fetched, lost_since, read_fetched, record_name
from ..interferograms.licsar_frame import frame_files
from .pairs import files_of
from .sizes import is_whole, read_sizes

_NOTED = "restored.json"  # in the frame's folder: record -> the state of loss that its files were last brought back from


def frame_losses(record: Path, gacos: bool) -> str:
    """What is given to the rule as its state of loss: it changes when files of a record go missing, and then no more.

    Snakemake compares it with what the last run was given. So the state of a record whose files are gone is named after the record
    itself, the rule notes it beside the files when they are back, and from then on it is read there: the same as it ran with.

    Args:
        record: the record of an earlier run, if there was one.
        gacos: whether the delays of its dates were fetched too.

    Returns:
        "" where nothing was ever lost.
    """
    if not record.is_file():
        return ""
    try:
        found = read_fetched(record)
    except InsarcastError:
        return "another version"
    folder = Path(found.folder)
    sizes = read_sizes(folder)
    if not all(is_whole(folder, file, sizes) for file in files_of_record(found, gacos)):
        return lost_since(record)
    return _noted(folder).get(record_name(record), "")


def files_of_record(record: Fetched, gacos: bool) -> list[str]:
    """Names below the frame's folder of all that was fetched for a record: what the portal lacked is in its list of what was left out."""
    lacking = {line["name"] for line in record.skipped}
    files = [path for name in record.pairs for path in files_of((name[:8], name[9:])).values()]
    files += [f"metadata/{name}" for name in frame_files(Path(record.folder).name, lacking)]
    if gacos:
        dates = sorted({date for name in record.pairs for date in name.split("_")})
        delays = {date: fetched_delay(date) for date in dates if date not in lacking}
        files += [path for path in delays.values() if Path(path).name not in lacking]
    return files


def note_restored(folder: Path, record: Path, losses: str) -> None:
    """Note the state of loss that the files of a record were brought back from.

    Args:
        folder: the frame's, in the cache; no other job may write there now.
        record: the record, also one that is still beside its place.
        losses: the state that the rule ran with, see :func:`frame_losses`.
    """
    noted = _noted(folder)
    if noted.get(record_name(record), "") != losses:
        part = folder / f".part-{_NOTED}"
        write_json(part, noted | {record_name(record): losses})
        part.replace(folder / _NOTED)


def _noted(folder: Path) -> dict[str, str]:
    try:
        noted = json.loads((folder / _NOTED).read_text(encoding="utf-8"))
        return {str(name): str(state) for name, state in noted.items()}
    except (OSError, ValueError, AttributeError):
        return {}
