"""evaluate, the rules that score maps, and those that know the truth of a simulated scene.

inputs:   evaluate/errors.zarr, the as-of cubes and the full cube, combine/{model}.zarr, choice.json
          the manifest, for the truth of a simulated scene
outputs:  results/{study}/{cube}/evaluate/: maps.parquet, maps.csv, maps.zarr; truth.parquet, truth.csv, truth.json, truth.zarr
steps:    score_maps, compare_truth (simulated scenes only)
"""


rule score_maps:
    input:
        errors=rules.score_forecasts.output.errors,
        vintages=vintages_of(f"{CUBE}/stack/{{vintage}}/cube.zarr"),
        choice=rules.choose_model.output.choice,
    output:
        scores=f"{CUBE}/evaluate/maps.parquet",
        table=f"{CUBE}/evaluate/maps.csv",
        maps=directory(f"{CUBE}/evaluate/maps.zarr"),
    log:
        "logs/score_maps/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/score_maps/{{study}}/{{cube}}.tsv"
    conda:
        "../../envs/stack.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="2h",
    params:
        code=code("score_maps"),
    message:
        "Scoring the forecast maps of {wildcards.cube}: similarity, and where they beat persistence"
    script:
        "../scripts/door.py"


rule compare_truth:
    input:
        manifest=f"{CUBE}/acquire/manifest.json",
        errors=rules.score_forecasts.output.errors,
        vintages=vintages_of(f"{CUBE}/stack/{{vintage}}/cube.zarr"),
        full=f"{CUBE}/stack/full/cube.zarr",
        forecasts=models_of(f"{CUBE}/combine/{{model}}.zarr"),
        choice=rules.choose_model.output.choice,
    output:
        scores=f"{CUBE}/evaluate/truth.parquet",
        table=f"{CUBE}/evaluate/truth.csv",
        numbers=f"{CUBE}/evaluate/truth.json",
        maps=directory(f"{CUBE}/evaluate/truth.zarr"),
    log:
        "logs/compare_truth/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/compare_truth/{{study}}/{{cube}}.tsv"
    conda:
        "../../envs/stack.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="1h",
    params:
        velocity_classes=setting("evaluate.velocity_classes"),
        code=code("compare_truth"),
    message:
        "Holding {wildcards.cube} against what the simulated ground did"
    script:
        "../scripts/door.py"
