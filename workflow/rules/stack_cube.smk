"""stack: the cube of each vintage.

inputs:   ifgs.zarr, inversion.zarr of a vintage, or displacement.zarr of a ready series instead of both; corrections.zarr where there
          are corrections
outputs:  results/{study}/{cube}/stack/{vintage}/cube.zarr
steps:    build_cube
"""


rule build_cube:
    input:
        ifgs=aligned_of,
        inversion=inversion_of,
        corrections=lambda wildcards: corrections_of("zarr")(wildcards),
    output:
        cube=directory(f"{CUBE}/stack/{{vintage}}/cube.zarr"),
    log:
        "logs/build_cube/{study}/{cube}/{vintage}.log",
    benchmark:
        f"{BENCHMARKS}/build_cube/{{study}}/{{cube}}/{{vintage}}.tsv"
    conda:
        "../../envs/stack.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="2h",
    params:
        vintage="{vintage}",
        mask=setting("stack.mask"),
        velocity=setting("stack.velocity"),
        dem_error=setting("stack.dem_error"),
        seed=setting("forecast.seed"),
        # The filter has a store of its own: its settings do not make another cube.
        config=lambda wildcards: fingerprint(
            [
                setting("products")(wildcards),
                {
                    k: v
                    for k, v in setting("stack")(wildcards).items()
                    if k != "filter"
                },
                *(
                    [setting("series")(wildcards)]
                    if inverted_elsewhere(wildcards)
                    else []
                ),
            ]
        ),
        code=code("build_cube"),
    message:
        "Building the cube of {wildcards.cube}, {wildcards.vintage}"
    script:
        "../scripts/door.py"
