"""report: the figures of ready series, and their points for a GIS.

inputs:   series.zarr of stack; combine/series/{model}.zarr and auto.json of combine; series.parquet and series_errors.zarr of evaluate;
          cluster/series.zarr, where the points are clustered
outputs:  results/{study}/{cube}/report/figures/Fxx_name.{png,svg,json}, results/{study}/{cube}/report/maps/points.{gpkg,qml}
steps:    draw_points, draw_fans, draw_failure, draw_record, write_points, then those of report_series_scores.smk
"""

WHERE = "3 Where"
CUBE_OF_POINTS = f"{CUBE}/stack/full/series.zarr"
POINTS = f"{CUBE}/report/maps/points"
ERRORS = f"{CUBE}/evaluate/series_errors.zarr"

# Kinds of cubes: grids, those of them with clusters or tiles, ready series, and those of them with clusters.
gridded = lambda wildcards: not ready(wildcards)
clustered_grid = lambda wildcards: gridded(wildcards) and clustered(wildcards)
tiled = lambda wildcards: gridded(wildcards) and grid_models(wildcards)
grouped = lambda wildcards: ready(wildcards) and clustered(wildcards)
placed = lambda wildcards: ready(wildcards) and stations_named(wildcards)
compared = lambda wildcards: gridded(wildcards) or stations_named(wildcards)
automatic = lambda wildcards: (
    expand(f"{CUBE}/combine/ensembles/auto.json", **wildcards)
    if ensembles(wildcards)
    else []
)

# What most of these figures are made from.
FORECAST = {
    "series": CUBE_OF_POINTS,
    "calibrated": series_models(f"{CUBE}/combine/series/{{model}}.zarr"),
    "auto": automatic,
    "scores": f"{CUBE}/evaluate/series.parquet",
}


use rule draw_noise as draw_points with:
    input:
        **FORECAST,
    output:
        velocity=figure(MAPS, "velocity", "F01_points.png"),
        velocity_json=f"{FIGURES}/F01_points.json",
        change=figure(MAPS, "change", "F03_points.png"),
        change_json=f"{FIGURES}/F03_points.json",
    log:
        "logs/draw_points/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/draw_points/{{study}}/{{cube}}.tsv"
    params:
        colours=setting("report.colours"),
        model=setting("report.model"),
        code=code("draw_points"),
    message:
        "Drawing velocity and expected change of the points of {wildcards.cube}"


use rule draw_noise as draw_fans with:
    input:
        **FORECAST,
    output:
        fans=figure(WHERE, "fans", "F22_fans.svg"),
        fans_json=f"{FIGURES}/F22_fans.json",
    log:
        "logs/draw_fans/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/draw_fans/{{study}}/{{cube}}.tsv"
    params:
        model=setting("report.model"),
        code=code("draw_fans"),
    message:
        "Drawing series of {wildcards.cube} and their forecasts"


use rule draw_noise as draw_failure with:
    input:
        **FORECAST,
        errors=ERRORS,
    output:
        failure=figure(TRUST, "failure", "F10_points.png"),
        failure_json=f"{FIGURES}/F10_points.json",
    log:
        "logs/draw_failure/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/draw_failure/{{study}}/{{cube}}.tsv"
    params:
        model=setting("report.model"),
        code=code("draw_failure"),
    message:
        "Drawing where and when the forecast of {wildcards.cube} fails"


use rule draw_noise as draw_record with:
    input:
        series=CUBE_OF_POINTS,
    output:
        record=figure(RIGHT, "record", "F26_record.svg"),
        record_json=f"{FIGURES}/F26_record.json",
    log:
        "logs/draw_record/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/draw_record/{{study}}/{{cube}}.tsv"
    params:
        code=code("draw_record"),
    message:
        "Drawing what the record of {wildcards.cube} is made of"


use rule draw_noise as write_points with:
    input:
        **FORECAST,
        clusters=where(grouped, f"{CUBE}/cluster/series.zarr"),
    output:
        maps=f"{POINTS}.gpkg",
        style=f"{POINTS}.qml",
    log:
        "logs/write_points/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/write_points/{{study}}/{{cube}}.tsv"
    params:
        colours=setting("report.colours"),
        model=setting("report.model"),
        velocity_classes=setting("evaluate.velocity_classes"),
        code=code("write_points"),
    message:
        "Writing the points of {wildcards.cube} for QGIS"


include: "report_series_scores.smk"


SERIES_FIGURES = [
    rules.draw_points.output,
    rules.draw_fans.output,
    rules.draw_series_scores.output,
    rules.draw_failure.output,
    rules.draw_space.output,
    rules.draw_record.output,
]
