"""stack: vertical and east-west motion, from cubes of several lines of sight.

inputs:   the full cubes that the study's decompose.cubes names
outputs:  results/{study}/stack/: decomposed.zarr, decomposed.json
steps:    decompose_cubes; only for a study with the key decompose
"""

DECOMPOSED = "results/{study}/stack/decomposed"


def decomposed(wildcards):
    """The cubes that a study decomposes; none where it does not."""
    return study(wildcards.study).get("decompose.cubes")


def full_cube(wildcards):
    """The newest cube, of a grid or of a ready series."""
    kind = "series" if ready(wildcards) else "cube"
    return CUBE.format(**wildcards) + f"/stack/full/{kind}.zarr"


def of_cube(wildcards, cube):
    """The wildcards of one of a study's cubes."""
    return type(wildcards)(fromdict={"study": wildcards.study, "cube": cube})


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
