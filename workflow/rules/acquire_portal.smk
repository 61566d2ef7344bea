"""acquire: fetch a frame from the LiCSAR portal, for a cube of source licsar whose study names no folder of products.

inputs:   the portal's index pages and files; the frame of the study, or its area
outputs:  results/{study}/{cube}/acquire/frame.json (the files come into the cache)
steps:    fetch_frame; with --forcerun fetch_frame it looks for interferograms that are new
"""

from insarcast.acquire import frame_losses, list_area

# The area that a frame is looked for by; none where the study names the frame.
place = lambda wildcards: (
    None if setting("licsar.frame")(wildcards) else setting("area")(wildcards)
)


rule fetch_frame:
    output:
        frame=f"{CUBE}/acquire/frame.json",
    log:
        "logs/fetch_frame/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/fetch_frame/{{study}}/{{cube}}.tsv"
    localrule: True  # it waits for servers, and compute nodes often cannot reach them
    conda:
        "../../envs/io.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="2d",
    params:
        licsar=setting("licsar"),
        products=lambda wildcards: {
            key: setting(f"products.{key}")(wildcards)
            for key in ("start", "end", "exclude")
        },
        area=place,
        data_root=lambda wildcards: (
            DATA_ROOT if isinstance(place(wildcards), str) else None
        ),
        # How it is fetched is no reason to do so again: Snakemake compares no params that know the threads.
        downloads=lambda wildcards, threads: setting("downloads")(wildcards),
        listing=lambda wildcards: plainly(list_area)(place(wildcards), DATA_ROOT),
        cache=CACHE,
        losses=lambda wildcards: plainly(frame_losses)(
            Path(CUBE.format(**wildcards), "acquire/frame.json"),
            setting("licsar.gacos")(wildcards),
        ),
        code=code("fetch_frame"),
    message:
        "Fetching the LiCSAR frame of {wildcards.cube} of {wildcards.study}"
    script:
        "../scripts/door.py"
