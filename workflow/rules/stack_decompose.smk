"""stack: vertical and east-west motion, from cubes of several lines of sight.

inputs:   the full cubes that the study's decompose.cubes names
outputs:  results/{study}/stack/: decomposed.zarr, decomposed.json
steps:    decompose_cubes; only for a study with the key decompose
"""


rule decompose_cubes:
    input:
        cubes=lambda wildcards: [
            full_cube(of_cube(wildcards, cube)) for cube in decomposed(wildcards)
        ],
    output:
        decomposed=directory(f"{DECOMPOSED}.zarr"),
        record=f"{DECOMPOSED}.json",
    log:
        "logs/decompose_cubes/{study}.log",
    benchmark:
        f"{BENCHMARKS}/decompose_cubes/{{study}}.tsv"
    conda:
        "../../envs/stack.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="2h",
    params:
        names=decomposed,
        settings=setting("decompose"),
        config=lambda wildcards: fingerprint(
            [
                setting(key)(of_cube(wildcards, cube))
                for cube in decomposed(wildcards)
                for key in ("products", "stack", "series")
            ]
            + [setting("decompose")(wildcards)]
        ),
        code=code("decompose_cubes"),
    message:
        "Solving the cubes of {wildcards.study} for vertical and east-west motion"
    script:
        "../scripts/door.py"
