"""What other projects of the same cache have noted: where a study says that jobs of any name count, theirs do."""

from __future__ import annotations

from pathlib import Path

from .journal import JOURNAL, Doubt, Journal, read_journal


def neighbours(folder: Path) -> list[Journal]:
    """Journals of the other projects, by name; each lies in the project's folder.

    Args:
        folder: the project's own folder in the cache.
    """
    return [read_journal(path) for path in sorted(folder.parent.glob(f"*/{JOURNAL}")) if path.parent != folder]


def doubts_of_all(journal: Journal, others: list[Journal]) -> dict[str, Doubt]:
    """By a job's key: of several that sent it the last, whose answer is the one that may still be open."""
    found: dict[str, Doubt] = {}
    for one in (journal, *others):
        found |= {key: doubt for key, doubt in one.doubts.items() if key not in found or doubt.at > found[key].at}
    return found
