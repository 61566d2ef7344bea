"""acquire: find the products of a cube, fetch their public originals, or simulate a scene and write it as products.

inputs:   the folder that the study names, under the data root
outputs:  results/{study}/{cube}/acquire/manifest.json (the files stay where they are, or in the cache)
steps:    acquire_products
"""

from insarcast.acquire import (
    area_name,
    check_still_there,
    list_area,
    list_files,
    needed_root,
    source_module,
)

# The two sections of a cube that name folders.
folders = lambda wildcards: [setting(key)(wildcards) for key in ("products", "gnss")]

# Keys of a ready series that say where it is and what it means; how it is read is the business of the stack.
SERIES = (
    *("files", "layout", "neighbours", "delimiter", "sign", "units"),
    *("first", "nodata", "layers", "corrections"),
)


checkpoint acquire_products:
    input:
        fetched=fetched_of,
    output:
        manifest=f"{CUBE}/acquire/manifest.json",
    log:
        "logs/acquire_products/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/acquire_products/{{study}}/{{cube}}.tsv"
    conda:
        "../../envs/io.yaml"
    # Files are read whole, for their checksums: several at a time.
    threads: 4
    resources:
        mem_mb=2000,
        runtime="4h",
    params:
        source=setting("source"),
        products=setting("products"),
        gnss=setting("gnss"),
        simulate=setting("simulate"),
        series=lambda wildcards: {
            key: setting("series")(wildcards)[key] for key in SERIES
        },
        area=setting("area"),
        # Only where something is fetched: else a time-out would be a reason to run again.
        downloads=lambda wildcards: (
            setting("downloads")(wildcards)
            if any(section["original"] for section in folders(wildcards))
            else {}
        ),
        data_root=lambda wildcards: needed_root(
            *folders(wildcards), DATA_ROOT, area_name(setting("area")(wildcards))
        ),
        listing=lambda wildcards: [
            # The products of a service are looked after by the rule that fetched them.
            (
                not served(wildcards)
                and plainly(check_still_there)(
                    Path(CUBE.format(**wildcards), "acquire/manifest.json"),
                    setting("products.folder")(wildcards),
                    DATA_ROOT,
                    CACHE,
                )
            )
            or list_files(*folders(wildcards), DATA_ROOT, names_of_series(wildcards)),
            list_area(setting("area")(wildcards), DATA_ROOT),
        ],
        originals=f"{workflow.basedir}/config/originals",
        cache=CACHE,
        code=code(
            "acquire_products",
            lambda wildcards: source_module(setting("source")(wildcards)),
        ),
    message:
        "Finding the products of {wildcards.cube} of {wildcards.study}"
    script:
        "../scripts/door.py"
