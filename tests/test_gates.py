"""What must hold of the repository itself: formatters, linters, types, imports, environments, documentation."""

import ast
import copy
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
LIBRARY = ROOT / "workflow/insarcast"


def run(*command: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow")}
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check"),
        ("ruff", "format", "--check"),
        ("mypy",),
        ("lint-imports", "--no-cache"),
        ("snakefmt", "--check", "Snakefile", "workflow/rules"),
        ("snakemake", "--lint"),
    ],
    ids=" ".join,
)
def test_gate(command: tuple[str, ...]) -> None:
    run(*command)


def test_rule_files_are_short_and_say_what_they_do() -> None:
    for path in sorted((ROOT / "workflow/rules").glob("*.smk")):
        text = path.read_text()
        assert len(text.splitlines()) <= (125 if path.name == "common.smk" else 150), path.name
        assert text.startswith('"""'), path.name
        if path.name not in ("common.smk", "patterns.smk"):
            for word in ("inputs:", "outputs:", "steps:"):
                assert word in text.split('"""')[1], (path.name, word)


def test_every_rule_is_whole() -> None:
    """message, log, benchmark, conda, threads, resources with mem_mb and runtime, and the one code trigger.

    A rule made from another (``use rule``) has its own message, log, benchmark and code, and the rest from that one.
    """
    for path in sorted((ROOT / "workflow/rules").glob("*.smk")):
        for block in re.split(r"^(?=rule |checkpoint |use rule )", path.read_text(), flags=re.M)[1:]:
            name = block.split(":")[0]
            own = ("message:", "log:", "benchmark:", "code=")
            whole = (*own, "conda:", "threads:", "mem_mb=", "runtime=", '"../scripts/door.py"')
            for word in own if name.startswith("use rule") else whole:
                assert word in block, (path.name, name, word)


def test_key_table_is_current() -> None:
    from insarcast.core.keys import updated

    text = (ROOT / "config/README.md").read_text()
    assert updated(text) == text, "run: PYTHONPATH=workflow python -m insarcast.core.keys"


def test_every_key_has_a_description() -> None:
    from insarcast.core.study import schema

    def walk(node: object, where: str) -> None:
        if isinstance(node, dict):
            for key, sub in node.get("properties", {}).items():
                assert "$ref" in sub or sub.get("description"), f"{where}.{key}"
                walk(sub, f"{where}.{key}")

    walk(schema(), "study")
    for name, definition in schema()["$defs"].items():
        walk(definition, name)


# Import name -> package name of conda-forge, where they differ.
CONDA = {
    "sklearn": "scikit-learn",
    "torch": "pytorch-cpu",
    "yaml": "pyyaml",
    "matplotlib": "matplotlib-base",
    "dask": "dask-core",
}
# What a package brings that no module imports by name: engines behind xarray and pandas, and numpy's own.
BEHIND = {"dask-core", "zarr", "pyarrow", "python", "affine", "rioxarray"}


def environments() -> dict[str, dict[str, str]]:
    found = {}
    for path in sorted((ROOT / "envs").glob("*.yaml")):
        values = yaml.safe_load(path.read_text())
        assert values["channels"] == ["conda-forge"]
        found[path.stem] = {entry.split()[0]: entry for entry in values["dependencies"]}
    return found


def test_environments_parse_and_admit_the_locked_versions() -> None:
    from rattler import MatchSpec, Version, VersionSpec

    lock = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "envs/lock.txt").read_text(), re.M))
    pip = {"matplotlib-base": "matplotlib", "dask-core": "dask", "pytorch-cpu": "torch", "pytorch-gpu": "torch"}
    for environment, packages in environments().items():
        for package, entry in packages.items():
            spec = MatchSpec(entry, strict=True)
            if package == "python":
                continue
            version = lock[pip.get(package, package)]
            assert VersionSpec(str(spec.version)).matches(Version(version)), (environment, entry, version)


def imports_of(module: str, seen: set[str]) -> set[str]:
    """Outside packages that a module and what it imports of the library need, lazily imported ones included."""
    from insarcast.core import code

    if module in seen:
        return set()
    seen.add(module)
    found = set()
    tree = copy.deepcopy(code._tree(module))
    tree.body = [node for node in tree.body if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.split(".")[0])
    for other in code._imports(module):
        found |= imports_of(other, seen)
    return found


def test_each_rules_environment_holds_what_its_code_imports() -> None:
    from insarcast.acquire.sources import SOURCES
    from insarcast.lazy import home
    from insarcast.models import model_entry, model_module, model_names

    packages = environments()
    models = model_names()
    text = "\n".join(path.read_text() for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
    named = dict(re.findall(r"^(?:rule|checkpoint) (\w+):\n(.*?)(?=^\S|\Z)", text, re.M | re.S))
    rules = {name: re.search(r"envs/([\w-]+)\.yaml", block).group(1) for name, block in named.items()}  # type: ignore[union-attr]
    rules |= {name: rules[base] for base, name in re.findall(r"^use rule (\w+) as (\w+) with:", text, re.M)}
    assert "write_report" in rules
    for name, environment in rules.items():
        seen: set[str] = set()
        needed = imports_of(home(name), seen)
        for source in SOURCES.values() if name == "acquire_products" else ():
            needed |= imports_of(source.split(":")[0], seen)
        views = {
            "forecast_cube": ("series",),
            "backtest_series": ("series", "graph"),
            "train_tiles": ("grid",),
            "train_global": ("grid",),
        }
        for model in models:
            if model_entry(model).view in views.get(name, ()):
                needed |= imports_of(model_module(model), seen)
        needed -= set(sys.stdlib_module_names) | {"insarcast", "__future__"}
        there = {package.replace("pytorch-gpu", "pytorch-cpu") for package in packages[environment]}
        missing = {CONDA.get(package, package) for package in needed} - there
        assert not missing, f"{name} imports {missing}, which envs/{environment}.yaml lacks"


def test_nothing_of_a_machine_is_in_the_repository() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in listed.stdout.split():
        path = ROOT / name
        if path.suffix in {".py", ".smk", ".yaml", ".toml", ".md", ".txt", ".rst", ".j2", ".cff"} and path.is_file():
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"/(?:home|root|Users|work)/\w", text), name
            assert not re.search(r"(?<!no-)index-url|pypi\.org|conda\.anaconda\.org", text) or name == "tests/test_gates.py", name
