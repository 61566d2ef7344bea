"""What a job costs in credits, by the service's own table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from insarcast.core import InsarcastError

if TYPE_CHECKING:
    import requests

# Credits of a job by looks and number of burst pairs, as HyP3's documentation lists them ("Credit Cost Table" of its page on
# credits), for when the service cannot be asked; since its version 10.12.1 (pull request 2987 of ASFHyP3/hyp3, December 2025) jobs of
# 13 pairs and more at 20x4 have more memory and cost more.
_BURSTS = {
    "20x4": [1] * 4 + [5] * 8 + [10] * 3,
    "10x2": [1] * 3 + [5] * 6 + [10] * 6,
    "5x1": [1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 90, 95, 100, 105, 110],
}
_BUILT_IN: dict[str, dict[str, Any]] = {
    "INSAR_GAMMA": {"cost_parameters": ["looks"], "cost_table": {"20x4": 10.0, "10x2": 15.0}},
    "INSAR_ISCE_BURST": {"cost": 1.0},
    "INSAR_ISCE_MULTI_BURST": {
        "cost_parameters": ["looks", "reference"],
        "cost_table": {
            looks: {str(number): float(credits) for number, credits in enumerate(row, 1)} for looks, row in _BURSTS.items()
        },
    },
}


@dataclass(frozen=True)
class Prices:
    """Costs of jobs in credits.

    Attributes:
        table: job type -> ``{"cost": number}``, or ``{"cost_parameters": [names], "cost_table": {...}}``, nested in the order of the
            parameters; of a parameter that is a list, its length counts.
        source: whether the service was asked, or the documentation's table stands in.
        note: why the service could not be asked, or "".
    """

    table: Mapping[str, Mapping[str, Any]]
    source: Literal["asked", "built-in"]
    note: str = ""

    def of(self, job: Mapping[str, Any]) -> float | None:
        """Credits of one job (``{"job_type", "job_parameters", ...}``); None where the table does not know."""
        entry = self.table.get(str(job["job_type"]))
        if entry is None:
            return None
        if "cost" in entry:
            return float(entry["cost"])
        found: Any = entry["cost_table"]
        for name in entry["cost_parameters"]:
            value = job["job_parameters"].get(name)
            found = (
                found.get(str(len(value) if isinstance(value, list | tuple) else value)) if isinstance(found, Mapping) else None
            )
        return float(found) if isinstance(found, int | float) else None


def job_costs(api: str, session: requests.Session) -> Prices:
    """Ask the service for its table of costs, ``GET /costs``, which needs no account.

    All its shapes are read: a list with one ``cost_parameter`` and a list of values, as the service answered up to its version 9, and
    since version 10 an object of job types with ``cost_parameters`` and nested tables (pull requests 2659 and 2662 of ASFHyP3/hyp3, 2141
    of asfadmin/Discovery-SearchUI).

    Args:
        api: address of the service.
        session: for the request.

    Returns:
        The service's table, or the documentation's where the service cannot be asked or its answer cannot be read.
    """
    import requests

    url = f"{api.rstrip('/')}/costs"
    try:
        answer = session.get(url)
        answer.raise_for_status()
        return Prices(_read(answer.json()), "asked")
    except (requests.RequestException, InsarcastError, ValueError, KeyError, TypeError, AttributeError) as error:
        said = str(error).rstrip(".") if isinstance(error, InsarcastError) else type(error).__name__
        return Prices(
            _BUILT_IN, "built-in", f"{url} could not be asked for its prices ({said}); those of its documentation count"
        )


def _read(answer: Any) -> dict[str, dict[str, Any]]:
    """The service's table by job type, in one shape."""
    entries = answer.items() if isinstance(answer, Mapping) else [(entry["job_type"], entry) for entry in answer]
    table: dict[str, dict[str, Any]] = {}
    for kind, entry in entries:
        if "cost" in entry:
            table[kind] = {"cost": float(entry["cost"])}
        elif "cost_parameter" in entry:
            rows = {str(row["parameter_value"]): float(row["cost"]) for row in entry["cost_table"]}
            table[kind] = {"cost_parameters": [entry["cost_parameter"]], "cost_table": rows}
        else:
            table[kind] = {"cost_parameters": list(entry["cost_parameters"]), "cost_table": _keyed(entry["cost_table"])}
    if not table:
        raise ValueError("the table is empty")
    return table


def _keyed(table: Any) -> Any:
    """Nested tables with their keys as text, numbers as they are."""
    return {str(key): _keyed(value) for key, value in table.items()} if isinstance(table, Mapping) else float(table)
