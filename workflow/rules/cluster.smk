"""cluster: areas that move alike, in what each vintage knows.

inputs:   stack/{vintage}/cube.zarr; of a ready series stack/full/series.zarr
outputs:  results/{study}/{cube}/cluster/{vintage}.zarr; of a ready series cluster/series.zarr
steps:    cluster_cube; of a ready series cluster_series
"""


rule cluster_cube:
    input:
        cube=f"{CUBE}/stack/{{vintage}}/cube.zarr",
    output:
        labels=directory(f"{CUBE}/cluster/{{vintage}}.zarr"),
    log:
        "logs/cluster_cube/{study}/{cube}/{vintage}.log",
    benchmark:
        f"{BENCHMARKS}/cluster_cube/{{study}}/{{cube}}/{{vintage}}.tsv"
    conda:
        "../../envs/learn-cpu.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="1h",
    params:
        method=setting("cluster.method"),
        k=setting("cluster.k"),
        k_max=setting("cluster.k_max"),
        features=setting("cluster.features"),
        sample=setting("cluster.sample"),
        seed=setting("forecast.seed"),
        code=code("cluster_cube"),
    message:
        "Grouping what moves alike in {wildcards.vintage} of {wildcards.cube}"
    script:
        "../scripts/door.py"


rule cluster_series:
    input:
        series=f"{CUBE}/stack/full/series.zarr",
    output:
        labels=directory(f"{CUBE}/cluster/series.zarr"),
    log:
        "logs/cluster_series/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/cluster_series/{{study}}/{{cube}}.tsv"
    conda:
        "../../envs/learn-cpu.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="1h",
    params:
        protocol=lambda wildcards: {
            key: setting("backtest")(wildcards)[key]
            for key in ("dates", "complete", "train")
        },
        method=setting("cluster.method"),
        k=setting("cluster.k"),
        k_max=setting("cluster.k_max"),
        features=setting("cluster.features"),
        sample=setting("cluster.sample"),
        seed=setting("forecast.seed"),
        code=code("cluster_series"),
    message:
        "Grouping the points of {wildcards.cube} that moved alike before the first test"
    script:
        "../scripts/door.py"
