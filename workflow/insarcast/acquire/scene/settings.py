"""Settings of a scene: the schema's defaults filled in, and what no schema of single keys can say."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import date
from functools import cache
from math import isfinite
from typing import Any

import yaml

from insarcast.core import InsarcastError
from insarcast.lazy import ROOT


def complete_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with every default of the study schema's ``simulate``, also inside the list of bowls.

    Args:
        settings: the study's ``simulate``, or any part of it.

    Raises:
        InsarcastError: an unknown key, or values that cannot go together; the sentence names them.
    """
    whole = _fill(settings, _schema(), "simulate")
    whole["area"]["pixel"] = float(whole["area"]["pixel"])
    _check_acquisitions(whole["acquisitions"])
    if whole["layout"] == "hyp3" and not (whole["area"]["pixel"].is_integer() and 10 <= whole["area"]["pixel"] <= 99):
        raise InsarcastError(
            f"simulate.area.pixel is {whole['area']['pixel']:g}, but HyP3's names tell it with two digits; "
            "give a whole number of m from 10 to 99, or set simulate.layout: licsar."
        )
    for number, bowl in enumerate(whole["bowls"]):
        _check_bowl(bowl, f"simulate.bowls.{number}")
    longer, shorter = whole["troposphere"]["scales"]
    if longer <= shorter:
        raise InsarcastError(
            f"simulate.troposphere.scales is [{longer:g}, {shorter:g}], but the longer wavelength comes first; swap them."
        )
    for cover in ("bare", "vegetation", "water"):
        _check_decay(whole["coherence"][cover], f"simulate.coherence.{cover}")
    if whole["area"]["vegetation"] + whole["area"]["water"] > 0.9:
        raise InsarcastError(
            "simulate.area: vegetation and water together leave less than a tenth of the scene as stable, coherent ground, "
            "which a reference point needs; lower one."
        )
    return whole


@cache
def _schema() -> dict[str, Any]:
    """The part of the study schema that describes a scene; read here, so that a change in checking studies makes no scene anew."""
    whole = yaml.safe_load((ROOT / "schemas/study.schema.yaml").read_text(encoding="utf-8"))
    return dict(whole["$defs"]["simulate"])


def _fill(values: Mapping[str, Any], node: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A copy with the defaults of ``node``, down into sections and lists of sections."""
    known = node["properties"]
    if unknown := [key for key in values if key not in known]:
        raise InsarcastError(f"unknown key '{where}.{unknown[0]}'; known are {', '.join(known)}.")
    if lacking := [key for key in node.get("required", ()) if key not in values]:
        raise InsarcastError(f"the key '{where}.{lacking[0]}' is missing.")
    filled: dict[str, Any] = {}
    for key, sub in known.items():
        value = copy.deepcopy(values[key]) if key in values else copy.deepcopy(sub.get("default"))
        if isinstance(value, dict):
            value = _fill(value, sub, f"{where}.{key}")
        elif isinstance(value, list) and "properties" in sub.get("items", {}):
            value = [_fill(item, sub["items"], f"{where}.{key}.{number}") for number, item in enumerate(value)]
        filled[key] = value
    return filled


def _check_acquisitions(acquisitions: Mapping[str, Any]) -> None:
    if acquisitions["count"] < 3:
        raise InsarcastError(
            f"simulate.acquisitions.count is {acquisitions['count']}, but a time series needs at least three dates; raise it."
        )
    try:
        date.fromisoformat(acquisitions["start"])
    except ValueError:
        raise InsarcastError(
            f"simulate.acquisitions.start is '{acquisitions['start']}', which is no date; write it like \"2021-01-09\"."
        ) from None


def _check_bowl(bowl: Mapping[str, Any], where: str) -> None:
    for key in ("rate", "radius", "seasonal"):
        if not isfinite(bowl[key]):
            raise InsarcastError(f"{where}.{key} is {bowl[key]}, but must be a finite number.")
    for share, name in zip(bowl["place"], ("west to east", "north to south"), strict=True):
        if not 0 <= share <= 1:
            raise InsarcastError(
                f"{where}.place is {bowl['place']}, which lies outside the scene; give shares from 0 to 1 ({name})."
            )
    if bowl["radius"] <= 0:
        raise InsarcastError(f"{where}.radius is {bowl['radius']:g}, but a bowl needs a radius above 0 m.")
    constant = bowl["time_constant"]
    if bowl["kind"] in ("accelerating", "decaying"):
        if constant is None:
            raise InsarcastError(f"{where} is {bowl['kind']}, but has no time_constant; give it in years.")
        if not (isfinite(constant) and constant > 0):
            raise InsarcastError(f"{where}.time_constant is {constant:g}, but must be above 0 years.")
    if bowl["age"] <= 0:
        raise InsarcastError(f"{where}.age is {bowl['age']:g}, but must be above 0 years: at 0 the rate is infinite.")
    if bowl["kind"] == "seasonal" and bowl["seasonal"] <= 0:
        raise InsarcastError(f"{where} is seasonal, but its amplitude 'seasonal' is 0; give it in mm.")
    if not 0 <= bowl["onset"] < 1:
        raise InsarcastError(f"{where}.onset is {bowl['onset']:g}, but must be a share of the record, from 0 to below 1.")


def _check_decay(decay: list[float], where: str) -> None:
    first, last, days = decay
    if not 0 <= last <= first <= 1:
        raise InsarcastError(f"{where} is {decay}, but coherence falls from its first to its last value between 1 and 0.")
    if days <= 0:
        raise InsarcastError(f"{where} decays within {days:g} days; give more than 0.")
