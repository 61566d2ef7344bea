"""acquire: have the interferograms of an area made by HyP3: plan them, then order, wait, fetch and unpack.

inputs:   the study's area and period; Earthdata credentials from the environment or ~/.netrc
outputs:  results/{study}/{cube}/acquire/{plan.json,pairs.csv}, orders.json (the products lie in the cache)
steps:    plan_order, order_products; with --forcerun plan_order it looks for acquisitions that are new
"""

from insarcast.acquire import list_area, order_state

# Keys of hyp3 that say what is ordered; the others say how, where, and for how much.
ORDERED = (
    *("job", "track", "direction", "bursts", "frame", "min_cover", "polarization"),
    *("looks", "phase_filter", "water_mask", "network", "score", "project"),
)


rule plan_order:
    output:
        plan=f"{CUBE}/acquire/plan.json",
        pairs=f"{CUBE}/acquire/pairs.csv",
    log:
        "logs/plan_order/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/plan_order/{{study}}/{{cube}}.tsv"
    localrule: True  # it waits for servers, and compute nodes often cannot reach them
    conda:
        "../../envs/io.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="4h",
    params:
        area=setting("area"),
        hyp3=lambda wildcards: {key: setting("hyp3")(wildcards)[key] for key in ORDERED},
        products=lambda wildcards: {
            key: setting(f"products.{key}")(wildcards)
            for key in ("start", "end", "exclude")
        },
        name="insarcast-{study}-{cube}",
        data_root=lambda wildcards: (
            DATA_ROOT if isinstance(setting("area")(wildcards), str) else None
        ),
        # Where and how it is asked is no reason to ask again: Snakemake compares no params that know the threads.
        manner=lambda wildcards, threads: {
            key: setting("hyp3")(wildcards)[key] for key in ("search", "api", "login")
        },
        downloads=lambda wildcards, threads: setting("downloads")(wildcards),
        look_at=lambda wildcards, threads: expand(
            [f"{CUBE}/{leaf}" for leaf in PLANNED_LEAVES[::-1]], **wildcards
        ),
        cache=CACHE,
        dry_run=lambda wildcards, threads: setting("hyp3.dry_run")(wildcards),
        listing=lambda wildcards: plainly(list_area)(
            setting("area")(wildcards), DATA_ROOT
        ),
        code=code("plan_order"),
    message:
        "Planning the order of {wildcards.cube} of {wildcards.study}"
    script:
        "../scripts/door.py"


rule order_products:
    input:
        plan=plan_to_order,
    output:
        orders=f"{CUBE}/acquire/orders.json",
    log:
        "logs/order_products/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/order_products/{{study}}/{{cube}}.tsv"
    localrule: True  # it waits for servers, and compute nodes often cannot reach them
    conda:
        "../../envs/io.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=lambda wildcards: int(60 * (24 + setting("hyp3.wait_hours")(wildcards))),
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
        state=lambda wildcards: plainly(order_state)(
            Path(CUBE.format(**wildcards), "acquire/orders.json"),
            setting("hyp3.max_credits")(wildcards),
        ),
        code=code("order_products"),
    message:
        "Ordering the products of {wildcards.cube} of {wildcards.study} from HyP3"
    script:
        "../scripts/door.py"
