"""report: the figures, one rule per group; each figure has a .json beside it (title, alt text, caption, numbers).

inputs:   the full cube, decisions.json and closure.zarr of stack; combined forecasts and choice.json of combine;
          scores.parquet, errors.zarr and gnss.{json,parquet} of evaluate
outputs:  results/{study}/{cube}/report/figures/Fxx_name.{png,svg,json}
steps:    draw_noise, draw_displacement, draw_network, draw_gnss, draw_forecast, draw_scores
"""


# The other rules of the report are made from this one: they differ in files, settings and message.
rule draw_noise:
    input:
        cube=f"{CUBE}/stack/full/cube.zarr",
    output:
        noise=figure(RIGHT, "noise", "F14_noise.png"),
        noise_json=f"{FIGURES}/F14_noise.json",
    log:
        "logs/draw_noise/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/draw_noise/{{study}}/{{cube}}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        code=code("draw_noise"),
    message:
        "Drawing noise indices and mask of {wildcards.cube}"
    script:
        "../scripts/door.py"


use rule draw_noise as draw_displacement with:
    input:
        cube=f"{CUBE}/stack/full/cube.zarr",
        gnss=f"{CUBE}/evaluate/gnss.json",
    output:
        velocity=figure(MAPS, "velocity", "F01_velocity.png"),
        velocity_json=f"{FIGURES}/F01_velocity.json",
        displacement=figure(MAPS, "displacement", "F02_displacement.png"),
        displacement_json=f"{FIGURES}/F02_displacement.json",
    log:
        "logs/draw_displacement/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/draw_displacement/{{study}}/{{cube}}.tsv"
    params:
        colours=setting("report.colours"),
        stations=setting("gnss.stations"),
        code=code("draw_displacement"),
    message:
        "Drawing velocity and displacement of {wildcards.cube}"


use rule draw_noise as draw_network with:
    input:
        decisions=f"{CUBE}/stack/full/decisions.json",
        closure=f"{CUBE}/stack/closure.zarr",
        cube=f"{CUBE}/stack/full/cube.zarr",
    output:
        network=figure(RIGHT, "network", "F11_network.svg"),
        network_json=f"{FIGURES}/F11_network.json",
        coherence=figure(RIGHT, "coherence", "F12_coherence.png"),
        coherence_json=f"{FIGURES}/F12_coherence.json",
        loops=figure(RIGHT, "loops", "F13_closure.png"),
        loops_json=f"{FIGURES}/F13_closure.json",
    log:
        "logs/draw_network/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/draw_network/{{study}}/{{cube}}.tsv"
    params:
        max_rms=setting("stack.closure.max_rms"),
        code=code("draw_network"),
    message:
        "Drawing network and loop closure of {wildcards.cube}"


use rule draw_noise as draw_gnss with:
    input:
        gnss=f"{CUBE}/evaluate/gnss.json",
        series=f"{CUBE}/evaluate/gnss.parquet",
    output:
        comparison=figure(RIGHT, "comparison", "F15_gnss.svg"),
        comparison_json=f"{FIGURES}/F15_gnss.json",
    log:
        "logs/draw_gnss/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/draw_gnss/{{study}}/{{cube}}.tsv"
    params:
        code=code("draw_gnss"),
    message:
        "Drawing the comparison of {wildcards.cube} with GNSS"


use rule draw_noise as draw_forecast with:
    input:
        cube=f"{CUBE}/stack/full/cube.zarr",
        forecasts=models_of(f"{CUBE}/combine/{{model}}.zarr"),
        choice=f"{CUBE}/combine/choice.json",
        errors=f"{CUBE}/evaluate/errors.zarr",
    output:
        forecast=figure(MAPS, "forecast", "F03_forecast.png"),
        forecast_json=f"{FIGURES}/F03_forecast.json",
        failure=figure(TRUST, "failure", "F10_failure.png"),
        failure_json=f"{FIGURES}/F10_failure.json",
    log:
        "logs/draw_forecast/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/draw_forecast/{{study}}/{{cube}}.tsv"
    params:
        colours=setting("report.colours"),
        model=setting("report.model"),
        code=code("draw_forecast"),
    message:
        "Drawing the forecast of {wildcards.cube}"


use rule draw_noise as draw_scores with:
    input:
        scores=f"{CUBE}/evaluate/scores.parquet",
        forecasts=models_of(f"{CUBE}/combine/{{model}}.zarr"),
        choice=f"{CUBE}/combine/choice.json",
    output:
        skill=figure(TRUST, "skill", "F05_skill.svg"),
        skill_json=f"{FIGURES}/F05_skill.json",
        error=figure(TRUST, "error", "F06_error.svg"),
        error_json=f"{FIGURES}/F06_error.json",
        scorecard=figure(TRUST, "scorecard", "F07_scorecard.svg"),
        scorecard_json=f"{FIGURES}/F07_scorecard.json",
        coverage=figure(TRUST, "coverage", "F08_coverage.svg"),
        coverage_json=f"{FIGURES}/F08_coverage.json",
    log:
        "logs/draw_scores/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/draw_scores/{{study}}/{{cube}}.tsv"
    params:
        model=setting("report.model"),
        code=code("draw_scores"),
    message:
        "Drawing the scores of {wildcards.cube}"
