"""The files of ready series: one vintage, tried in retrospect by many models.

inputs:   the study
outputs:  lists of paths
steps:    none; functions for the other files
"""

from insarcast.core import READY

# What is made of several models.
ENSEMBLES = ("auto", "stacking")


def ready(wildcards):
    """Whether a cube is a ready displacement series of points: it has one vintage, and is tried retrospectively."""
    return setting("source")(wildcards) in READY


def batches_of_series(model):
    """Raw forecasts of a ready series by one model: local models are tried on shares of the points, others on all of them."""
    local = plainly(model_entry)(model).scope == "series"
    return lambda wildcards: expand(
        f"{CUBE}/forecast/series/{model}-{{batch}}.zarr",
        **wildcards,
        batch=range(setting("backtest.batches")(wildcards) if local else 1),
    )


@plainly
def among(wildcards):
    """Models that are combined, persistence first."""
    chosen = setting("combine.among")(wildcards) or models(wildcards)
    if missing := [name for name in chosen if name not in models(wildcards)]:
        raise InsarcastError(
            f"{study(wildcards.study).path}, cube '{wildcards.cube}': combine.among names '{missing[0]}', which forecast.models "
            "does not; name it there, or leave it out here."
        )
    return ["persistence", *(name for name in chosen if name != "persistence")]


def ensembles(wildcards):
    """What is made of a ready series' models, where there are several to choose from."""
    return ENSEMBLES if len(among(wildcards)) > 1 else ()


def series_models(pattern):
    """A pattern once for each model of a ready series, persistence first, then what is made of them."""
    return lambda wildcards: expand(
        pattern, **wildcards, model=[*models(wildcards), *ensembles(wildcards)]
    )
