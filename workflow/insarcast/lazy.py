"""One resolver of public names: a package lists them in its ``__init__.pyi``; imports, the door and the code hash follow it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


@cache
def public(package: str) -> dict[str, str]:
    """Public name -> module that defines it, as the package's stub says."""
    stub = ROOT / package.replace(".", "/") / "__init__.pyi"
    nodes = ast.parse(stub.read_text()).body if stub.exists() else []
    return {alias.name: f"{package}.{node.module}" for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}


def attach(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a lazy package (PEP 562): a job imports only what its function needs."""

    def getter(name: str) -> Any:
        if name not in public(package):
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(public(package)[name]), name)

    return getter, lambda: sorted(public(package))


def home(function: str) -> str:
    """The module that holds a stage's public function, found by the function's name alone."""
    for stub in sorted(ROOT.glob("insarcast/*/__init__.pyi")):
        if module := public(f"insarcast.{stub.parent.name}").get(function):
            return module
    raise LookupError(f"no stage has a public function {function}")
