"""report: how the displacement was made: noise of the interferograms, what is fitted and taken off, the fastest pixel.

inputs:   the full cube, decisions.json (displacement.json of a ready series), filtered.zarr and corrections.json of stack, the last two
          where the study has them
outputs:  results/{study}/{cube}/report/figures/Fxx_name.{png,svg,json}
steps:    draw_motion, draw_corrections
"""

# The record of the newest cube's corrections, where the study switches any on.
corrections_record = lambda wildcards: corrections_of("json")(
    type(wildcards)(fromdict={**wildcards, "vintage": "full"})
)
corrected = lambda wildcards: gridded(wildcards) and bool(corrections_record(wildcards))
filtered = lambda wildcards: setting("stack.filter.method")(wildcards) != "none"


use rule draw_noise as draw_motion with:
    input:
        cube=f"{CUBE}/stack/full/cube.zarr",
        decisions=record_of,
        filtered=where(filtered, f"{CUBE}/stack/full/filtered.zarr"),
    output:
        pair_noise=figure(RIGHT, "pair_noise", "F23_pair_noise.svg"),
        pair_noise_json=f"{FIGURES}/F23_pair_noise.json",
        fitted=figure(RIGHT, "fitted", "F30_fitted.png"),
        fitted_json=f"{FIGURES}/F30_fitted.json",
        course=figure(WHERE, "course", "F31_course.svg"),
        course_json=f"{FIGURES}/F31_course.json",
    log:
        "logs/draw_motion/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/draw_motion/{{study}}/{{cube}}.tsv"
    params:
        colours=setting("report.colours"),
        code=code("draw_motion"),
    message:
        "Drawing the fastest pixel of {wildcards.cube}, noise of its interferograms, and what is fitted"


use rule draw_noise as draw_corrections with:
    input:
        corrections=f"{CUBE}/stack/full/corrections.json",
    output:
        effect=figure(RIGHT, "corrections", "F32_corrections.svg"),
        effect_json=f"{FIGURES}/F32_corrections.json",
    log:
        "logs/draw_corrections/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/draw_corrections/{{study}}/{{cube}}.tsv"
    params:
        code=code("draw_corrections"),
    message:
        "Drawing what the corrections of {wildcards.cube} did"


# What the page gets of them.
OF_STACK = {"corrections": everywhere(given(corrected, corrections_record))}


# The figures of every grid.
GRID_FIGURES = [
    rules.draw_displacement.output,
    rules.draw_noise.output,
    rules.draw_gnss.output,
    rules.draw_forecast.output,
    rules.draw_scores.output,
    rules.draw_gains.output,
    rules.draw_motion.output,
]
