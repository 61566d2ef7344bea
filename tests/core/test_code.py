"""The code trigger: what reruns a rule, and what does not."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from insarcast import lazy
from insarcast.core import code, code_hash, fingerprint

LIBRARY = Path(lazy.ROOT)


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the library and the door that a test may edit."""
    shutil.copytree(LIBRARY / "insarcast", tmp_path / "insarcast", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(LIBRARY / "scripts", tmp_path / "scripts")
    monkeypatch.setattr(lazy, "ROOT", tmp_path)
    monkeypatch.setattr(code, "ROOT", tmp_path)
    forget()
    yield tmp_path
    forget()


def forget() -> None:
    for cached in (lazy.public, code.code_hash, code._tree, code._text, code._imports):
        cached.cache_clear()


def after(edit: Callable[[], object], *names: str) -> str:
    edit()
    forget()
    return code_hash(*names)


def replace(path: Path, old: str, new: str) -> Callable[[], object]:
    text = path.read_text()
    assert old in text
    return lambda: path.write_text(text.replace(old, new, 1))


def test_docstrings_and_comments_change_nothing(copied: Path) -> None:
    before = code_hash("invert_network")
    loops = copied / "insarcast/stack/network/loops.py"
    assert after(replace(loops, '"""Loop closure pixel by pixel', '"""# a comment\nLoop closure'), "invert_network") == before
    assert after(replace(loops, "import numpy as np\n", "import numpy as np\n\n# why\n"), "invert_network") == before


def test_code_of_an_imported_module_changes_the_hash_of_its_users_only(copied: Path) -> None:
    users, others = code_hash("invert_network"), code_hash("build_cube")
    edit = replace(copied / "insarcast/stack/network/loops.py", "> np.pi", "> 3.0")
    assert after(edit, "invert_network") != users
    assert code_hash("build_cube") == others


def test_a_lazy_import_from_core_is_followed(copied: Path) -> None:
    before = code_hash("build_cube")
    assert after(replace(copied / "insarcast/core/arrays.py", "CHUNK = 128", "CHUNK = 64"), "build_cube") != before


def test_the_door_is_part_of_every_hash(copied: Path) -> None:
    before = code_hash("build_cube")
    assert after(replace(copied / "scripts/door.py", "os._exit(130)", "os._exit(131)"), "build_cube") != before


def test_a_model_changes_only_its_own_forecasts(copied: Path) -> None:
    drift, linear = (code_hash("forecast_cube", f"insarcast.models.simple.{name}") for name in ("walk", "line"))
    model = copied / "insarcast/models/simple/line.py"
    model.write_text(model.read_text() + "\nEXTRA = 1\n")
    forget()
    assert code_hash("forecast_cube", "insarcast.models.simple.line") != linear
    assert code_hash("forecast_cube", "insarcast.models.simple.walk") == drift


def test_a_new_line_in_the_registry_reruns_nothing(copied: Path) -> None:
    before = code_hash("forecast_cube", "insarcast.models.simple.line")
    registry = copied / "insarcast/models/registry.json"
    assert (
        after(
            lambda: registry.write_text(registry.read_text().replace("{", '{"new": {},', 1)),
            "forecast_cube",
            "insarcast.models.simple.line",
        )
        == before
    )


def test_every_rule_has_its_function() -> None:
    import re

    for rules in sorted((LIBRARY / "rules").glob("*.smk")):
        for name in re.findall(r"^(?:rule|checkpoint) (\w+):", rules.read_text(), re.M):
            assert lazy.home(name).startswith("insarcast.")


def test_fingerprint_does_not_depend_on_the_order_of_keys() -> None:
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1}) != fingerprint({"a": 1, "b": 3})
