"""What a source found of one cube, and what every source does the same way: open each file once, ask for enough dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from insarcast.core import InsarcastError, Pair

from .interferograms.tags import Tags, read_tags
from .select import Skipped, skip

Key = tuple[str, str]


@dataclass
class Found:
    """What a source found of one cube; see :class:`insarcast.core.Manifest` for the fields.

    ``dates`` are those of a ready series, which has no pairs; ``credits`` those that the source itself asks for.
    """

    pairs: list[Pair]
    static: dict[str, list[str]] = field(default_factory=dict)
    conventions: dict[str, Any] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    truth: str | None = None
    dates: list[str] = field(default_factory=list)
    credits: list[str] = field(default_factory=list)


def open_pairs(files: Mapping[Key, Sequence[Path]], bad_file: str) -> tuple[dict[Key, Tags], list[Skipped]]:
    """Tags of every pair's phase; what does not open, or has no CRS, stops the run or is listed, as the study says.

    Args:
        files: pair -> its files, the phase first.
        bad_file: the study's ``products.bad_file``.

    Raises:
        InsarcastError: a file does not open and ``bad_file`` is ``stop``.
    """
    tags: dict[Key, Tags] = {}
    skipped = []
    for pair, both in files.items():
        try:
            phase, *_ = [read_tags(path) for path in both]  # coherence has only to open
            tags[pair] = phase
        except InsarcastError as error:
            skipped.append(stop_or_skip(pair, str(error), bad_file))
    return tags, skipped


def stop_or_skip(pair: Key, why: str, bad_file: str) -> Skipped:
    """The line of a pair that cannot be used.

    Raises:
        InsarcastError: the study says to stop; the sentence says how to go on without the pair.
    """
    name = "_".join(pair)
    if bad_file == "stop":
        raise InsarcastError(
            f"{why.rstrip('.')}; or set products.bad_file: skip, or list {name} in products.exclude, to go on without it."
        )
    return skip("pair", name, why)


def check_enough(pairs: Sequence[Key], folder: Path, skipped: Sequence[Skipped]) -> None:
    """Refuse fewer than three dates; the sentence says what was left out, and why."""
    dates = {date for pair in pairs for date in pair}
    if len(dates) < 3:
        raise InsarcastError(
            f"{folder} holds {len(dates)} usable dates in {len(pairs)} pairs, but a time series needs at least three; "
            f"{_left_out(skipped)}add interferograms, or widen products.start, end and exclude."
        )


def _left_out(skipped: Sequence[Skipped]) -> str:
    """How many pairs were left out, and why the first was."""
    pairs = [entry for entry in skipped if entry["what"] == "pair"]
    swapped = " (are {date1} and {date2} swapped in the pattern?)" if pairs and "not earlier" in pairs[0]["reason"] else ""
    reason = pairs[0]["reason"].rstrip(".") if pairs else ""
    return f"{len(pairs)} were left out, {pairs[0]['name']} because {reason}{swapped}; " if pairs else ""


def refuse_keys(products: Mapping[str, Any], source: str) -> None:
    """Refuse keys that name files where a source finds them by names of its own: they would be ignored in silence."""
    for key in ("unwrapped", "coherence", "dem", "baselines", "los"):
        if products[key] is not None:
            raise InsarcastError(
                f"products.{key} is set, but source {source} finds its files by their published names; remove the key, or use "
                "source geotiff."
            )
