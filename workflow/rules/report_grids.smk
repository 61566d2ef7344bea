"""report: where the forecast gains, and the figures that only some cubes have: clusters, models of grids, a simulated truth.

inputs:   maps.{zarr,parquet} of evaluate; clusters of the full vintage; tiles.gpkg, the tiles' forecasts and what stitching said
          of their seams; truth.{zarr,parquet} of evaluate
outputs:  results/{study}/{cube}/report/figures/Fxx_name.{png,svg,json}
steps:    draw_gains, draw_clusters, draw_tiles, draw_training, draw_truth
"""

MADE = "6 How it was made"
TRUTH = [f"{CUBE}/evaluate/truth.parquet", f"{CUBE}/evaluate/truth.json"]
BATCH = f"{CUBE}/forecast/tiles/{{model}}-{{batch}}"

# A pattern once for each model of grids of a cube, and such a pattern for each of its batches.
grids_of = lambda pattern: lambda wildcards: expand(
    pattern, **wildcards, model=grid_models(wildcards)
)
all_batches = lambda wildcards: [
    path
    for model in grid_models(wildcards)
    for path in batches_of(BATCH.replace("{model}", model))(wildcards)
]


use rule draw_noise as draw_gains with:
    input:
        cube=f"{CUBE}/stack/full/cube.zarr",
        fields=f"{CUBE}/evaluate/maps.zarr",
        likeness=f"{CUBE}/evaluate/maps.parquet",
        scores=f"{CUBE}/evaluate/scores.parquet",
        forecasts=models_of(f"{CUBE}/combine/{{model}}.zarr"),
        choice=f"{CUBE}/combine/choice.json",
    output:
        gains=figure(TRUST, "gains", "F21_gains.png"),
        gains_json=f"{FIGURES}/F21_gains.json",
    log:
        "logs/draw_gains/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/draw_gains/{{study}}/{{cube}}.tsv"
    params:
        model=setting("report.model"),
        code=code("draw_gains"),
    message:
        "Drawing where the forecast of {wildcards.cube} gains"


use rule draw_noise as draw_clusters with:
    input:
        clusters=f"{CUBE}/cluster/full.zarr",
        cube=f"{CUBE}/stack/full/cube.zarr",
    output:
        groups=figure(MADE, "clusters", "F16_clusters.png"),
        groups_json=f"{FIGURES}/F16_clusters.json",
    log:
        "logs/draw_clusters/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/draw_clusters/{{study}}/{{cube}}.tsv"
    params:
        code=code("draw_clusters"),
    message:
        "Drawing the clusters of {wildcards.cube}"


use rule draw_noise as draw_tiles with:
    input:
        cube=f"{CUBE}/stack/full/cube.zarr",
        tiles=f"{CUBE}/tile/tiles.gpkg",
        batches=all_batches,
        stitches=grids_of(f"{CUBE}/stitch/{{model}}.json"),
    output:
        seams=figure(MADE, "tiles", "F18_tiles.png"),
        seams_json=f"{FIGURES}/F18_tiles.json",
    log:
        "logs/draw_tiles/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/draw_tiles/{{study}}/{{cube}}.tsv"
    params:
        colours=setting("report.colours"),
        code=code("draw_tiles"),
    message:
        "Drawing tiles and seams of {wildcards.cube}"


use rule draw_noise as draw_training with:
    input:
        batches=all_batches,
    output:
        losses=figure(MADE, "training", "F20_training.svg"),
        losses_json=f"{FIGURES}/F20_training.json",
    log:
        "logs/draw_training/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/draw_training/{{study}}/{{cube}}.tsv"
    params:
        code=code("draw_training"),
    message:
        "Drawing the training of {wildcards.cube}"


use rule draw_noise as draw_truth with:
    input:
        cube=f"{CUBE}/stack/full/cube.zarr",
        fields=f"{CUBE}/evaluate/truth.zarr",
        comparison=f"{CUBE}/evaluate/truth.parquet",
    output:
        truth=figure(RIGHT, "truth", "F19_truth.png"),
        truth_json=f"{FIGURES}/F19_truth.json",
    log:
        "logs/draw_truth/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/draw_truth/{{study}}/{{cube}}.tsv"
    params:
        colours=setting("report.colours"),
        code=code("draw_truth"),
    message:
        "Drawing {wildcards.cube} against its truth"
