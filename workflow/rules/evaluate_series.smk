"""evaluate, ready series: every model against what happened, in retrospect, and where its errors gather.

inputs:   stack/full/series.zarr, the truth
          combine/series/{model}.zarr of every model and of what is made of them, combine/ensembles/auto.json
          cluster/series.zarr, where the points are clustered
outputs:  results/{study}/{cube}/evaluate/: series.parquet, series.csv, significance.parquet, pit.parquet, series_errors.zarr,
          noise.json; space.parquet, space.zarr, space.json
steps:    score_series, map_residuals
"""


rule score_series:
    input:
        series=f"{CUBE}/stack/full/series.zarr",
        forecasts=series_models(f"{CUBE}/combine/series/{{model}}.zarr"),
        choice=lambda wildcards: (
            expand(f"{CUBE}/combine/ensembles/auto.json", **wildcards)
            if ensembles(wildcards)
            else []
        ),
        clusters=lambda wildcards: (
            expand(f"{CUBE}/cluster/series.zarr", **wildcards)
            if clustered(wildcards)
            else []
        ),
    output:
        scores=f"{CUBE}/evaluate/series.parquet",
        table=f"{CUBE}/evaluate/series.csv",
        significance=f"{CUBE}/evaluate/significance.parquet",
        pit=f"{CUBE}/evaluate/pit.parquet",
        errors=directory(f"{CUBE}/evaluate/series_errors.zarr"),
        noise=f"{CUBE}/evaluate/noise.json",
    log:
        "logs/score_series/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/score_series/{{study}}/{{cube}}.tsv"
    conda:
        "../../envs/stack.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime="4h",
    params:
        velocity_classes=setting("evaluate.velocity_classes"),
        dates=setting("backtest.dates"),
        seed=setting("forecast.seed"),
        code=code("score_series"),
    message:
        "Scoring the forecasts of {wildcards.cube} in retrospect, persistence first"
    script:
        "../scripts/door.py"


rule map_residuals:
    input:
        series=f"{CUBE}/stack/full/series.zarr",
        errors=rules.score_series.output.errors,
    output:
        space=f"{CUBE}/evaluate/space.parquet",
        layers=directory(f"{CUBE}/evaluate/space.zarr"),
        record=f"{CUBE}/evaluate/space.json",
    log:
        "logs/map_residuals/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/map_residuals/{{study}}/{{cube}}.tsv"
    conda:
        "../../envs/stack.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime="4h",
    params:
        neighbours=setting("evaluate.neighbours"),
        seed=setting("forecast.seed"),
        code=code("map_residuals"),
    message:
        "Looking at where the errors of {wildcards.cube} gather"
    script:
        "../scripts/door.py"
