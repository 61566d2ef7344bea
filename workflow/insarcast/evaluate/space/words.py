"""What the spatial statistics of a ready series say, in words."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

ALPHA = 0.05


def space_sentences(table: pd.DataFrame, model: str, neighbours: str) -> list[str]:
    """Sentences on the model's residuals beside the truth, and on hot spots.

    Args:
        table: of map_residuals.
        model: whose residuals are told.
        neighbours: who counts as a neighbour, in words.
    """
    if table.empty:
        return ["No date has scored points, so nothing can be said about where errors gather."]
    return [*_alike(table, model, neighbours), *_spots(table, model)]


def _alike(table: pd.DataFrame, model: str, neighbours: str) -> Iterator[str]:
    first = int(table["horizon"].min())
    ahead = f"{first} step{'s' if first > 1 else ''} ahead"
    own = table[(table["horizon"] == first) & table["moran_i"].notna()]
    residual = own[(own["layer"] == "residual") & (own["model"] == model)]
    truth = own[own["layer"] == "truth"]
    if residual.empty or truth.empty:
        yield "There are too few scored points for Moran's I."
        return
    significant = int((residual["moran_p"] < ALPHA).sum())
    yield (
        f"Moran's I of the residuals of {model} {ahead}, with {neighbours} as neighbours, is {residual['moran_i'].mean():.2f} "
        f"on average over {len(residual)} origin{'s' if len(residual) > 1 else ''} "
        f"({truth['moran_i'].mean():.2f} for the true increments; 0 where neighbours have nothing in common); "
        f"{significant} of them differ{'s' if significant == 1 else ''} from chance at the 5 % level."
    )


def _spots(table: pd.DataFrame, model: str) -> Iterator[str]:
    counted = table[table["gi_hot"].notna()]
    for horizon in sorted(counted["horizon"].unique()):
        own = counted[counted["horizon"] == horizon]
        truth, forecast = own[own["layer"] == "truth"], own[(own["layer"] == "prediction") & (own["model"] == model)]
        if len(truth) == 1 and len(forecast) == 1:
            (_, seen), (_, told) = next(truth.iterrows()), next(forecast.iterrows())
            date = pd.Timestamp(seen["origin"]).date()
            yield (
                f"From {date}, {horizon} step{'s' if horizon > 1 else ''} ahead, {seen['gi_hot']:.0f} of {seen['n']} points were in hot "
                f"spots and {seen['gi_cold']:.0f} in cold ones; {model} told {told['gi_hot']:.0f} and {told['gi_cold']:.0f}."
            )
