"""forecast: what each model expects, from every origin.

inputs:   stack/asof-yyyymmdd/cube.zarr of every origin; stack/full/cube.zarr for the acquisition calendar and the newest origin
outputs:  results/{study}/{cube}/forecast/: {model}.zarr, and {model}-past.zarr for the calibration
steps:    forecast_cube
"""

from insarcast.models import model_module


rule forecast_cube:
    input:
        vintages=vintages_of(f"{CUBE}/stack/{{vintage}}/cube.zarr"),
        full=f"{CUBE}/stack/full/cube.zarr",
    output:
        forecast=directory(f"{CUBE}/forecast/{{model}}.zarr"),
        past=directory(f"{CUBE}/forecast/{{model}}-past.zarr"),
    log:
        "logs/forecast_cube/{study}/{cube}/{model}.log",
    benchmark:
        f"{BENCHMARKS}/forecast_cube/{{study}}/{{cube}}/{{model}}.tsv"
    conda:
        "../../envs/stack.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="2h",
    params:
        model="{model}",
        horizons=setting("forecast.horizons"),
        quantiles=setting("forecast.quantiles"),
        history=setting("forecast.history"),
        seed=setting("forecast.seed"),
        code=lambda wildcards: code(
            "forecast_cube", plainly(model_module)(wildcards.model)
        ),
    message:
        "Forecasting {wildcards.cube} by {wildcards.model}"
    script:
        "../scripts/door.py"
