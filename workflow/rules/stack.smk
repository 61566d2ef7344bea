"""stack: from products to the displacement cube of each vintage.

inputs:   manifest.json and the files it names
outputs:  results/{study}/{cube}/stack/: ifgs.zarr, closure.zarr, network.parquet,
          and per vintage (full, asof-yyyymmdd) inversion.zarr, decisions.json;
          of a ready series full/series.zarr and full/series.json
steps:    align_products, close_loops, invert_network; of a ready series read_series
"""

# Aligned interferograms and loops outlive Snakemake's removal of old outputs here, so that new acquisitions are added to them.
KEPT = f"{CACHE}/aligned/{{study}}/{{cube}}"


rule align_products:
    input:
        manifest=rules.acquire_products.output.manifest,
    output:
        ifgs=directory(f"{CUBE}/stack/ifgs.zarr"),
    log:
        "logs/align_products/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/align_products/{{study}}/{{cube}}.tsv"
    conda:
        "../../envs/stack.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="2h",
    params:
        bad_file=setting("products.bad_file"),
        crop=setting("stack.crop"),
        cache=KEPT,
        code=code("align_products"),
    message:
        "Aligning the interferograms of {wildcards.cube} on one grid"
    script:
        "../scripts/door.py"


rule close_loops:
    input:
        ifgs=rules.align_products.output.ifgs,
    output:
        closure=directory(f"{CUBE}/stack/closure.zarr"),
        network=f"{CUBE}/stack/network.parquet",
    log:
        "logs/close_loops/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/close_loops/{{study}}/{{cube}}.tsv"
    conda:
        "../../envs/stack.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime="2h",
    params:
        cache=KEPT,
        code=code("close_loops"),
    message:
        "Closing the loops of {wildcards.cube}"
    script:
        "../scripts/door.py"


rule invert_network:
    input:
        ifgs=rules.align_products.output.ifgs,
        closure=rules.close_loops.output.closure,
    output:
        inversion=directory(f"{CUBE}/stack/{{vintage}}/inversion.zarr"),
        decisions=f"{CUBE}/stack/{{vintage}}/decisions.json",
    log:
        "logs/invert_network/{study}/{cube}/{vintage}.log",
    benchmark:
        f"{BENCHMARKS}/invert_network/{{study}}/{{cube}}/{{vintage}}.tsv"
    conda:
        "../../envs/learn-cuda.yaml" if GPU else "../../envs/stack.yaml"
    threads: 2
    resources:
        mem_mb=4000,
        runtime="4h",
        gpu=lambda wildcards: int(
            GPU and setting("stack.inversion.device")(wildcards) != "cpu"
        ),
    params:
        vintage="{vintage}",
        quality=setting("stack.quality"),
        closing=setting("stack.closure"),
        bridge=setting("stack.network.bridge"),
        # A moved reference is taken after the inversion, which need not run again for it.
        reference=lambda wildcards: {
            key: value
            for key, value in setting("stack.reference")(wildcards).items()
            if key != "move"
        },
        settings=setting("stack.inversion"),
        cache=KEPT,
        code=code("invert_network"),
    message:
        "Inverting the network of {wildcards.cube}, {wildcards.vintage}"
    script:
        "../scripts/door.py"


rule read_series:
    input:
        manifest=rules.acquire_products.output.manifest,
    output:
        cube=directory(f"{CUBE}/stack/full/series.zarr"),
        record=f"{CUBE}/stack/full/series.json",
    log:
        "logs/read_series/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/read_series/{{study}}/{{cube}}.tsv"
    conda:
        "../../envs/stack.yaml"
    threads: 2
    resources:
        mem_mb=4000,
        runtime="1h",
    params:
        products=setting("products"),
        series=setting("series"),
        title=setting("title"),
        config=lambda wildcards: fingerprint(
            [setting(key)(wildcards) for key in ("products", "series")]
        ),
        code=code("read_series"),
    message:
        "Reading the series of {wildcards.cube} of {wildcards.study}"
    script:
        "../scripts/door.py"
