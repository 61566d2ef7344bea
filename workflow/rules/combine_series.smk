"""combine, ready series: what is made of several models, and intervals that cover.

inputs:   forecast/series/{model}-{batch}.zarr, of which the past origins are learnt from; stack/full/series.zarr
outputs:  results/{study}/{cube}/combine/: ensembles/{auto,stacking}.zarr and auto.json; series/{model}.zarr (calibrated)
steps:    combine_series, calibrate_series
"""


rule combine_series:
    input:
        forecasts=lambda wildcards: [
            path
            for model in among(wildcards)
            for path in batches_of_series(model)(wildcards)
        ],
        series=f"{CUBE}/stack/full/series.zarr",
    output:
        auto=directory(f"{CUBE}/combine/ensembles/auto.zarr"),
        stacking=directory(f"{CUBE}/combine/ensembles/stacking.zarr"),
        choice=f"{CUBE}/combine/ensembles/auto.json",
    log:
        "logs/combine_series/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/combine_series/{{study}}/{{cube}}.tsv"
    conda:
        "../../envs/stack.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime="2h",
    params:
        velocity_classes=setting("evaluate.velocity_classes"),
        half_life=setting("combine.choice_half_life"),
        seed=setting("forecast.seed"),
        code=code("combine_series"),
    message:
        "Combining the models of {wildcards.cube}"
    script:
        "../scripts/door.py"


rule calibrate_series:
    input:
        forecasts=lambda wildcards: (
            [f"{CUBE}/combine/ensembles/{wildcards.model}.zarr".format(**wildcards)]
            if wildcards.model in ENSEMBLES
            else batches_of_series(wildcards.model)(wildcards)
        ),
        series=f"{CUBE}/stack/full/series.zarr",
    output:
        calibrated=directory(f"{CUBE}/combine/series/{{model}}.zarr"),
    log:
        "logs/calibrate_series/{study}/{cube}/{model}.log",
    benchmark:
        f"{BENCHMARKS}/calibrate_series/{{study}}/{{cube}}/{{model}}.tsv"
    conda:
        "../../envs/stack.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime="2h",
    params:
        velocity_classes=setting("evaluate.velocity_classes"),
        min_origins=setting("combine.min_origins"),
        half_life=setting("combine.half_life"),
        code=code("calibrate_series"),
    message:
        "Calibrating the intervals of {wildcards.model} on the past of {wildcards.cube}"
    script:
        "../scripts/door.py"
