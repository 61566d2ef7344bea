"""Which fits a model of grids needs, and training them once: what was trained lies in the cache, and a tile that fails is tried again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from insarcast.core import InsarcastError, Split, code_hash, fingerprint, write_json
from insarcast.models import Forecaster, TrainingData, choose_device, load_model, make_model, model_module

from .origins import Start
from .past import earlier_dates

PAST = "past"
# What may go wrong with one tile and not with the next: a loss that diverges, a card without memory (torch's are RuntimeErrors).
FAILURES = (InsarcastError, ArithmeticError, RuntimeError, MemoryError)


class TrainingError(InsarcastError):
    """Every attempt to train a tile failed."""

    def __init__(self, reason: str, attempts: int) -> None:
        super().__init__(reason)
        self.attempts = attempts


@dataclass(frozen=True)
class Fit:
    """One fit.

    Attributes:
        name: ``past`` for the earlier origins, else the vintage whose cube it learns from.
        at: index of the origin whose cube it learns from.
        split: end of training, origins and horizons.
    """

    name: str
    at: int
    split: Split


@dataclass(frozen=True)
class Plan:
    """The fits of a model.

    Attributes:
        past: the fit that is asked at the earlier origins, or None where there are none.
        origins: the fit of each origin; with ``refit: first`` all have the first one's.
    """

    past: Fit | None
    origins: list[Fit]

    @property
    def fits(self) -> list[Fit]:
        """Each fit once, the past's first."""
        every = [*([self.past] if self.past else []), *self.origins]
        return list({fit.name: fit for fit in every}.values())


def plan_fits(starts: Sequence[Start], steps: Sequence[int], history: int, refit: str) -> Plan:
    """What to train, so that no fit sees anything later than what it forecasts from.

    Args:
        starts: the origins, ascending.
        steps: horizons.
        history: dates up to and with the first earlier origin.
        refit: ``each`` origin has a fit of its own, or all share the ``first`` one's.
    """
    first = [start.time[indices[0]] for start in starts if len(indices := earlier_dates(start, history))]
    past = None
    if first:
        # The first earlier origin of all; its date may have been dropped from the first cube, then the date before it.
        end = starts[0].time[starts[0].time <= min(first)]
        if len(end):
            past = Fit(PAST, 0, Split(end[-1], (end[-1],), tuple(steps)))
    own = [Fit(start.vintage, at, Split(start.origin, (start.origin,), tuple(steps))) for at, start in enumerate(starts)]
    return Plan(past, own if refit == "each" else [own[0]] * len(own))


class Trained(NamedTuple):
    """A trained model, and how it came about.

    Attributes:
        model: the fitted forecaster.
        record: ``seed`` it was trained with, ``attempts``, ``reason`` why earlier ones failed (or ""), ``epochs`` (training and
            validation loss), ``best_epoch`` (whose weights were kept).
    """

    model: Forecaster
    record: dict[str, Any]

    def entry(self, fit: Fit) -> dict[str, Any]:
        """The fit's entry in the list of a batch."""
        kind = PAST if fit.name == PAST else "origin"
        return {"name": kind, "vintage": fit.name, "train_end": str(fit.split.train_end), **self.record}


@dataclass(frozen=True)
class Trainer:
    """Trains a registered model, or takes from the cache what an earlier run has trained from the same data in the same way.

    Attributes:
        name: registered name.
        settings: of the model.
        seed: of the first attempt; each further one takes the next seed.
        retries: further attempts after a failure.
        device: ``auto``, ``cpu`` or ``cuda``.
        cache: folder of trained models.
        function: public name of the rule's function, whose code is part of what a cached model is known by.
    """

    name: str
    settings: dict[str, Any]
    seed: int
    retries: int
    device: str
    cache: Path
    function: str

    def train(self, datas: Sequence[TrainingData], fit: Fit, parent: Path | None = None) -> Trained:
        """Fit the model to one tile, or to several tiles together; from ``parent``'s weights where given.

        Raises:
            InsarcastError: every attempt failed; the sentence is the first one's.
        """
        place = self.cache / self.name / self._key(datas, fit, parent)
        if place.is_dir():
            print(f"{fit.name}: trained by an earlier run, taken from {place}", file=sys.stderr, flush=True)
        else:
            self._train(datas, fit, parent, place)
        return read_trained(self.name, place, self.device)

    def _train(self, datas: Sequence[TrainingData], fit: Fit, parent: Path | None, place: Path) -> None:
        reasons: list[str] = []
        for attempt in range(self.retries + 1):
            seed = self.seed + attempt
            try:
                model = self._fit(datas, fit, parent, seed)
            except FAILURES as error:
                reasons.append(reason_of(error))
                print(
                    f"{fit.name}: attempt {attempt + 1} of {self.retries + 1} failed: {reasons[-1]}", file=sys.stderr, flush=True
                )
                continue
            record = {
                "seed": seed,
                "attempts": attempt + 1,
                "reason": reasons[0] if reasons else "",
                "epochs": list(getattr(model, "epochs", [])),
                "best_epoch": getattr(model, "best_epoch", None),
            }
            _keep(Trained(model, record), place)
            return
        raise TrainingError(reasons[0], len(reasons))

    def _fit(self, datas: Sequence[TrainingData], fit: Fit, parent: Path | None, seed: int) -> Forecaster:
        model: Any = make_model(self.name, **self.settings) if parent is None else load_model(self.name, parent)
        learn: Callable[..., Any] = model.fit_many if len(datas) > 1 else model.fit if parent is None else model.refine
        fitted: Forecaster = learn(datas if len(datas) > 1 else datas[0], fit.split, seed=seed, device=self.device, progress=True)
        return fitted

    def _key(self, datas: Sequence[TrainingData], fit: Fit, parent: Path | None) -> str:
        """What a trained model depends on: data up to the end of training, split, settings, seed, code, engine, the parent's weights."""
        total = hashlib.sha256()
        for data in datas:
            known = data.until(fit.split.train_end)
            for part in (known.displacement, known.observed, known.time, *known.pixels, np.array(known.shape)):
                total.update(np.ascontiguousarray(part).tobytes())
        for file in sorted(parent.rglob("*")) if parent else []:
            if file.is_file():
                total.update(file.read_bytes())
        split = [str(fit.split.train_end), [str(origin) for origin in fit.split.origins], list(fit.split.horizons)]
        code = code_hash(self.function, model_module(self.name))
        return fingerprint([total.hexdigest(), split, self.settings, self.seed, code, _engine(self.device)])


def write_trained(trained: Trained, folder: Path) -> None:
    """Write the model and its record into a new folder."""
    folder.mkdir(parents=True)
    trained.model.save(folder / "model")
    write_json(folder / "record.json", trained.record)


def read_trained(name: str, folder: Path, device: str) -> Trained:
    """What :func:`write_trained` wrote; ``name`` is the model's registered one, ``device`` where it will forecast."""
    model: Any = load_model(name, folder / "model")
    model.device = device
    return Trained(model, json.loads((folder / "record.json").read_text(encoding="utf-8")))


def reason_of(error: BaseException) -> str:
    """An error in one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _engine(device: str) -> list[str]:
    """What computes: other kinds of devices, and other versions of torch, give other bits."""
    return [choose_device(device).type, metadata.version("torch")]


def _keep(trained: Trained, place: Path) -> None:
    """Write beside, then rename: a killed run leaves no half model under its name."""
    part = place.with_name(f".part-{place.name}-{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    write_trained(trained, part)
    try:
        part.rename(place)
    except OSError:  # another job has trained the same meanwhile
        if not place.is_dir():
            raise
        shutil.rmtree(part)
