"""stack: displacement without the air of each date.

inputs:   cube.zarr of a vintage
outputs:  results/{study}/{cube}/stack/{vintage}/filtered.zarr, where stack.filter.method is not none
steps:    filter_cube
"""


rule filter_cube:
    input:
        cube=rules.build_cube.output.cube,
    output:
        filtered=directory(f"{CUBE}/stack/{{vintage}}/filtered.zarr"),
    log:
        "logs/filter_cube/{study}/{cube}/{vintage}.log",
    benchmark:
        f"{BENCHMARKS}/filter_cube/{{study}}/{{cube}}/{{vintage}}.tsv"
    conda:
        "../../envs/stack.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="2h",
    params:
        method=setting("stack.filter.method"),
        causal=setting("stack.filter.causal"),
        window=setting("stack.filter.window"),
        velocity=setting("stack.velocity"),
        code=code("filter_cube"),
    message:
        "Filtering the cube of {wildcards.cube}, {wildcards.vintage}"
    script:
        "../scripts/door.py"
