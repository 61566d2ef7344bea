"""Rolling origins: a model is tried on every date after its training, as it would have been used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast.core import InsarcastError, Split
from insarcast.models import Forecaster, TrainingData

from .increments import observed_increments
from .past import SPREAD, spread

PAST, TEST, NEWEST = "past", "test", "newest"
Refit = Literal["first", "each"]
# Most values of a forecast in memory at once.
VALUES = 20_000_000


@dataclass(frozen=True, eq=False)
class Rolling:
    """Dates that forecasts start from.

    Attributes:
        indices: ``(origin,)`` their indices, ascending.
        roles: ``past`` (tried first: what every choice and calibration may learn from), ``test`` (scored), ``newest`` (the last
            date, whose future nobody knows) of each.
        gap: dates before the first origin of a role that a model which learns from all points must not see.
    """

    indices: NDArray[np.intp]
    roles: tuple[str, ...]
    gap: int = 0

    @classmethod
    def of(cls, dates: int, settings: Mapping[str, Any], where: str = "The series") -> Self:
        """Origins of a series of so many dates by the study's ``backtest``.

        With n dates the first ``int(train n)`` are for training and every choice; each date from the last of them to the last but
        one is a test origin, and the last ``int(past n)`` before it are past origins.

        Args:
            dates: number of dates.
            settings: ``train``, ``past`` (shares of the dates) and ``gap``.
            where: what the sentence of an error names.

        Raises:
            InsarcastError: too few dates, or shares that leave nothing to learn from.
        """
        train, past, gap = settings["train"], settings["past"], settings["gap"]
        first = int(round(train * dates, 6)) - 1  # 0.8 * 150 is not 120 in floating point
        earliest = int(round((train - past) * dates, 6)) - 1
        if earliest - gap < 4 or first > dates - 2 or earliest >= first:
            raise InsarcastError(
                f"{where}: {dates} dates with backtest.train {train}, backtest.past {past} and backtest.gap {gap} leave "
                f"{max(earliest + 1 - gap, 0)} dates to learn from before the first trial and {max(dates - 1 - first, 0)} to test on; "
                "5 and 1 are needed: take more dates or other shares."
            )
        roles = [PAST] * (first - earliest) + [TEST] * (dates - 1 - first) + [NEWEST]
        return cls(np.arange(earliest, dates), tuple(roles), gap)

    def fits(self, refit: Refit) -> list[tuple[int, NDArray[np.intp]]]:
        """When a model that learns from all points is fitted, and for which origins.

        Returns:
            (index of the last date that the fit may see, positions of the origins in ``indices``) of each fit. The past origins
            have one of their own, the newest always too: nobody would forecast tomorrow with last year's parameters.
        """
        roles = np.array(self.roles)
        groups = [np.flatnonzero(roles == role) for role in (PAST, TEST, NEWEST)]
        if refit == "each":
            groups = [np.array([at]) for group in groups for at in group]
        # The newest origin is not scored: nothing needs to be held back from it.
        return [(int(self.indices[g[0]]) - (self.gap if roles[g[0]] != NEWEST else 0), g) for g in groups if g.size]


def backtest(
    make: Callable[[], Forecaster],
    data: TrainingData,
    rolling: Rolling,
    horizons: Sequence[int],
    quantiles: Sequence[float],
    *,
    local: bool,
    apart: bool = True,
    refit: Refit = "first",
    seed: int = 0,
    device: str = "cpu",
) -> xr.Dataset:
    """Forecast from rolling origins, and set what happened beside it.

    Args:
        make: gives a new, unfitted model.
        data: the points; the calendar must reach the newest origin's targets.
        rolling: the origins.
        horizons: steps ahead.
        quantiles: levels; 0.5 is added.
        local: the model looks at each point by itself, and estimates its parameters anew at every origin from all that is known.
        apart: a fitted model forecasts each point apart from the others, so that points may be taken part by part.
        refit: how often a model that learns from all points is fitted.
        seed: seed of everything random.
        device: where models are trained.

    Returns:
        ``increment`` (origin, horizon, quantile, point), ``sd`` (half the distance between the 15.9 % and 84.1 % quantiles) and
        ``observed`` (origin, horizon, point), float32 mm, positive towards the satellite; coordinates ``target_time`` and ``role``.
        ``observed`` is NaN where the target is not known, or a bridged step or the join of two releases lies on the way.
    """
    levels = sorted({0.5, *quantiles})
    asked = sorted({*levels, *SPREAD})
    shape = (len(rolling.indices), len(horizons), len(levels), data.points)
    increment = np.full(shape, np.nan, "float32")
    sd = np.full((*shape[:2], shape[3]), np.nan, "float32")
    targets = np.full(shape[:2], np.datetime64("NaT"), "datetime64[ns]")
    fits = [(int(rolling.indices[0]), np.arange(len(rolling.indices)))] if local else rolling.fits(refit)
    low, high = (asked.index(level) for level in SPREAD)
    index = np.arange(data.points)
    for end, places in fits:
        origins = [np.datetime64(date) for date in data.time[rolling.indices[places]]]
        split = Split(np.datetime64(data.time[end]), tuple(origins), tuple(horizons), rolling.gap)
        model = make().fit(data, split, seed=seed, device=device)
        for points, some in _parts(data.points, places, len(horizons) * len(asked), apart or local):
            starts = [np.datetime64(date) for date in data.time[rolling.indices[some]]]
            said = model.predict(data if points == slice(None) else data.take(index[points]), starts, horizons, asked)
            values = said.increment.values
            increment[some, ..., points] = values[:, :, [asked.index(level) for level in levels]]
            sd[some, ..., points] = spread(values[:, :, low], values[:, :, high])
            targets[some] = said.target_time.values
    dims = ("origin", "horizon", "quantile", "point")
    meaning = {"units": "mm", "sign": "positive towards the satellite"}
    return xr.Dataset(
        {
            "increment": (dims, increment, meaning),
            "sd": ((*dims[:2], "point"), sd, {"units": "mm"}),
            "observed": (
                (*dims[:2], "point"),
                observed_increments(data, rolling.indices, horizons).astype("float32"),
                meaning,
            ),
        },
        coords={
            "origin": data.time[rolling.indices].astype("datetime64[ns]"),
            "horizon": np.asarray(horizons, "int64"),
            "quantile": np.array(levels),
            "target_time": (("origin", "horizon"), targets),
            "role": ("origin", np.array(rolling.roles)),
        },
    )


def _parts(points: int, places: NDArray[np.intp], layers: int, apart: bool) -> Iterator[tuple[slice, NDArray[np.intp]]]:
    """Points and origins to ask for at once, so that what a model says stays within bounds."""
    if apart:
        some = max(1, VALUES // max(layers * len(places), 1))
        yield from ((slice(first, first + some) if some < points else slice(None), places) for first in range(0, points, some))
    else:
        few = max(1, VALUES // max(layers * points, 1))
        yield from ((slice(None), places[first : first + few]) for first in range(0, len(places), few))
