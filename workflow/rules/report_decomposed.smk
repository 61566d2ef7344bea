"""report: vertical and east-west motion of a study, where it decomposes cubes.

inputs:   decomposed.{zarr,json} of stack, decomposed_gnss.{json,parquet} of evaluate
outputs:  results/{study}/report/figures/Fxx_name.{png,svg,json}, results/{study}/report/maps
steps:    draw_decomposed, draw_decomposed_gnss, write_decomposed
"""

STUDY_FIGURES = "results/{study}/report/figures"

# A figure of the study as a whole.
whole_figure = lambda section, name, file: report(
    f"{STUDY_FIGURES}/{file}",
    caption=f"../report/{name}.rst",
    category=section,
    labels={"cube": "all", "figure": name},
)


use rule draw_noise as draw_decomposed with:
    input:
        decomposed=f"{DECOMPOSED}.zarr",
        record=f"{DECOMPOSED}.json",
    output:
        velocities=whole_figure(MAPS, "velocities", "F27_velocities.png"),
        velocities_json=f"{STUDY_FIGURES}/F27_velocities.json",
        courses=whole_figure(MAPS, "courses", "F28_courses.svg"),
        courses_json=f"{STUDY_FIGURES}/F28_courses.json",
    log:
        "logs/draw_decomposed/{study}.log",
    benchmark:
        f"{BENCHMARKS}/draw_decomposed/{{study}}.tsv"
    params:
        colours=setting("report.colours"),
        code=code("draw_decomposed"),
    message:
        "Drawing vertical and east-west motion of {wildcards.study}"


use rule draw_noise as draw_decomposed_gnss with:
    input:
        gnss=f"{GNSS_OF_DECOMPOSED}.json",
        series=f"{GNSS_OF_DECOMPOSED}.parquet",
    output:
        comparison=whole_figure(RIGHT, "decomposed_gnss", "F29_gnss.svg"),
        comparison_json=f"{STUDY_FIGURES}/F29_gnss.json",
    log:
        "logs/draw_decomposed_gnss/{study}.log",
    benchmark:
        f"{BENCHMARKS}/draw_decomposed_gnss/{{study}}.tsv"
    params:
        code=code("draw_decomposed_gnss"),
    message:
        "Drawing vertical and east-west motion of {wildcards.study} against GNSS"


use rule draw_noise as write_decomposed with:
    input:
        decomposed=f"{DECOMPOSED}.zarr",
    output:
        maps=directory("results/{study}/report/maps"),
    log:
        "logs/write_decomposed/{study}.log",
    benchmark:
        f"{BENCHMARKS}/write_decomposed/{{study}}.tsv"
    params:
        colours=setting("report.colours"),
        code=code("write_decomposed"),
    message:
        "Writing the maps of vertical and east-west motion of {wildcards.study} for QGIS"


# What the page gets of them.
OF_DECOMPOSED = {
    "decomposed": where(decomposed, [f"{DECOMPOSED}.zarr", f"{DECOMPOSED}.json"]),
    "decomposed_figures": lambda wildcards: [
        *where(decomposed, rules.draw_decomposed.output)(wildcards),
        *where(stations_named, rules.draw_decomposed_gnss.output)(wildcards),
    ],
    "decomposed_gnss": where(stations_named, f"{GNSS_OF_DECOMPOSED}.json"),
    "decomposed_maps": where(decomposed, rules.write_decomposed.output),
}
