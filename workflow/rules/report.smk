"""report: figures, maps, tables and the one page a person reads.

inputs:   what the stages left of every cube of the study (some have clusters, models of grids, a truth), and the figures
outputs:  results/{study}/report/index.html, results/{study}/report/tables, results/{study}/{cube}/report/maps
steps:    those of report_figures.smk, report_grids.smk and report_series.smk, then write_maps, write_report
"""

FIGURES = f"{CUBE}/report/figures"
MAPS = "2 Maps"
TRUST = "4 Can the forecast be trusted?"
RIGHT = "5 Is the displacement right?"

# A figure, registered for Snakemake's own report by section and name; its caption is workflow/report/{name}.rst.
figure = lambda section, name, file: report(
    f"{FIGURES}/{file}",
    caption=f"../report/{name}.rst",
    category=section,
    labels={"cube": "{cube}", "figure": name},
)


# Files for every cube of the study, and files that only some cubes have.
everywhere = lambda files: lambda wildcards: [
    path
    for cube in study(wildcards.study).cubes
    for path in files(of_cube(wildcards, cube))
]
where = lambda whether, patterns: lambda wildcards: (
    expand(patterns, **wildcards) if whether(wildcards) else []
)
given = lambda whether, files: lambda wildcards: (
    files(wildcards) if whether(wildcards) else []
)


include: "report_figures.smk"
include: "report_grids.smk"
include: "report_series.smk"
include: "report_decomposed.smk"
include: "report_stack.smk"
include: "report_order.smk"


FIGURE_GROUPS = [
    *((gridded, drawn) for drawn in GRID_FIGURES),
    (has_network, rules.draw_network.output),
    (clustered_grid, rules.draw_clusters.output),
    (tiled, rules.draw_tiles.output),
    (tiled, rules.draw_training.output),
    (simulated, rules.draw_truth.output),
    *((ready, drawn) for drawn in SERIES_FIGURES),
    (placed, rules.draw_gnss.output),
    (corrected, rules.draw_corrections.output),
    (ordered, rules.draw_order.output),
]

# Lists of files of the study's grids, and of its ready series.
of_grids = lambda patterns: everywhere(where(gridded, patterns))
of_series = lambda patterns: everywhere(where(ready, patterns))


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
        **OF_DECOMPOSED,
        **OF_STACK,
        page=f"{workflow.basedir}/workflow/report/page.html.j2",
        style=f"{workflow.basedir}/workflow/report/page.css",
        manifests=cubes_of(f"{CUBE}/acquire/manifest.json"),
        decisions=everywhere(lambda each: [record_of(each)] if gridded(each) else []),
        cubes=of_grids(f"{CUBE}/stack/full/cube.zarr"),
        forecasts=everywhere(
            given(gridded, models_of(f"{CUBE}/combine/{{model}}.zarr"))
        ),
        choices=of_grids(f"{CUBE}/combine/choice.json"),
        scores=of_grids(f"{CUBE}/evaluate/scores.parquet"),
        likeness=of_grids(f"{CUBE}/evaluate/maps.parquet"),
        gnss=everywhere(where(compared, f"{CUBE}/evaluate/gnss.json")),
        clusters=everywhere(where(clustered_grid, f"{CUBE}/cluster/full.zarr")),
        batches=everywhere(given(gridded, all_batches)),
        seams=everywhere(given(gridded, grids_of(f"{CUBE}/stitch/{{model}}.json"))),
        truths=everywhere(where(simulated, TRUTH)),
        maps=of_grids(f"{CUBE}/report/maps"),
        series=of_series(CUBE_OF_POINTS),
        records=of_series(f"{CUBE}/stack/full/series.json"),
        calibrated=everywhere(given(ready, FORECAST["calibrated"])),
        autos=everywhere(given(ready, automatic)),
        evaluated=of_series([*SCORED, *SPACE, ERRORS]),
        groups=everywhere(where(grouped, f"{CUBE}/cluster/series.zarr")),
        points=of_series([f"{POINTS}.gpkg", f"{POINTS}.qml"]),
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
