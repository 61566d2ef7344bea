"""forecast, ready series: each model tried from rolling origins, in retrospect.

inputs:   stack/full/series.zarr
outputs:  results/{study}/{cube}/forecast/series/{model}-{batch}.zarr: forecasts from past, test and newest origins, and what happened
steps:    backtest_series
"""


rule backtest_series:
    input:
        series=f"{CUBE}/stack/full/series.zarr",
    output:
        forecast=directory(f"{CUBE}/forecast/series/{{model}}-{{batch}}.zarr"),
    log:
        "logs/backtest_series/{study}/{cube}/{model}-{batch}.log",
    benchmark:
        f"{BENCHMARKS}/backtest_series/{{study}}/{{cube}}/{{model}}-{{batch}}.tsv"
    conda:
        "../../envs/learn-cuda.yaml" if GPU else "../../envs/learn-cpu.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime="4h",
        gpu=int(GPU),
    params:
        model="{model}",
        settings=own_settings,
        protocol=setting("backtest"),
        quantiles=setting("forecast.quantiles"),
        batch=lambda wildcards: int(wildcards.batch),
        seed=setting("forecast.seed"),
        device=setting("forecast.device"),
        code=code(
            "backtest_series", lambda wildcards: plainly(model_module)(wildcards.model)
        ),
    message:
        "Trying {wildcards.model} on {wildcards.cube}"
    script:
        "../scripts/door.py"
