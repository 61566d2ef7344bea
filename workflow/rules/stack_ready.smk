"""stack: a ready displacement series on a grid, which other software has inverted.

inputs:   manifest.json and the files it names
outputs:  results/{study}/{cube}/stack/: displacement.zarr, displacement.json
steps:    read_displacement; instead of align_products, close_loops and invert_network
"""

from insarcast.stack import format_module


rule read_displacement:
    input:
        manifest=rules.acquire_products.output.manifest,
    output:
        displacement=directory(f"{READ}.zarr"),
        record=f"{READ}.json",
    log:
        "logs/read_displacement/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/read_displacement/{{study}}/{{cube}}.tsv"
    conda:
        "../../envs/stack.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="4h",
    params:
        reference=lambda wildcards: {
            key: setting("stack.reference")(wildcards)[key]
            for key in ("lon", "lat", "window")
        },
        series=lambda wildcards: {
            key: setting("series")(wildcards)[key]
            for key in ("min_dates", "check_size")
        },
        water=setting("products.water"),
        crop=setting("stack.crop"),
        idle=lambda wildcards: study(wildcards.study).idle(wildcards.cube),
        code=code(
            "read_displacement",
            lambda wildcards: plainly(format_module)(setting("source")(wildcards)),
        ),
    message:
        "Reading the displacement of {wildcards.cube} of {wildcards.study}"
    script:
        "../scripts/door.py"
