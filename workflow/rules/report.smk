"""report: figures, maps, tables and the one page a person reads.

inputs:   what the stages left of every cube of the study (some have clusters, models of grids, a truth), and the figures
outputs:  results/{study}/report/index.html, results/{study}/report/tables, results/{study}/{cube}/report/maps
steps:    those of report_figures.smk and report_grids.smk, then write_maps, write_report
"""

FIGURES = f"{CUBE}/report/figures"
MAPS, TRUST, RIGHT = (
    "2 Maps",
    "4 Can the forecast be trusted?",
    "5 Is the displacement right?",
)
TRUTH = [f"{CUBE}/evaluate/truth.parquet", f"{CUBE}/evaluate/truth.json"]

# A figure, registered for Snakemake's own report by section and name; its caption is workflow/report/{name}.rst.
figure = lambda section, name, file: report(
    f"{FIGURES}/{file}",
    caption=f"../report/{name}.rst",
    category=section,
    labels={"cube": "{cube}", "figure": name},
)


# A list of files for every cube of the study, and files that only some cubes have.
everywhere = lambda files: lambda wildcards: [
    path
    for cube in study(wildcards.study).cubes
    for path in files(
        type(wildcards)(fromdict={"study": wildcards.study, "cube": cube})
    )
]
where = lambda whether, patterns: lambda wildcards: (
    expand(patterns, **wildcards) if whether(wildcards) else []
)


include: "report_figures.smk"
include: "report_grids.smk"


always = lambda wildcards: True
FIGURE_GROUPS = [
    (always, rules.draw_displacement.output),
    (always, rules.draw_network.output),
    (always, rules.draw_noise.output),
    (always, rules.draw_gnss.output),
    (always, rules.draw_forecast.output),
    (always, rules.draw_scores.output),
    (always, rules.draw_gains.output),
    (clustered, rules.draw_clusters.output),
    (grid_models, rules.draw_tiles.output),
    (grid_models, rules.draw_training.output),
    (simulated, rules.draw_truth.output),
]


use rule draw_noise as write_maps with:
    input:
        cube=f"{CUBE}/stack/full/cube.zarr",
        forecasts=models_of(f"{CUBE}/combine/{{model}}.zarr"),
        choice=f"{CUBE}/combine/choice.json",
    output:
        maps=directory(f"{CUBE}/report/maps"),
    log:
        "logs/write_maps/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/write_maps/{{study}}/{{cube}}.tsv"
    params:
        colours=setting("report.colours"),
        model=setting("report.model"),
        code=code("write_maps"),
    message:
        "Writing the maps of {wildcards.cube} for QGIS"


use rule draw_noise as write_report with:
    input:
        page=f"{workflow.basedir}/workflow/report/page.html.j2",
        style=f"{workflow.basedir}/workflow/report/page.css",
        manifests=cubes_of(f"{CUBE}/acquire/manifest.json"),
        decisions=cubes_of(f"{CUBE}/stack/full/decisions.json"),
        cubes=cubes_of(f"{CUBE}/stack/full/cube.zarr"),
        forecasts=everywhere(models_of(f"{CUBE}/combine/{{model}}.zarr")),
        choices=cubes_of(f"{CUBE}/combine/choice.json"),
        scores=cubes_of(f"{CUBE}/evaluate/scores.parquet"),
        likeness=cubes_of(f"{CUBE}/evaluate/maps.parquet"),
        gnss=cubes_of(f"{CUBE}/evaluate/gnss.json"),
        clusters=everywhere(where(clustered, f"{CUBE}/cluster/full.zarr")),
        batches=everywhere(all_batches),
        seams=everywhere(grids_of(f"{CUBE}/stitch/{{model}}.json")),
        truths=everywhere(where(simulated, TRUTH)),
        maps=cubes_of(f"{CUBE}/report/maps"),
        figures=everywhere(
            lambda wildcards: [
                path
                for whether, drawn in FIGURE_GROUPS
                if whether(wildcards)
                for path in expand(drawn, **wildcards)
            ]
        ),
    output:
        index=report(
            "results/{study}/report/index.html",
            caption="../report/page.rst",
            category="0 The page",
            labels={"cube": "all", "figure": "the page to read"},
        ),
        tables=directory("results/{study}/report/tables"),
    log:
        "logs/write_report/{study}.log",
    benchmark:
        f"{BENCHMARKS}/write_report/{{study}}.tsv"
    params:
        study="{study}",
        names=lambda wildcards: study(wildcards.study).cubes,
        classes=lambda wildcards: [
            study(wildcards.study).get("evaluate.velocity_classes", cube)
            for cube in study(wildcards.study).cubes
        ],
        drawn=lambda wildcards: [
            study(wildcards.study).get("report.model", cube)
            for cube in study(wildcards.study).cubes
        ],
        values=lambda wildcards: study(wildcards.study).values,
        code=code("write_report"),
    message:
        "Writing the report of {wildcards.study}"
