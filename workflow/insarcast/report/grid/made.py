"""How displacement and forecasts of a grid came about."""

from __future__ import annotations

import json
from typing import Any

import xarray as xr

from insarcast.core import Manifest, open_cube, open_store

from ..displacement import sentences
from ..made.tile_lines import grid_lines
from ..stack import inversion_words, ready_words, source_words
from ..stack.pairs import pair_counts
from ..writing import words
from .sources import Sources


def _source(manifest: Manifest) -> str:
    """Where the products are from; what was simulated says so, whatever layout it has."""
    return str(manifest.source) if manifest.truth is None else "simulated"


def made_lines(manifest: Manifest, found: dict[str, Any], source: Sources, store: xr.Dataset) -> list[str]:
    """How displacement and forecasts came about, in sentences."""
    models = words.listed([_labelled(each) for each in map(open_store, source.forecasts)])
    origins = words.listed([words.day(str(value)[:10]) for value in store.origin.values])
    if ready_words.is_ready(found):
        *before, forecasts = ready_words.made(found, _source(manifest), origins)
    else:
        *before, forecasts = _inverted(manifest, found, origins)
    lines = [
        before[0],
        source_words.cut(manifest, open_cube(source.cube)),
        *before[1:],
        *inversion_words.corrections(_steps(source)),
        *sentences.fitted(open_cube(source.cube)),
        forecasts,
        f"Models: {models}.",
        *(str(open_store(path).attrs.get("sentence", "")) for path in source.clusters),
        *grid_lines(source.batches, source.seams),
    ]
    return [line for line in lines if line]


def _inverted(manifest: Manifest, found: dict[str, Any], origins: str) -> list[str]:
    """How interferograms became displacement, and where forecasts start."""
    kept = pair_counts(found)[0]
    return [
        f"{words.count(len(manifest.pairs), 'interferogram')} of {words.count(found['dates_found'], 'date')} were read "
        f"({_source(manifest)}) and put on one grid.",
        f"{words.count(kept, 'interferogram')} passed the gates (coverage, coherence, loop closure) and were inverted by "
        f"{inversion_words.solver(found.get('inversion', {}))}, pixel by pixel.",
        inversion_words.noise(found),
        inversion_words.unwrapping(found),
        str(found["reference"].get("sentence", "")),
        f"Forecasts start from {origins}; each origin has its own cube, made from acquisitions up to that date only.",
    ]


def _steps(source: Sources) -> list[dict[str, Any]]:
    """What was taken off after the inversion."""
    return [step for path in source.corrections for step in json.loads(path.read_text(encoding="utf-8"))["steps"]]


def _labelled(store: xr.Dataset) -> str:
    """A model with its meaning: drift (the mean rate goes on)."""
    name = words.model(str(store.attrs["model"]))
    label = str(store.attrs.get("label") or "").removeprefix(f"{name}, ")
    return f"{name} ({label})" if label else name
