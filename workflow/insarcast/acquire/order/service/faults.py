"""What HyP3 would refuse, said before it is sent: the service's own refusal only echoes the job."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from ..scenes.names import BURST, SCENE, time_of

MOST_BURSTS = 15

# What the service fills in where a job says nothing (its job_spec, 2025).
_COMMON = {"apply_water_mask": False, "looks": "20x4"}
DEFAULTS: dict[str, dict[str, Any]] = {
    "INSAR_ISCE_MULTI_BURST": _COMMON,
    "INSAR_ISCE_BURST": _COMMON,
    "INSAR_GAMMA": _COMMON
    | {
        f"include_{what}": False
        for what in ("look_vectors", "los_displacement", "displacement_maps", "inc_map", "dem", "wrapped_phase")
    }
    | {"phase_filter_parameter": 0.6},
}
_LOOKS = {"INSAR_GAMMA": ("20x4", "10x2")}
_ALL_LOOKS = ("20x4", "10x2", "5x1")
_ONE_PASS = timedelta(minutes=2)


def fault(job: Mapping[str, Any], dates: tuple[str, str] | None = None) -> str:
    """Why the service would refuse a job, or "".

    The rules are those of the service: the parameters' schema of its job_spec and the checks of its API (hyp3_api, validation and
    multi_burst_validation); that granules exist and have a DEM, only the service knows.

    Args:
        job: ``{"job_type", "job_parameters"}``.
        dates: what the pair's dates should be, ``yyyymmdd``.
    """
    kind, parameters = job["job_type"], job["job_parameters"]
    if kind not in DEFAULTS:
        return f"{kind} is no job of interferograms; {', '.join(DEFAULTS)} are"
    lists = ("reference", "secondary") if kind == "INSAR_ISCE_MULTI_BURST" else ("granules",)
    if unknown := sorted(set(parameters) - set(DEFAULTS[kind]) - set(lists)):
        return f"{kind} has no parameter {unknown[0]}"
    for name in lists:
        value = parameters.get(name)
        if not isinstance(value, list) or not all(isinstance(granule, str) for granule in value):
            return f"{name} is no list of granules"
    return _settings_fault(kind, parameters) or (_multi_fault if "reference" in lists else _pair_fault)(kind, parameters, dates)


def _settings_fault(kind: str, parameters: Mapping[str, Any]) -> str:
    whole = DEFAULTS[kind] | dict(parameters)
    looks = _LOOKS.get(kind, _ALL_LOOKS)
    if whole["looks"] not in looks:
        return f"looks {whole['looks']} are none of {', '.join(looks)}"
    strength = whole.get("phase_filter_parameter", 0)
    if isinstance(strength, bool) or not isinstance(strength, int | float) or not 0 <= strength <= 1:
        return f"the phase filter {strength} is not between 0 and 1"
    for name, usual in DEFAULTS[kind].items():
        if isinstance(usual, bool) and not isinstance(whole[name], bool):
            return f"{name} is {whole[name]!r}, not true or false"
    return ""


def _pair_fault(kind: str, parameters: Mapping[str, Any], dates: tuple[str, str] | None) -> str:
    """Faults of a job of two granules, the earlier first."""
    granules = parameters["granules"]
    if len(granules) != 2:
        return f"it has {len(granules)} granules, not two"
    pattern = SCENE if kind == "INSAR_GAMMA" else BURST
    return (
        _names_fault(granules, pattern)
        or _same(granules, pattern, "polarization", "polarizations {} and {}")
        or (_track_fault(granules) if kind == "INSAR_GAMMA" else _bursts_fault([granules[0]], [granules[1]]))
        or _order_fault([granules[0]], [granules[1]], pattern, dates)
    )


def _multi_fault(kind: str, parameters: Mapping[str, Any], dates: tuple[str, str] | None) -> str:
    """Faults of a job of several bursts of each date."""
    reference, secondary = parameters["reference"], parameters["secondary"]
    if not 1 <= len(reference) <= MOST_BURSTS or len(reference) != len(secondary):
        return f"it has {len(reference)} reference and {len(secondary)} secondary bursts, not the same number from 1 to {MOST_BURSTS}"
    both = [*reference, *secondary]
    return (
        _names_fault(both, BURST)
        or _same(both, BURST, "polarization", "polarizations {} and {}")
        or _bursts_fault(reference, secondary)
        or _order_fault(reference, secondary, BURST, dates)
    )


def _names_fault(granules: Sequence[str], pattern: re.Pattern[str]) -> str:
    what = "burst" if pattern is BURST else "scene (SLC of the IW mode)"
    wrong = next((granule for granule in granules if not pattern.fullmatch(granule)), None)
    return f"{wrong} is no name of a {what}" if wrong else ""


def _same(granules: Sequence[str], pattern: re.Pattern[str], part: str, words: str) -> str:
    found = sorted({_part(granule, pattern, part) for granule in granules})
    if len(found) > 1:
        return f"its granules have the {words.format(*found)}"
    if pattern is BURST and found[0] not in ("VV", "HH"):
        return f"polarization {found[0]} is neither VV nor HH"
    return ""


def _bursts_fault(reference: Sequence[str], secondary: Sequence[str]) -> str:
    """Both dates must have the same bursts, each once."""
    first, second = (
        [f"{_part(granule, BURST, 'number')}_{_part(granule, BURST, 'swath')}" for granule in granules]
        for granules in (reference, secondary)
    )
    if twice := next((burst for burst in first if first.count(burst) > 1), None):
        return f"burst {twice} is in it twice"
    if set(first) != set(second):
        alone = sorted(set(first) ^ set(second))[0]
        return f"burst {alone} has only one of its dates"
    return ""


def _track_fault(granules: Sequence[str]) -> str:
    from ...interferograms.hyp3_parameters import relative_orbit  # here: jobs are told apart while the workflow is planned

    tracks = [relative_orbit(int(_part(name, SCENE, "orbit")), _part(name, SCENE, "satellite")[2]) for name in granules]
    return f"its scenes are of relative orbits {tracks[0]} and {tracks[1]}" if tracks[0] != tracks[1] else ""


def _order_fault(
    reference: Sequence[str], secondary: Sequence[str], pattern: re.Pattern[str], dates: tuple[str, str] | None
) -> str:
    """The reference is one earlier pass."""
    try:
        passes = [sorted(time_of(_part(name, pattern, "time")) for name in granules) for granules in (reference, secondary)]
    except ValueError:
        return "a granule's time is none"
    if any(times[-1] - times[0] > _ONE_PASS for times in passes):
        return "bursts of one date are more than two minutes apart, so of two passes"
    if passes[0][-1] >= passes[1][0]:
        return "its reference is not earlier than its secondary"
    found = tuple(f"{times[0]:%Y%m%d}" for times in passes)
    return f"its granules are of {found[0]} and {found[1]}" if dates and found != dates else ""


def _part(granule: str, pattern: re.Pattern[str], part: str) -> str:
    match = pattern.fullmatch(granule)
    assert match is not None
    return str(match[part])
