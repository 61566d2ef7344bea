"""stack: what is taken off the displacement of each date, where a study switches it on; other studies have none of these jobs.

inputs:   the folder of delays that the study names, or those that came with a LiCSAR frame; the aligned interferograms and the inversion of a vintage, or a ready series
outputs:  results/{study}/{cube}/acquire/delays.json; results/{study}/{cube}/stack/{vintage}/corrections.zarr and corrections.json
steps:    find_delays, estimate_corrections
"""

from insarcast.acquire import list_delays


rule find_delays:
    input:
        fetched=delays_fetched,
    output:
        delays=f"{CUBE}/acquire/delays.json",
    log:
        "logs/find_delays/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/find_delays/{{study}}/{{cube}}.tsv"
    conda:
        "../../envs/io.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="1h",
    params:
        method=setting("stack.troposphere.method"),
        folder=setting("stack.troposphere.folder"),
        data_root=lambda wildcards: needed_root(
            setting("stack.troposphere")(wildcards), {"folder": None}, DATA_ROOT
        ),
        listing=lambda wildcards: plainly(list_delays)(
            setting("stack.troposphere.folder")(wildcards), DATA_ROOT
        ),
        code=code("find_delays"),
    message:
        "Finding the delays of the air for {wildcards.cube} of {wildcards.study}"
    script:
        "../scripts/door.py"


rule estimate_corrections:
    input:
        ifgs=aligned_of,
        inversion=inversion_of,
        delays=delays_of,
    output:
        corrections=directory(f"{CUBE}/stack/{{vintage}}/corrections.zarr"),
        record=f"{CUBE}/stack/{{vintage}}/corrections.json",
    log:
        "logs/estimate_corrections/{study}/{cube}/{vintage}.log",
    benchmark:
        f"{BENCHMARKS}/estimate_corrections/{{study}}/{{cube}}/{{vintage}}.tsv"
    conda:
        "../../envs/stack.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="2h",
    params:
        vintage="{vintage}",
        troposphere=air("missing", "time", "height"),
        deramp=setting("stack.deramp"),
        move=setting("stack.reference.move"),
        code=code("estimate_corrections"),
    message:
        "Estimating the corrections of {wildcards.cube}, {wildcards.vintage}"
    script:
        "../scripts/door.py"
