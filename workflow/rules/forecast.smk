"""forecast: what each model expects, from every origin.

inputs:   stack/asof-yyyymmdd/cube.zarr of every origin; stack/full/cube.zarr for the acquisition calendar and the newest origin
          tile/tiles.gpkg for the models of grids
outputs:  results/{study}/{cube}/forecast/: {model}.zarr, and {model}-past.zarr for the calibration;
          of models of grids tiles/{model}-{batch}, and global/{model} where one network serves all tiles
steps:    forecast_cube; train_global, train_tiles; those of forecast_series.smk for ready series
"""

from insarcast.forecast import training_memory
from insarcast.models import model_entry, model_module

# A model's section of the study; none where it has nothing to set.
own_settings = lambda wildcards: (
    setting(model_entry(wildcards.model).settings)(wildcards)
    if plainly(model_entry)(wildcards.model).settings
    else {}
)
# The same of a model of grids, without what only fine-tuning needs where it is not fine-tuned.
model_settings = lambda wildcards: {
    key: value
    for key, value in own_settings(wildcards).items()
    if model_entry(wildcards.model).parent or not key.startswith("finetune_")
}


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
        "../../envs/learn-cpu.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="2h",
    params:
        model="{model}",
        settings=own_settings,
        horizons=setting("forecast.horizons"),
        quantiles=setting("forecast.quantiles"),
        history=setting("forecast.history"),
        seed=setting("forecast.seed"),
        code=code(
            "forecast_cube", lambda wildcards: plainly(model_module)(wildcards.model)
        ),
    message:
        "Forecasting {wildcards.cube} by {wildcards.model}"
    script:
        "../scripts/door.py"


rule train_global:
    input:
        vintages=vintages_of(f"{CUBE}/stack/{{vintage}}/cube.zarr"),
        full=f"{CUBE}/stack/full/cube.zarr",
        tiles=f"{CUBE}/tile/tiles.gpkg",
    output:
        weights=directory(f"{CUBE}/forecast/global/{{model}}"),
    log:
        "logs/train_global/{study}/{cube}/{model}.log",
    benchmark:
        f"{BENCHMARKS}/train_global/{{study}}/{{cube}}/{{model}}.tsv"
    conda:
        "../../envs/learn-cuda.yaml" if GPU else "../../envs/learn-cpu.yaml"
    threads: 1
    resources:
        mem_mb=16000,
        runtime="8h",
        gpu=int(GPU),
    params:
        model="{model}",
        settings=model_settings,
        horizons=setting("forecast.horizons"),
        history=setting("forecast.history"),
        refit=setting("forecast.refit"),
        retries=setting("forecast.retries"),
        device=setting("forecast.device"),
        seed=setting("forecast.seed"),
        most_tiles=setting("tile.global_tiles"),
        cache=CACHE,
        code=code("train_global", lambda wildcards: model_module(wildcards.model)),
    message:
        "Training {wildcards.model} on all tiles of {wildcards.cube}"
    script:
        "../scripts/door.py"


rule train_tiles:
    input:
        vintages=rules.train_global.input.vintages,
        full=rules.train_global.input.full,
        tiles=rules.train_global.input.tiles,
        weights=weights_of,
    output:
        made=directory(f"{CUBE}/forecast/tiles/{{model}}-{{batch}}"),
    log:
        "logs/train_tiles/{study}/{cube}/{model}-{batch}.log",
    benchmark:
        f"{BENCHMARKS}/train_tiles/{{study}}/{{cube}}/{{model}}-{{batch}}.tsv"
    conda:
        "../../envs/learn-cuda.yaml" if GPU else "../../envs/learn-cpu.yaml"
    # One: the sums of a convolution depend on the number of threads, and a study must give the same bytes at any number of cores.
    threads: 1
    resources:
        mem_mb=lambda wildcards: training_memory(
            model_settings(wildcards), setting("tile.size")(wildcards)
        ),
        runtime="8h",
        gpu=int(GPU),
    params:
        model="{model}",
        batch=lambda wildcards: int(wildcards.batch),
        settings=model_settings,
        horizons=setting("forecast.horizons"),
        quantiles=setting("forecast.quantiles"),
        history=setting("forecast.history"),
        refit=setting("forecast.refit"),
        retries=setting("forecast.retries"),
        device=setting("forecast.device"),
        seed=setting("forecast.seed"),
        cache=CACHE,
        code=code("train_tiles", lambda wildcards: model_module(wildcards.model)),
    message:
        "Training {wildcards.model} on the tiles of {wildcards.cube}, batch {wildcards.batch}"
    script:
        "../scripts/door.py"


include: "forecast_series.smk"
