"""report: figures, maps, tables and the one page a person reads.

inputs:   what the stages left of every cube of the study, and the figures
outputs:  results/{study}/report/index.html, results/{study}/report/tables, results/{study}/{cube}/report/maps
steps:    those of report_figures.smk, then write_maps, write_report
"""

from types import SimpleNamespace

FIGURES = f"{CUBE}/report/figures"
MAPS, TRUST, RIGHT = (
    "2 Maps",
    "4 Can the forecast be trusted?",
    "5 Is the displacement right?",
)

# A figure, registered for Snakemake's own report by section and name; its caption is workflow/report/{name}.rst.
figure = lambda section, name, file: report(
    f"{FIGURES}/{file}",
    caption=f"../report/{name}.rst",
    category=section,
    labels={"cube": "{cube}", "figure": name},
)


include: "report_figures.smk"


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
        forecasts=lambda wildcards: [
            f"results/{wildcards.study}/{cube}/combine/{model}.zarr"
            for cube in study(wildcards.study).cubes
            for model in models(SimpleNamespace(study=wildcards.study, cube=cube))
        ],
        choices=cubes_of(f"{CUBE}/combine/choice.json"),
        scores=cubes_of(f"{CUBE}/evaluate/scores.parquet"),
        gnss=cubes_of(f"{CUBE}/evaluate/gnss.json"),
        maps=cubes_of(f"{CUBE}/report/maps"),
        figures=cubes_of(
            [
                *rules.draw_displacement.output,
                *rules.draw_network.output,
                *rules.draw_noise.output,
                *rules.draw_gnss.output,
                *rules.draw_forecast.output,
                *rules.draw_scores.output,
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
