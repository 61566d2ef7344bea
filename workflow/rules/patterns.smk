"""The files that jobs ask for: one for each vintage, model, batch or cube; and the targets of a study.

inputs:   the study, and for a number of origins the manifest of acquire
outputs:  lists of paths
steps:    none; functions for the other files
"""

from insarcast.core import last_origins
from insarcast.models import check_model, model_entry


@plainly
def models(wildcards):
    """Models of a cube's forecasts, persistence first."""
    named = study(wildcards.study).get("forecast.models", wildcards.cube)
    where = f"{study(wildcards.study).path}, cube '{wildcards.cube}'"
    for name in named:
        check_model(name, where, points=ready(wildcards))
    return ["persistence", *(name for name in named if name != "persistence")]


def grid_models(wildcards):
    """Those of them that are trained on tiles."""
    return [name for name in models(wildcards) if model_entry(name).view == "grid"]


@plainly
def origins(wildcards):
    """As-of vintages of a cube: the study's dates, or the last that acquire found."""
    wanted = study(wildcards.study).get("forecast.origins", wildcards.cube)
    if isinstance(wanted, int):
        found = checkpoints.acquire_products.get(
            study=wildcards.study, cube=wildcards.cube
        ).output.manifest
        history = study(wildcards.study).get("forecast.history", wildcards.cube)
        wanted = last_origins(found, wanted, history=history)
    return [f"asof-{date}" for date in wanted]


def clustered(wildcards):
    """Whether a cube is clustered."""
    return setting("cluster.method")(wildcards) != "none"


def simulated(wildcards):
    """Whether the truth of a cube is known."""
    return setting("source")(wildcards) == "simulate"


def raw_forecast(model):
    """Pattern of a model's raw forecast, without its ending: tiles are stitched first."""
    stage = "stitch" if plainly(model_entry)(model).view == "grid" else "forecast"
    return f"{CUBE}/{stage}/{model}"


def vintages_of(pattern):
    """A pattern once for each as-of vintage of the cube."""
    return lambda wildcards: expand(pattern, **wildcards, vintage=origins(wildcards))


def clusters_of(pattern):
    """The same, or nothing where a cube is not clustered."""
    return lambda wildcards: (
        vintages_of(pattern)(wildcards) if clustered(wildcards) else []
    )


def models_of(pattern):
    """A pattern once for each model of the cube, persistence first."""
    return lambda wildcards: expand(pattern, **wildcards, model=models(wildcards))


def raw_of(ending):
    """The raw forecast of the wildcards' model."""
    return lambda wildcards: (raw_forecast(wildcards.model) + ending).format(
        **wildcards
    )


def raws_of(ending):
    """Raw forecasts of every model of the cube, persistence first."""
    return lambda wildcards: [
        path
        for model in models(wildcards)
        for path in expand(raw_forecast(model) + ending, **wildcards)
    ]


def batches_of(pattern):
    """A pattern once for each batch of tiles."""
    return lambda wildcards: expand(
        pattern, **wildcards, batch=range(setting("tile.batches")(wildcards))
    )


def weights_of(wildcards):
    """The global model that a model of grids is, or is fine-tuned from; none for one that stands alone."""
    entry = model_entry(wildcards.model)
    shared = wildcards.model if entry.scope == "global" else entry.parent
    return expand(f"{CUBE}/forecast/global/{shared}", **wildcards) if shared else []


def cubes_of(pattern):
    """A pattern once for each cube of the study."""
    return lambda wildcards: expand(
        pattern, study=wildcards.study, cube=study(wildcards.study).cubes
    )


def targets(name):
    """What a study leaves, read when it is asked for; cubes that are only planned leave a plan, and what joins all cubes waits."""
    grids = [
        *("stack/full/cube.zarr", "evaluate/scores.parquet", "evaluate/maps.parquet"),
        "report/maps",
    ]
    points = [
        *("stack/full/series.zarr", "evaluate/series.parquet"),
        *("evaluate/space.parquet", "report/maps/points.gpkg"),
    ]
    leaves = {
        **dict.fromkeys(READY, points),
        "simulate": [*grids, "evaluate/truth.parquet"],
    }

    def wanted(wildcards):
        planned = planned_cubes(name, wildcards)
        leaves_of = lambda cube: [
            *leaves.get(source := study(name).get("source", cube), grids),
            *(
                ["stack/full/filtered.zarr"]
                if source not in READY
                and study(name).get("stack.filter.method", cube) != "none"
                else []
            ),
        ]
        joined = ["stack/decomposed.zarr"] if study(name).get("decompose.cubes") else []
        return [
            *(
                f"results/{name}/{cube}/{leaf}"
                for cube in study(name).cubes
                for leaf in (PLANNED_LEAVES if cube in planned else leaves_of(cube))
            ),
            *(
                f"results/{name}/{leaf}"
                for leaf in [*joined, "report/index.html"]
                if not planned
            ),
        ]

    return wanted
