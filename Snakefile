"""insarcast: from interferograms to forecasts of ground subsidence that can be trusted.

snakemake                                            the default study (config/config.yaml)
snakemake -- mexico_city                             another of config/studies
snakemake --config study_file=path/to/my_area.yaml   a study of your own
snakemake -n -- mexico_city                          what would run
"""


configfile: f"{workflow.basedir}/config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/patterns.smk"
include: "workflow/rules/patterns_series.smk"
include: "workflow/rules/patterns_decompose.smk"
include: "workflow/rules/patterns_corrections.smk"
include: "workflow/rules/patterns_services.smk"
include: "workflow/rules/patterns_ready.smk"
include: "workflow/rules/acquire_portal.smk"
include: "workflow/rules/acquire_order.smk"
include: "workflow/rules/acquire.smk"
include: "workflow/rules/stack.smk"
include: "workflow/rules/stack_ready.smk"
include: "workflow/rules/stack_corrections.smk"
include: "workflow/rules/stack_cube.smk"
include: "workflow/rules/stack_filter.smk"
include: "workflow/rules/stack_decompose.smk"
include: "workflow/rules/cluster.smk"
include: "workflow/rules/tile.smk"
include: "workflow/rules/forecast.smk"
include: "workflow/rules/stitch.smk"
include: "workflow/rules/combine.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        targets(config["study"]),


for name in STUDIES:

    rule:
        name:
            study_rule(name)
        input:
            targets(name),


report: "workflow/report/workflow.rst"


onstart:
    FAILURES.unlink(missing_ok=True)


onsuccess:
    show_plans()


onerror:
    note_undone()
    ended = "No job left a sentence; one was ended from outside (memory, wall time, a signal), or see above.\n"
    sentences = FAILURES.read_text() if FAILURES.exists() else ended
    print(f"\nWhat went wrong:\n{sentences}", file=sys.stderr)
