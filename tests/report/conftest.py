"""Studies for the report's tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.report.toy import Study, write_study


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study with every figure and the page; nobody changes it."""
    study = write_study(tmp_path_factory.mktemp("drawn"))
    study.draw_all()
    study.write_page()
    return study


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Study]:
    """A study of its own, with settings of write_study."""
    return lambda *cube, **settings: write_study(tmp_path, *cube, **settings)
