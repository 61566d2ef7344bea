"""Studies: read, check against the schema, fill in defaults."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from .demands import READY, check_cube_keys, check_study_keys
from .errors import InsarcastError
from .idle import check_idle_keys, idle_keys

# Models of a study that names none.
_SIMPLE = ("persistence", "drift", "window_mean", "linear", "trend")
# Of ready series: those that the automatic choice is made of, and those that are shown beside them.
_AMONG = (
    "persistence",
    "window_mean",
    "linear",
    "linear_annual",
    "ses",
    "theta",
    "kalman",
    "mlr",
    "ridge",
    "dlinear",
    "eof",
    "gp_average",
)
_OF_SERIES = (
    "linear_annual",
    "consolidation",
    "ses",
    "theta",
    "mlr",
    "arima",
    "starima",
    "kalman",
    "ridge",
    "dlinear",
    "eof",
    "gp_average",
)
SCHEMA = Path(__file__).resolve().parents[2] / "schemas/study.schema.yaml"


def list_studies(folder: Path | str, extra: str | None = None) -> dict[str, Path]:
    """Study name -> file, from file names alone; nothing is read.

    Args:
        folder: the folder of studies, ``config/studies``.
        extra: one more study file, wherever it is.
    """
    files = [*sorted(Path(folder).glob("*.yaml")), *([Path(extra).resolve()] if extra else [])]
    return {file.stem: file for file in files}


def find_studies(config: dict[str, Any], folder: Path | str) -> dict[str, Path]:
    """Studies by name; ``config["study"]`` becomes the study file's, where there is one.

    Args:
        config: the workflow's configuration, config.yaml and ``--config``.
        folder: the folder of studies.

    Raises:
        InsarcastError: an unknown key, no such study file, or no such study.
    """
    known = ("cache", "data_root", "gpu", "study", "study_file")
    if unknown := sorted(set(config) - set(known)):
        raise InsarcastError(
            f"unknown config key '{unknown[0]}'; known are {', '.join(known)} (a study's own keys belong into its file)."
        )
    extra = config.get("study_file")
    if extra and not Path(extra).exists():
        raise InsarcastError(f"There is no study file {extra} in {Path.cwd()}; config study_file names it.")
    if extra:
        config["study"] = Path(extra).stem
    found = list_studies(folder, extra)
    if config.get("study") not in found:
        raise InsarcastError(
            f"There is no study '{config.get('study')}'; there are {', '.join(found)}. Name one, or give a file: study_file=..."
        )
    return found


@cache
def schema() -> dict[str, Any]:
    """The study schema as a dictionary."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # where there is libyaml: ten times as fast
    return dict(yaml.load(SCHEMA.read_text(encoding="utf-8"), loader))


class Study:
    """A checked study: one YAML with every default filled in.

    Raises:
        InsarcastError: no such file, no YAML, or a key or value that the schema does not know; one sentence says which.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        values = _read(self.path)
        _check(values, self.path)
        self.values: dict[str, Any] = _fill(values, schema())
        check_study_keys(self.values, str(self.path))
        own = {key: value for key, value in self.values.items() if key != "cubes"}
        node = schema()["$defs"]["cube"]
        self._cubes = {name: _fill(_merge(own, _fill_cube(cube)), node) for name, cube in self.values["cubes"].items()}
        for name, cube in self._cubes.items():
            if cube["forecast"]["models"] is None:
                points = cube["source"] in READY
                cube["forecast"]["models"] = [*_SIMPLE, *(_OF_SERIES if points else ())]
                cube["combine"]["among"] = cube["combine"]["among"] or (list(_AMONG) if points else None)
            check_cube_keys(cube, f"{self.path}, cube '{name}'")
        check_idle_keys(values, str(self.path))
        self._shared = {key: value for key, value in values.items() if key != "cubes"}

    @property
    def cubes(self) -> list[str]:
        """Names of the study's cubes."""
        return list(self._cubes)

    def idle(self, cube: str) -> dict[str, str]:
        """Keys that the study says for all cubes and that have no effect on this one -> why, in the order of their names."""
        return dict(sorted(idle_keys(self._shared, self._cubes[cube]["source"]).items()))

    def get(self, key: str, cube: str | None = None) -> Any:
        """Value of a dotted key, from the cube where it overrides the study; its keys are in the schema's order, not the file's.

        Raises:
            InsarcastError: the study has no such cube.
            KeyError: the schema has no such key.
        """
        if cube is not None and cube not in self._cubes:
            raise InsarcastError(f"{self.path} has no cube '{cube}'; it has {', '.join(self._cubes)}.")
        value: Any = self.values if cube is None else self._cubes[cube]
        for part in key.split("."):
            value = value[part]
        return copy.deepcopy(value)


