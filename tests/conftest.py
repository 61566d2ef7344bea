"""Put the library and the tests' helpers on the path."""

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
for folder in (TESTS, TESTS.parent / "workflow"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that run whole workflows first: two workers that take a file each then end at about the same time."""
    items.sort(key=lambda item: item.path.parent.name != "workflow" and item.path.parent != TESTS)  # a stable sort
