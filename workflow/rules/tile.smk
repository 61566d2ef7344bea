"""tile: overlapping windows for models of grids, dealt into batches.

inputs:   stack/asof-yyyymmdd/cube.zarr of every origin (the earliest one's mask is what counts); stack/full/cube.zarr where there is none
outputs:  results/{study}/{cube}/tile/tiles.gpkg
steps:    tile_cube
"""


rule tile_cube:
    input:
        vintages=vintages_of(f"{CUBE}/stack/{{vintage}}/cube.zarr"),
        full=f"{CUBE}/stack/full/cube.zarr",
    output:
        tiles=f"{CUBE}/tile/tiles.gpkg",
    log:
        "logs/tile_cube/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/tile_cube/{{study}}/{{cube}}.tsv"
    conda:
        "../../envs/learn-cpu.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        size=setting("tile.size"),
        overlap=setting("tile.overlap"),
        batches=setting("tile.batches"),
        min_usable=setting("tile.min_usable"),
        code=code("tile_cube"),
    message:
        "Cutting {wildcards.cube} into tiles"
    script:
        "../scripts/door.py"