def _read(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InsarcastError(f"There is no study file {path}.") from None
    except IsADirectoryError:
        raise InsarcastError(f"{path} is a folder, not a study file; name the YAML in it.") from None
    except UnicodeDecodeError:
        raise InsarcastError(f"{path} is no text in UTF-8; save it as one.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise InsarcastError(
            f"{path} is no valid YAML: {place}{getattr(error, 'problem', None) or 'cannot be parsed'}."
        ) from None
    if not isinstance(values, dict):
        raise InsarcastError(f"{path} must hold keys and values; at least 'cubes'.")
    return values


def _check(values: dict[str, Any], path: Path) -> None:
    import jsonschema

    if named := next(_unquoted(values), None):
        raise InsarcastError(f"{path}: '{named}' is a key that YAML does not read as text; write it in quotes.")
    validator = jsonschema.Draft202012Validator(schema())
    if error := jsonschema.exceptions.best_match(validator.iter_errors(values)):
        raise InsarcastError(f"{path}: {_sentence(error)}")


def _unquoted(values: Any, where: str = "") -> Iterator[str]:
    """Keys that are no text: 87, 2018-01-01, on."""
    for key, value in values.items() if isinstance(values, dict) else ():
        name = f"{where}.{key}" if where else str(key)
        if not isinstance(key, str):
            yield name
        yield from _unquoted(value, name)


def _sentence(error: Any) -> str:
    """One sentence for a schema violation; the validator's own runs over ten lines."""
    where = ".".join(map(str, error.absolute_path))
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        bad = next(key for key in error.instance if key not in known)
        return f"unknown key '{'.'.join(filter(None, [where, str(bad)]))}'; {_meant(str(bad), known)}"
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        return f"the key '{'.'.join(filter(None, [where, missing]))}' is missing."
    if error.validator == "enum" and error.absolute_schema_path[-2] == "propertyNames":
        return f"unknown key '{where}.{error.instance}'; {_meant(str(error.instance), error.validator_value)}"
    if error.validator == "enum":
        return f"'{where}' is {error.instance!r}, but must be one of {', '.join(map(str, error.validator_value))}."
    hint = error.schema.get("x-hint")
    if hint and error.validator in ("type", "pattern"):
        return f"'{where}' is {error.instance!r}, but must be {hint}."
    if error.validator == "type":
        return f"'{where}' is {error.instance!r}, but must be of type {_either(error.validator_value)}."
    if error.validator in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"):
        sign = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}[error.validator]
        return f"'{where}' is {error.instance!r}, but must be {sign} {error.validator_value}."
    if hint:
        return f"'{where}' is {error.instance!r}, but must be {hint}."
    if error.validator in ("minItems", "maxItems"):
        sign = {"minItems": "at least", "maxItems": "at most"}[error.validator]
        return f"'{where}' has {len(error.instance)} entries, but must have {sign} {error.validator_value}."
    if error.validator == "uniqueItems":
        return f"'{where}' is {error.instance!r}, but must have no entry twice."
    return f"'{where or 'the study'}': {error.message}."


def _meant(key: str, known: list[str]) -> str:
    guess = difflib.get_close_matches(key, known, 1)
    return f"did you mean '{guess[0]}'?" if guess else f"known are {', '.join(known)}."


def _either(types: str | list[str]) -> str:
    return types if isinstance(types, str) else " or ".join(types)


def resolve(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a local ``$ref``; keys beside it win (a description may differ from place to place)."""
    if "$ref" not in node:
        return node
    target: Any = schema()
    for part in node["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return {**target, **{key: value for key, value in node.items() if key != "$ref"}}


def _fill(values: Mapping[str, Any], node: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of ``values`` with the schema's defaults.

    Keys are in the schema's order, free names sorted: rules compare settings as text, and a file with its keys in another order
    would run anew. Only cubes stay as written, for pages show them so.
    """
    node = resolve(node)
    known = {key: resolve(raw) for key, raw in node.get("properties", {}).items()}
    filled = {}
    for key, sub in known.items():
        if key in values or "default" in sub:
            filled[key] = _fill_value(copy.deepcopy(values[key] if key in values else sub["default"]), sub)
    names = [key for key in values if key not in known]
    return filled | {key: values[key] for key in (names if node.get("x-order") == "written" else sorted(names))}


def _fill_value(value: Any, node: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return _fill(value, node)
    known = node.get("items", {}).get("properties", {})
    if isinstance(value, list) and known:  # no defaults: what is missing there depends on the other keys of an item
        return [{key: item[key] for key in known if key in item} for item in value]
    return value


def _fill_cube(cube: Mapping[str, Any] | None) -> dict[str, Any]:
    """Defaults of the keys that only a cube has; shared keys get theirs from the study."""
    values = dict(cube or {})
    node = resolve(schema()["$defs"]["cube"])
    shared = set(schema()["properties"])
    own = {"properties": {key: sub for key, sub in node["properties"].items() if key not in shared}}
    return _fill(values, own)


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """``below`` overridden by ``above``, dictionaries key by key."""
    merged = copy.deepcopy(dict(below))
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged
