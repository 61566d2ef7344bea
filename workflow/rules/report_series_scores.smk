"""report: the figures of what evaluate says of ready series.

inputs:   series.parquet, significance.parquet, pit.parquet, noise.json and space.{parquet,json,zarr} of evaluate;
          combine/series/{model}.zarr and auto.json of combine; series.zarr of stack
outputs:  results/{study}/{cube}/report/figures/Fxx_name.{png,svg,json}
steps:    draw_series_scores, draw_space
"""

SCORED = expand(
    f"{CUBE}/evaluate/{{name}}",
    name=["series.parquet", "significance.parquet", "pit.parquet", "noise.json"],
    allow_missing=True,
)
SPACE = [f"{CUBE}/evaluate/space.parquet", f"{CUBE}/evaluate/space.json"]


use rule draw_noise as draw_series_scores with:
    input:
        evaluated=SCORED,
        calibrated=FORECAST["calibrated"],
        auto=FORECAST["auto"],
    output:
        lead=figure(TRUST, "lead", "F05_lead.svg"),
        lead_json=f"{FIGURES}/F05_lead.json",
        classes=figure(TRUST, "classes", "F07_classes.svg"),
        classes_json=f"{FIGURES}/F07_classes.json",
        reliability=figure(TRUST, "reliability", "F08_reliability.svg"),
        reliability_json=f"{FIGURES}/F08_reliability.json",
    log:
        "logs/draw_series_scores/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/draw_series_scores/{{study}}/{{cube}}.tsv"
    params:
        model=setting("report.model"),
        code=code("draw_series_scores"),
    message:
        "Drawing the retrospective scores of {wildcards.cube}"


use rule draw_noise as draw_space with:
    input:
        **FORECAST,
        space=SPACE,
        local=[f"{CUBE}/evaluate/space.zarr"],
    output:
        moran=figure(TRUST, "moran", "F24_moran.svg"),
        moran_json=f"{FIGURES}/F24_moran.json",
        lisa=figure(TRUST, "lisa", "F25_lisa.png"),
        lisa_json=f"{FIGURES}/F25_lisa.json",
    log:
        "logs/draw_space/{study}/{cube}.log",
    benchmark:
        f"{BENCHMARKS}/draw_space/{{study}}/{{cube}}.tsv"
    params:
        model=setting("report.model"),
        code=code("draw_space"),
    message:
        "Drawing where the errors of {wildcards.cube} gather"
