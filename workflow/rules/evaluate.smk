"""evaluate: how much better than "nothing changes", and by how much the intervals cover.

inputs:   combine/{model}.zarr, and forecast/{model}.zarr or stitch/{model}.zarr for the intervals before calibration
          the as-of cubes (mask, velocity, reference) and the full cube (truth)
          choice.json (the model chosen at every origin)
          cluster/{vintage}.zarr, where the cube is clustered
          the GNSS files that the manifest names; decomposed.zarr, where the study decomposes cubes
outputs:  results/{study}/{cube}/evaluate/: scores.parquet, scores.csv, errors.zarr, gnss.parquet, gnss.json
          results/{study}/evaluate/: decomposed_gnss.parquet, decomposed_gnss.json
steps:    score_forecasts, compare_gnss, compare_decomposed, then those of evaluate_maps.smk; those of evaluate_series.smk for
          ready series
"""

GNSS_OF_DECOMPOSED = "results/{study}/evaluate/decomposed_gnss"


rule score_forecasts:
    input:
        raws=raws_of(".zarr"),
        forecasts=models_of(f"{CUBE}/combine/{{model}}.zarr"),
        vintages=vintages_of(f"{CUBE}/stack/{{vintage}}/cube.zarr"),
        full=f"{CUBE}/stack/full/cube.zarr",
        choice=rules.choose_model.output.choice,
        clusters=clusters_of(f"{CUBE}/cluster/{{vintage}}.zarr"),
    output:
        scores=f"{CUBE}/evaluate/scores.parquet",
        table=f"{CUBE}/evaluate/scores.csv",
        errors=directory(f"{CUBE}/evaluate/errors.zarr"),
    log:
        "logs/score_forecasts/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/score_forecasts/{{study}}/{{cube}}.tsv"
    conda:
        "../../envs/stack.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="1h",
    params:
        velocity_classes=setting("evaluate.velocity_classes"),
        block=setting("combine.block"),
        seed=setting("forecast.seed"),
        code=code("score_forecasts"),
    message:
        "Scoring the forecasts of {wildcards.cube}, persistence first"
    script:
        "../scripts/door.py"


rule compare_gnss:
    input:
        cube=full_cube,
        manifest=f"{CUBE}/acquire/manifest.json",
    output:
        comparison=f"{CUBE}/evaluate/gnss.parquet",
        numbers=f"{CUBE}/evaluate/gnss.json",
    log:
        "logs/compare_gnss/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/compare_gnss/{{study}}/{{cube}}.tsv"
    conda:
        "../../envs/stack.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        settings=setting("gnss"),
        code=code("compare_gnss"),
    message:
        "Comparing {wildcards.cube} with GNSS along the line of sight"
    script:
        "../scripts/door.py"


use rule compare_gnss as compare_decomposed with:
    input:
        decomposed=rules.decompose_cubes.output.decomposed,
        manifests=lambda wildcards: expand(
            f"{CUBE}/acquire/manifest.json", **wildcards, cube=decomposed(wildcards)
        ),
    output:
        comparison=f"{GNSS_OF_DECOMPOSED}.parquet",
        numbers=f"{GNSS_OF_DECOMPOSED}.json",
    log:
        "logs/compare_decomposed/{study}.log",
    benchmark:
        f"{BENCHMARKS}/compare_decomposed/{{study}}.tsv"
    params:
        settings=lambda wildcards: study(wildcards.study).get(
            "gnss", decomposed(wildcards)[0]
        ),
        code=code("compare_decomposed"),
    message:
        "Comparing vertical and east-west motion of {wildcards.study} with GNSS"


include: "evaluate_maps.smk"
include: "evaluate_series.smk"
