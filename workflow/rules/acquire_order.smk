"""acquire: have the interferograms of an area made by HyP3: plan them, then order, wait, fetch and unpack.

inputs:   the study's area and period; Earthdata credentials from the environment or ~/.netrc
outputs:  results/{study}/{cube}/acquire/orders.json (the products lie in the cache)
steps:    order_products
"""

from insarcast.acquire import count_losses


rule order_products:
    input:
        plan=f"{CUBE}/acquire/plan.json",
    output:
        orders=f"{CUBE}/acquire/orders.json",
    log:
        "logs/order_products/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/order_products/{{study}}/{{cube}}.tsv"
    conda:
        "../../envs/io.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="3d",
    params:
        terms=lambda wildcards: {
            key: setting("hyp3")(wildcards)[key]
            for key in ("reuse", "reorder_expired", "reorder_failed", "api")
        },
        # How it is ordered and fetched is no reason to do so again: Snakemake compares no params that know the threads.
        manner=lambda wildcards, threads: {
            key: setting("hyp3")(wildcards)[key]
            for key in ("login", "max_credits", "poll_seconds", "wait_hours")
        },
        downloads=lambda wildcards, threads: setting("downloads")(wildcards),
        cache=CACHE,
        listing=lambda wildcards: plainly(count_losses)(
            Path(CUBE.format(**wildcards), "acquire/orders.json")
        ),
        code=code("order_products"),
    message:
        "Ordering the products of {wildcards.cube} of {wildcards.study} from HyP3"
    script:
        "../scripts/door.py"
