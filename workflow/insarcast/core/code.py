"""The only code trigger: a hash of what a rule's function is made of.

Snakemake does not see changes in an imported library. The hash covers the function's module and every insarcast module it
imports (the import closure, as AST, without comments and docstrings), extra modules such as a model's, and the door's text.
"""

from __future__ import annotations

import ast
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from insarcast.lazy import ROOT, home, public


@cache
def code_hash(function: str, *modules: str) -> str:
    """Hash of a stage function's import closure.

    Args:
        function: public name of the function, which is also the rule's.
        modules: further modules the job imports by name, such as ``insarcast.models.simple.walk``.

    Returns:
        Twelve hexadecimal digits.
    """
    closure: set[str] = set()
    for module in (home(function), *modules):
        _close(module, closure)
    text = "\n".join(_text(module) for module in sorted(closure)) + _plain(ROOT / "scripts/door.py")
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def fingerprint(value: Any) -> str:
    """Hash of settings: twelve hexadecimal digits of their canonical JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _file(module: str) -> Path | None:
    path = ROOT / module.replace(".", "/")
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)


def _locate(module: str, name: str) -> str:
    """The module that truly defines what ``from module import name`` gives."""
    return f"{module}.{name}" if _file(f"{module}.{name}") else public(module).get(name, module)


def _plain(path: Path) -> str:
    return ast.dump(_bare(ast.parse(path.read_text(encoding="utf-8"))))


def _bare(tree: ast.Module) -> ast.Module:
    """The tree without docstrings."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            body[0] = ast.Pass()
    return tree


@cache
def _tree(module: str) -> ast.Module:
    path = _file(module)
    if path is None:
        raise LookupError(f"there is no module {module}")
    return _bare(ast.parse(path.read_text(encoding="utf-8")))


@cache
def _text(module: str) -> str:
    return f"{module}:{ast.dump(_tree(module))}"


@cache
def _imports(module: str) -> frozenset[str]:
    path = _file(module)
    package = module.split(".") if path is not None and path.name == "__init__.py" else module.split(".")[:-1]
    found: set[str] = set()
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])
            found |= {_locate(base, alias.name) for alias in node.names}
    return frozenset(name for name in found if name.startswith("insarcast."))


def _close(module: str, seen: set[str]) -> None:
    if module not in seen:
        seen.add(module)
        for other in _imports(module):
            _close(other, seen)
