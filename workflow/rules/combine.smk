"""combine: intervals that cover, and the model that did best in the past.

inputs:   forecast/{model}.zarr and {model}-past.zarr, or stitch/ for models of grids; the velocity of the cubes they were made from
outputs:  results/{study}/{cube}/combine/: {model}.zarr (calibrated), choice.json
steps:    calibrate_forecast, choose_model
"""


rule calibrate_forecast:
    input:
        forecast=raw_of(".zarr"),
        past=raw_of("-past.zarr"),
        vintages=vintages_of(f"{CUBE}/stack/{{vintage}}/cube.zarr"),
        full=f"{CUBE}/stack/full/cube.zarr",
    output:
        calibrated=directory(f"{CUBE}/combine/{{model}}.zarr"),
    log:
        "logs/calibrate_forecast/{study}/{cube}/{model}.log",
    benchmark:
        f"{BENCHMARKS}/calibrate_forecast/{{study}}/{{cube}}/{{model}}.tsv"
    conda:
        "../../envs/stack.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="1h",
    params:
        min_origins=setting("combine.min_origins"),
        min_blocks=setting("combine.min_blocks"),
        block=setting("combine.block"),
        velocity_classes=setting("evaluate.velocity_classes"),
        code=code("calibrate_forecast"),
    message:
        "Calibrating the intervals of {wildcards.model} on the past of {wildcards.cube}"
    script:
        "../scripts/door.py"


rule choose_model:
    input:
        pasts=raws_of("-past.zarr"),
        vintages=vintages_of(f"{CUBE}/stack/{{vintage}}/cube.zarr"),
        full=f"{CUBE}/stack/full/cube.zarr",
    output:
        choice=f"{CUBE}/combine/choice.json",
    log:
        "logs/choose_model/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/choose_model/{{study}}/{{cube}}.tsv"
    conda:
        "../../envs/stack.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        velocity_classes=setting("evaluate.velocity_classes"),
        code=code("choose_model"),
    message:
        "Choosing the model that did best in the past of {wildcards.cube}"
    script:
        "../scripts/door.py"


include: "combine_series.smk"
