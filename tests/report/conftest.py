"""Studies for the report's tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cubes import make_cube
from tests.report.reading import Page
from tests.report.toy import Study, write_study
from tests.report.toy_parts import add_clusters, add_grids, add_truth


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study with every figure and the page; nobody changes it."""
    study = write_study(tmp_path_factory.mktemp("drawn"))
    study.draw_all()
    study.write_page()
    return study


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study with everything; nobody changes it."""
    study = write_study(tmp_path_factory.mktemp("whole"), make_cube(ny=24, nx=27))
    add_grids(study)
    add_clusters(study)
    add_truth(study)
    study.draw_scores()
    study.draw_more()
    study.write_page()
    return study


@pytest.fixture(scope="session")
def whole_page(whole: Study) -> Page:
    return Page(whole.folder / "toy/report/index.html")


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Study]:
    """A study of its own, with settings of write_study."""
    return lambda *cube, **settings: write_study(tmp_path, *cube, **settings)
