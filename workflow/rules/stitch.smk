"""stitch: from tiles to one map per model of grids.

inputs:   forecast/tiles/{model}-{batch} of every batch; tile/tiles.gpkg; stack/full/cube.zarr for the grid
outputs:  results/{study}/{cube}/stitch/: {model}.zarr, {model}-past.zarr for the calibration, {model}.json (seams, missing tiles)
steps:    stitch_tiles
"""


rule stitch_tiles:
    input:
        batches=batches_of(f"{CUBE}/forecast/tiles/{{model}}-{{batch}}"),
        tiles=f"{CUBE}/tile/tiles.gpkg",
        full=f"{CUBE}/stack/full/cube.zarr",
    output:
        forecast=directory(f"{CUBE}/stitch/{{model}}.zarr"),
        past=directory(f"{CUBE}/stitch/{{model}}-past.zarr"),
        seams=f"{CUBE}/stitch/{{model}}.json",
    log:
        "logs/stitch_tiles/{study}/{cube}/{model}.log",
    benchmark:
        f"{BENCHMARKS}/stitch_tiles/{{study}}/{{cube}}/{{model}}.tsv"
    conda:
        "../../envs/stack.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="1h",
    params:
        blend=setting("stitch.blend"),
        halo=setting("stitch.halo"),
        code=code("stitch_tiles"),
    message:
        "Stitching the tiles of {wildcards.cube} forecast by {wildcards.model}"
    script:
        "../scripts/door.py"
